#include "server/admin/output.h"

#include "platform/encoding.h"
#include "platform/json.h"

#include <algorithm>
#include <ctime>
#include <iostream>

namespace keyfob::server::admin {

namespace {
constexpr std::size_t k_longest_cell = 60;
} // namespace

void Output::say(const std::string& line) const {
    std::cout << platform::printable(line, 1000) << "\n";
}

void Output::object(const Poco::JSON::Object& object) const {
    std::cout << platform::json::to_text(object) << "\n";
}

bool Output::is_read() const {
    return std::cout.good();
}

void Output::table(const std::vector<std::vector<std::string>>& rows) const {
    std::vector<std::vector<std::string>> cells = rows;
    std::vector<std::size_t> widths;
    for (auto& row : cells)
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = platform::printable(row[i].empty() ? "-" : row[i], k_longest_cell);
            widths.resize(std::max(widths.size(), i + 1));
            widths[i] = std::max(widths[i], row[i].size());
        }
    for (const auto& row : cells) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + (i + 1 < row.size() ? std::string(widths[i] - row[i].size() + 2, ' ') : "");
        std::cout << line << "\n";
    }
}

std::string time_text(std::int64_t unix_seconds) {
    if (unix_seconds == 0)
        return "-";
    const std::time_t time = unix_seconds;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

} // namespace keyfob::server::admin
