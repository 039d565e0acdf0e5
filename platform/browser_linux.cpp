#include "platform/browser.h"

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

Result<ChildProcess> try_each(const std::string& commands, const std::string& url) {
    std::istringstream list(commands);
    Result<ChildProcess> last = Error{ErrorKind::not_found, "BROWSER names no program"};
    for (std::string command; std::getline(list, command, ':');) {
        if (command.find_first_not_of(' ') == std::string::npos)
            continue;
        last = spawn_child(command_line(command, url), {.new_session = true});
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
