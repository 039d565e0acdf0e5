#pragma once

#include "platform/result.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyfob::platform {

/// One option of a command, for the parser and for the help text.
struct Option {
    std::string_view name = {};  ///< long form, without dashes; empty: there is only the letter
    char letter = 0;             ///< short form, 0 for none
    std::string_view value = {}; ///< what the help calls its value; empty: it takes none
    std::string_view help = {};
    bool repeatable = false;

    /// What stands for it in Arguments: the long form, else the letter.
    [[nodiscard]] std::string_view key() const { return name.empty() ? std::string_view(&letter, 1) : name; }
};

/// The words behind a command's name. Strict: an unknown option, a missing or superfluous value and an option given twice are errors.
/// `--name VALUE`, `--name=VALUE`, `-X VALUE`, `-XVALUE`; `--` ends the options, `-` alone is no option.
class Arguments {
public:
    /// Errors: invalid, code usage.
    [[nodiscard]] static Result<Arguments> parse(std::span<const Option> options,
                                                 const std::vector<std::string>& words);

    [[nodiscard]] bool has(std::string_view key) const { return value(key).has_value(); }
    [[nodiscard]] std::optional<std::string> value(std::string_view key) const; ///< the first; empty for a flag
    [[nodiscard]] std::vector<std::string> values(std::string_view key) const;
    [[nodiscard]] const std::vector<std::string>& positional() const { return m_positional; }

private:
    std::vector<std::pair<std::string, std::string>> m_values;
    std::vector<std::string> m_positional;
};

/// A usage error, code `usage`: exit code 3.
[[nodiscard]] Error usage_error(std::string message, std::string hint = {});

} // namespace keyfob::platform
