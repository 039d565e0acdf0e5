#include "platform/browser.h"

#include "platform/url.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace keyfob::platform {
namespace {

/// The parts of a text between its separators, without the empty ones.
std::vector<std::string> split(std::string_view text, std::string_view separators) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0)
            parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

/// The words of one command of $BROWSER. Quotes have no meaning: there is no shell.
std::vector<std::string> command_line(const std::string& command, const std::string& url) {
    std::vector<std::string> words = split(command, " \t\n\v\f\r");
    bool placed = words.empty();
    for (std::string& word : words) {
        if (const std::size_t place = word.find("%s"); place != std::string::npos) {
            word.replace(place, 2, url);
            placed = true;
        }
    }
    if (!placed)
        words.push_back(url);
    return words;
}

Result<ChildProcess> try_each(const std::string& commands, const std::string& url) {
    Result<ChildProcess> last = Error{ErrorKind::not_found, "BROWSER names no program"};
    for (const std::string& command : split(commands, ":")) {
        const auto words = command_line(command, url);
        if (words.empty())
            continue;
        last = spawn_child(words, {.new_session = true});
        if (last)
            return last;
    }
    return last;
}

} // namespace

Result<ChildProcess> open_browser(const std::string& url, const Environment& environment) {
    KEYFOB_TRY(Url::parse(url));
    if (const std::string commands = environment("BROWSER"); !commands.empty())
        return try_each(commands, url);
    if (environment("DISPLAY").empty() && environment("WAYLAND_DISPLAY").empty())
        return Error{ErrorKind::not_found, "there is no display here to open a browser on",
                     "open the address in a browser yourself"};
    return spawn_child({"xdg-open", url}, {.new_session = true});
}

} // namespace keyfob::platform
