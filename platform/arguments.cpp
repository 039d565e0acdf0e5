#include "platform/arguments.h"

#include <algorithm>

namespace keyfob::platform {
namespace {

/// One word that begins with a dash, taken apart.
struct Written {
    std::string shown; ///< `--name` or `-X`
    const Option* option = nullptr;
    std::optional<std::string> value; ///< that stood in the same word
};

Written read_long(std::span<const Option> options, const std::string& word) {
    const std::size_t equals = word.find('=');
    Written written{word.substr(0, equals), nullptr, std::nullopt};
    const std::string name = written.shown.substr(2);
    const auto found =
        std::find_if(options.begin(), options.end(), [&](const Option& o) { return !name.empty() && o.name == name; });
    written.option = found == options.end() ? nullptr : &*found;
    if (equals != std::string::npos)
        written.value = word.substr(equals + 1);
    return written;
}

Written read_short(std::span<const Option> options, const std::string& word) {
    Written written{word.substr(0, 2), nullptr, std::nullopt};
    const auto found =
        std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.letter == word[1]; });
    written.option = found == options.end() ? nullptr : &*found;
    if (word.size() > 2)
        written.value = word.substr(2);
    return written;
}

} // namespace

Error usage_error(std::string message, std::string hint) {
    return {ErrorKind::invalid, std::move(message), std::move(hint), "usage"};
}

Result<Arguments> Arguments::parse(std::span<const Option> options, const std::vector<std::string>& words) {
    Arguments arguments;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--") {
            arguments.m_positional.insert(arguments.m_positional.end(),
                                          words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
            break;
        }
        if (word.size() < 2 || word[0] != '-') {
            arguments.m_positional.push_back(word);
            continue;
        }
        Written written = word[1] == '-' ? read_long(options, word) : read_short(options, word);
        if (written.option == nullptr)
            return usage_error("there is no option " + written.shown);
        if (written.option->value.empty() && written.value)
            return usage_error(written.shown + " takes no value");
        if (!written.option->value.empty() && !written.value) {
            if (i + 1 == words.size())
                return usage_error(written.shown + " needs a value: " + std::string(written.option->value));
            written.value = words[++i];
        }
        if (!written.option->repeatable && arguments.has(written.option->key()))
            return usage_error(written.shown + " is given twice");
        arguments.m_values.emplace_back(written.option->key(), written.value.value_or(""));
    }
    return arguments;
}

std::optional<std::string> Arguments::value(std::string_view key) const {
    const auto found =
        std::find_if(m_values.begin(), m_values.end(), [&](const auto& pair) { return pair.first == key; });
    return found == m_values.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Arguments::values(std::string_view key) const {
    std::vector<std::string> all;
    for (const auto& [name, value] : m_values)
        if (name == key)
            all.push_back(value);
    return all;
}

} // namespace keyfob::platform
