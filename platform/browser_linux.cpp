#include "platform/browser.h"

#include "platform/process.h"
#include "platform/url.h"

#include <sstream>
#include <vector>

namespace keyfob::platform {
namespace {

/// The words of one command of $BROWSER. Quotes have no meaning: there is no shell.
std::vector<std::string> command_line(const std::string& command, const std::string& url) {
    std::vector<std::string> words;
    std::istringstream stream(command);
    bool placed = false;
    for (std::string word; stream >> word;) {
        if (const std::size_t place = word.find("%s"); place != std::string::npos) {
            word.replace(place, 2, url);
            placed = true;
        }
        words.push_back(word);
    }
    if (!placed)
        words.push_back(url);
    return words;
}

Result<void> try_each(const std::string& commands, const std::string& url) {
    std::istringstream list(commands);
    Result<void> last = Error{ErrorKind::not_found, "BROWSER names no program"};
    for (std::string command; std::getline(list, command, ':');) {
        if (command.find_first_not_of(' ') == std::string::npos)
            continue;
        const auto started = spawn_detached(command_line(command, url), {.new_session = true});
        if (started)
            return {};
        last = started.error();
    }
    return last;
}

} // namespace

Result<void> open_browser(const std::string& url, const Environment& environment) {
    KEYFOB_TRY(Url::parse(url));
    if (const std::string commands = environment("BROWSER"); !commands.empty())
        return try_each(commands, url);
    if (environment("DISPLAY").empty() && environment("WAYLAND_DISPLAY").empty())
        return Error{ErrorKind::not_found, "there is no display here to open a browser on",
                     "open the address in a browser yourself"};
    KEYFOB_TRY(spawn_detached({"xdg-open", url}, {.new_session = true}));
    return {};
}

} // namespace keyfob::platform
