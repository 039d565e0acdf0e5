#include "cli/console.h"

#include "platform/encoding.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

constexpr std::size_t k_longest_text = 4096;
constexpr const char* k_red = "31";
constexpr const char* k_yellow = "33";
constexpr const char* k_plain = "1";

/// 0, or why it failed.
int write_all(int fd, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t count = ::write(fd, octets.data(), octets.size());
        if (count >= 0) {
            octets.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) { // somebody who shares the terminal or pipe made it non-blocking
            pollfd ready{fd, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/// POSIX: the first of these that is set counts.
bool is_utf8(const platform::Environment& environment) {
    std::string locale;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (locale = environment(name); !locale.empty())
            break;
    const std::size_t dot = locale.find('.');
    const std::string encoding = dot == std::string::npos ? "" : locale.substr(dot + 1);
    return platform::equal_ignoring_case(encoding, "UTF-8") || platform::equal_ignoring_case(encoding, "UTF8");
}

/// A terminal that does not say how wide it is counts as wide enough.
bool has_room(int terminal, std::size_t columns) {
    winsize size{};
    return ::ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_col >= columns;
}

} // namespace

Console::Console(int out, int err, const platform::Environment& environment)
    : m_out(out), m_err(err), m_person(::isatty(err) == 1), m_shows_data(::isatty(out) == 1),
      m_one_terminal(m_person && m_shows_data),
      m_colour(m_person && environment("NO_COLOR").empty() && environment("TERM") != "dumb"),
      m_utf8(is_utf8(environment)) {}

bool Console::write(std::string_view octets) {
    if (m_output_errno == 0)
        m_output_errno = write_all(m_out, octets);
    if (!octets.empty())
        m_line_is_open = octets.back() != '\n';
    return m_output_errno == 0;
}

bool Console::print(std::string_view text) {
    return write(platform::printable(text, k_longest_text) + "\n");
}

bool Console::print_json(const platform::json::Value& value) {
    return write(platform::json::to_text(value) + "\n");
}

void Console::talk(const std::string& head, std::string_view text) {
    const std::string begin = m_one_terminal && std::exchange(m_line_is_open, false) ? "\n" : "";
    // When stderr fails, there is nobody to tell.
    (void)write_all(m_err, begin + head + platform::printable(text, k_longest_text) + "\n");
}

void Console::say(std::string_view text) {
    talk("", text);
}

void Console::labelled(const char* colour, const char* label, std::string_view text) {
    const std::string head =
        m_colour ? "\x1b[" + std::string(colour) + "m" + label + ":\x1b[0m " : std::string(label) + ": ";
    talk(head, text);
}

void Console::note(std::string_view text) {
    labelled(k_plain, "note", text);
}
void Console::warning(std::string_view text) {
    labelled(k_yellow, "warning", text);
}
void Console::hint(std::string_view text) {
    labelled(k_plain, "hint", text);
}

void Console::error(const platform::Error& error) {
    labelled(k_red, "error", error.message);
    if (!error.hint.empty())
        hint(error.hint);
}

bool Console::picture(const std::vector<std::string>& rows, std::size_t columns) {
    if (!m_person || !m_utf8 || !has_room(m_err, columns))
        return false;
    std::string text;
    for (const std::string& row : rows)
        text += m_colour ? "\x1b[30;47m" + row + "\x1b[0m\n" : row + "\n";
    (void)write_all(m_err, text);
    return true;
}

std::optional<platform::Error> Console::output_error() const {
    if (m_output_errno == 0 || m_output_errno == EPIPE)
        return std::nullopt;
    return platform::Error{platform::ErrorKind::failed,
                           "cannot write to standard output: " + std::generic_category().message(m_output_errno)};
}

} // namespace keyfob::cli
