#include "cli/values.h"

#include "platform/arguments.h"

#include <charconv>
#include <limits>

namespace keyfob::cli {

using platform::Arguments;
using platform::usage_error;
namespace {

using platform::Origin;
using platform::Result;
using platform::Url;

/// 0 for anything but a plain positive number of at most nine digits.
std::int64_t positive_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool plain =
        !text.empty() && text.size() <= 9 && text[0] != '-' && error == std::errc() && end == text.data() + text.size();
    return plain ? number : 0;
}

std::int64_t seconds_in(char unit) {
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    default:
        return 0;
    }
}

/// Without a scheme: an address in this machine is spoken to in plain http, everything else in https.
Result<Url> parse_with_scheme(const std::string& text) {
    if (text.find("://") != std::string::npos)
        return Url::parse(text);
    auto plain = Url::parse("http://" + text);
    return plain && plain->origin.is_loopback() ? std::move(plain) : Url::parse("https://" + text);
}

} // namespace

Result<std::chrono::seconds> parse_duration(const std::string& text) {
    const std::int64_t unit = text.empty() ? 0 : seconds_in(text.back());
    const std::int64_t number = positive_number(unit == 0 ? text : text.substr(0, text.size() - 1));
    if (number == 0)
        return usage_error("not a duration: " + text, "write a number and its unit: 90s, 10m, 1h");
    return std::chrono::seconds(number * (unit == 0 ? 1 : unit));
}

Result<std::uint16_t> parse_port(const std::string& text) {
    const std::int64_t number = positive_number(text);
    if (number == 0 || number > std::numeric_limits<std::uint16_t>::max())
        return usage_error("not a port: " + text, "write a number from 1 to 65535");
    return static_cast<std::uint16_t>(number);
}

Result<Origin> parse_server(const std::string& text) {
    const auto url = parse_with_scheme(text);
    if (!url)
        return usage_error("not a server: " + text + " (" + url.error().message + ")",
                           "write its address, for example https://app.example.com");
    if (url->path != "/" || url->has_query)
        return usage_error("a server has no path: " + text, "write " + url->origin.text());
    if (url->origin.scheme == "http" && !url->origin.is_loopback())
        return usage_error("plain http is for 127.0.0.1 only: " + text,
                           "a session must not travel in the clear; use https");
    return url->origin;
}

std::string describe(std::chrono::seconds duration) {
    const auto text = [](std::int64_t number, const char* unit) {
        return std::to_string(number) + " " + unit + (number == 1 ? "" : "s");
    };
    const std::int64_t seconds = duration.count();
    if (seconds != 0 && seconds % 86400 == 0)
        return text(seconds / 86400, "day");
    if (seconds != 0 && seconds % 3600 == 0)
        return text(seconds / 3600, "hour");
    if (seconds != 0 && seconds % 60 == 0)
        return text(seconds / 60, "minute");
    return text(seconds, "second");
}

} // namespace keyfob::cli
