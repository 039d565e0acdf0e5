#pragma once

#include "platform/rate_limiter.h"
#include "platform/result.h"

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace keyfob::server {

/// Collects what is wrong with a configuration file, with the place.
class Problems {
public:
    explicit Problems(std::string file) : m_file(std::move(file)) {}
    void add(const toml::source_region& where, const std::string& text);
    [[nodiscard]] bool empty() const { return m_lines.empty(); }
    [[nodiscard]] std::size_t count() const { return m_lines.size(); }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string place(const toml::source_region& where) const; ///< FILE:LINE

private:
    std::string m_file;
    std::vector<std::string> m_lines;
};

/// Reads one table of the file and remembers which keys were asked for; what is left over is unknown. Getters report a wrong type and
/// give the default.
class TableReader {
public:
    TableReader(const toml::table& table, std::string name, Problems& problems)
        : m_table(table), m_name(std::move(name)), m_problems(problems) {}

    [[nodiscard]] std::string string(const char* key, std::string otherwise = {});
    [[nodiscard]] std::string required_string(const char* key);
    [[nodiscard]] bool boolean(const char* key, bool otherwise);
    [[nodiscard]] std::vector<std::string> strings(const char* key);
    /// `90s`, `10m`, `12h`, `7d`; in seconds.
    [[nodiscard]] std::int64_t duration(const char* key, std::int64_t otherwise);
    /// The same, or `250ms`; in milliseconds.
    [[nodiscard]] std::int64_t milliseconds(const char* key, std::int64_t otherwise);
    /// A whole number from 1 to `most`.
    [[nodiscard]] std::int64_t count(const char* key, std::int64_t otherwise, std::int64_t most);
    /// `4000/10m`: so many at once, and as many again over each such time.
    [[nodiscard]] platform::Rate rate(const char* key, platform::Rate otherwise);
    /// `512MiB`, `1GiB`; in octets.
    [[nodiscard]] std::int64_t size(const char* key, std::int64_t otherwise);
    [[nodiscard]] bool has(const char* key) const { return m_table.contains(key); }
    void each_table(const char* key, const std::function<void(TableReader&)>& read); ///< `[[key]]`
    void sub_table(const char* key, const std::function<void(TableReader&)>& read);  ///< `[key]`
    /// Reports every key that nobody asked for.
    void finish();

    [[nodiscard]] std::string place() const {
        return m_problems.place(m_table.source());
    }                                                       ///< where the table begins, FILE:LINE
    void problem(const char* key, const std::string& text); ///< at the key's place, or the table's when it is absent
    /// Reports a failure of what the key names, with what would help as what was expected.
    template <typename T> void check(const char* key, const platform::Result<T>& outcome) {
        if (!outcome)
            problem(key, "is not usable: " + outcome.error().message +
                             (outcome.error().hint.empty() ? "" : "; " + outcome.error().hint));
    }
    [[nodiscard]] std::size_t problems() const { return m_problems.count(); } ///< of the whole file so far

private:
    [[nodiscard]] std::string qualified(const std::string& key) const {
        return m_name.empty() ? key : m_name + "." + key;
    }
    /// A text that `parse` understands; reports any other, with what was expected.
    template <typename T>
    T parsed(const char* key, T otherwise, std::optional<T> (*parse)(std::string_view), const char* expected) {
        if (!has(key)) {
            m_known.insert(key);
            return otherwise;
        }
        const std::string text = string(key);
        if (const auto value = parse(text))
            return *value;
        if (m_table.get(key)->is_string())
            problem(key, "= \"" + text + "\" is no " + expected);
        return otherwise;
    }
    const toml::table& m_table;
    std::string m_name;
    Problems& m_problems;
    std::set<std::string> m_known;
};

[[nodiscard]] toml::array array_of(const std::vector<std::string>& texts);

/// Seconds of a duration with a unit; nullopt for anything else, and for more than ten years.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text);

/// Milliseconds of the same, or of a number of `ms`.
[[nodiscard]] std::optional<std::int64_t> parse_milliseconds(std::string_view text);

/// A count and a duration; nullopt for anything else, and for a count of more than a thousand millions.
[[nodiscard]] std::optional<platform::Rate> parse_rate(std::string_view text);
/// Octets of a size with a unit (KiB, MiB, GiB); nullopt for anything else, and for more than 2^60 octets.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

} // namespace keyfob::server
