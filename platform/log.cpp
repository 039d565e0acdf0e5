#include "platform/log.h"

#include "platform/encoding.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>

#include <unistd.h>

namespace keyfob::platform::log {
namespace {

constexpr std::size_t k_longest_field = 1000;
std::atomic<Level> g_level{Level::info};
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): empty outside of a Context
thread_local std::string t_request_id;
thread_local std::string t_client_address;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

std::string_view name_of(Level level) {
    switch (level) {
    case Level::info:
        return "info";
    case Level::warning:
        return "warning";
    case Level::error:
        return "error";
    }
    return "unknown";
}

std::string timestamp() {
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    const std::string digits = std::to_string(1000 + milliseconds).substr(1);
    return std::string(text, length) + "." + digits + "Z";
}

/// printable() has removed control characters; what JSON gives a meaning is left to escape.
std::string json_text(std::string_view text) {
    std::string result = "\"";
    for (const char c : printable(text, k_longest_field)) {
        if (c == '"' || c == '\\')
            result += '\\';
        result += c;
    }
    return result + "\"";
}

} // namespace

void set_level(Level level) {
    g_level = level;
}

bool enabled(Level level) {
    return level >= g_level;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level))
        return;
    std::string line = "{\"time\":\"" + timestamp() + "\",\"level\":\"" + std::string(name_of(level)) +
                       "\",\"event\":" + json_text(event);
    for (const auto& [name, value] : fields)
        line += "," + json_text(name) + ":" + json_text(value);
    const bool is_named =
        std::any_of(fields.begin(), fields.end(), [](const Field& f) { return f.first == "request_id"; });
    if (!t_request_id.empty() && !is_named)
        line += ",\"request_id\":" + json_text(t_request_id);
    line += "}\n";
    // One write, so that lines of several threads never mix. A log that cannot be written must not stop the program.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

Context::Context(std::string request_id) {
    t_request_id = std::move(request_id);
}

Context::~Context() {
    t_request_id.clear();
    t_client_address.clear();
}

std::string request_id() {
    return t_request_id;
}

std::string client_address() {
    return t_client_address;
}

void set_client_address(std::string address) {
    t_client_address = std::move(address);
}

} // namespace keyfob::platform::log
