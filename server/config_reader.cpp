#include "server/config_reader.h"

#include <algorithm>
#include <charconv>

namespace keyfob::server {

namespace {
constexpr std::int64_t k_ten_years = std::int64_t{10} * 366 * 24 * 3600;
constexpr std::int64_t k_highest_rate = 1'000'000'000;
constexpr std::int64_t k_most_octets = std::int64_t{1} << 60; // whatever the unit: --check shows KiB

/// From 1 to `most`; digits alone.
std::optional<std::int64_t> parse_count(std::string_view digits, std::int64_t most) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || end != digits.data() + digits.size() || count <= 0 || count > most)
        return std::nullopt;
    return count;
}
} // namespace

void Problems::add(const toml::source_region& where, const std::string& text) {
    m_lines.push_back(place(where) + ": " + text);
}

std::string Problems::place(const toml::source_region& where) const {
    return m_file + ":" + std::to_string(where.begin.line);
}

std::string Problems::text() const {
    std::string all;
    for (const std::string& line : m_lines)
        all += (all.empty() ? "" : "\n") + line;
    return all;
}

void TableReader::problem(const char* key, const std::string& text) {
    const toml::node* node = m_table.get(key);
    m_problems.add(node != nullptr ? node->source() : m_table.source(), qualified(key) + " " + text);
}

std::string TableReader::string(const char* key, std::string otherwise) {
    m_known.insert(key);
    const toml::node* node = m_table.get(key);
    if (node == nullptr)
        return otherwise;
    if (const auto* text = node->as_string())
        return text->get();
    problem(key, "is not text; expected \"…\"");
    return otherwise;
}

std::string TableReader::required_string(const char* key) {
    if (!has(key)) {
        m_known.insert(key);
        problem(key, "is missing");
        return {};
    }
    std::string value = string(key);
    if (value.empty() && m_table.get(key)->is_string())
        problem(key, "is empty");
    return value;
}

bool TableReader::boolean(const char* key, bool otherwise) {
    m_known.insert(key);
    const toml::node* node = m_table.get(key);
    if (node == nullptr)
        return otherwise;
    if (const auto* value = node->as_boolean())
        return value->get();
    problem(key, "is neither true nor false");
    return otherwise;
}

std::vector<std::string> TableReader::strings(const char* key) {
    m_known.insert(key);
    std::vector<std::string> values;
    const toml::node* node = m_table.get(key);
    if (node == nullptr)
        return values;
    const toml::array* array = node->as_array();
    if (array == nullptr ||
        !std::all_of(array->begin(), array->end(), [](const toml::node& item) { return item.is_string(); })) {
        problem(key, "is not a list of texts; expected [\"…\", \"…\"]");
        return values;
    }
    for (const toml::node& item : *array)
        values.push_back(item.as_string()->get());
    return values;
}

std::int64_t TableReader::duration(const char* key, std::int64_t otherwise) {
    return parsed(key, otherwise, parse_duration,
                  "duration; expected a number and a unit: \"90s\", \"10m\", \"12h\" or \"7d\"");
}

std::int64_t TableReader::milliseconds(const char* key, std::int64_t otherwise) {
    return parsed(key, otherwise, parse_milliseconds,
                  "duration; expected a number and a unit: \"250ms\", \"90s\" or \"10m\"");
}

std::int64_t TableReader::count(const char* key, std::int64_t otherwise, std::int64_t most) {
    m_known.insert(key);
    const toml::node* node = m_table.get(key);
    if (node == nullptr)
        return otherwise;
    const auto* value = node->as_integer();
    if (value != nullptr && value->get() >= 1 && value->get() <= most)
        return value->get();
    problem(key, "is no whole number from 1 to " + std::to_string(most));
    return otherwise;
}

platform::Rate TableReader::rate(const char* key, platform::Rate otherwise) {
    return parsed(key, otherwise, parse_rate, "rate; expected a count and a duration: \"4000/10m\"");
}

std::int64_t TableReader::size(const char* key, std::int64_t otherwise) {
    return parsed(key, otherwise, parse_size, "size; expected a number and a unit: \"512MiB\" or \"1GiB\"");
}

void TableReader::each_table(const char* key, const std::function<void(TableReader&)>& read) {
    m_known.insert(key);
    const toml::node* node = m_table.get(key);
    if (node == nullptr)
        return;
    const toml::array* array = node->as_array();
    if (array == nullptr || !(array->empty() || array->is_array_of_tables())) // `[]` is a list of as few as there are
        return problem(key, std::string("is not a list of tables; expected [[") + key + "]]");
    for (const toml::node& item : *array) {
        TableReader reader(*item.as_table(), qualified(key), m_problems);
        read(reader);
        reader.finish();
    }
}

void TableReader::sub_table(const char* key, const std::function<void(TableReader&)>& read) {
    m_known.insert(key);
    const toml::node* node = m_table.get(key);
    if (node == nullptr)
        return;
    if (!node->is_table())
        return problem(key, std::string("is not a table; expected [") + key + "]");
    TableReader reader(*node->as_table(), qualified(key), m_problems);
    read(reader);
    reader.finish();
}

void TableReader::finish() {
    std::string expected;
    for (const std::string& name : m_known)
        expected += (expected.empty() ? "" : ", ") + name;
    for (const auto& [key, node] : m_table)
        if (m_known.count(std::string(key.str())) == 0)
            m_problems.add(key.source(),
                           qualified(std::string(key.str())) + " is not known; expected one of: " + expected);
}

toml::array array_of(const std::vector<std::string>& texts) {
    toml::array array;
    for (const std::string& text : texts)
        array.push_back(text);
    return array;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
    if (text.size() < 2)
        return std::nullopt;
    constexpr std::string_view k_units = "smhd";
    constexpr std::int64_t k_seconds[] = {1, 60, 3600, 86400};
    const std::size_t unit = k_units.find(text.back());
    if (unit == std::string_view::npos)
        return std::nullopt;
    const auto count = parse_count(text.substr(0, text.size() - 1), k_ten_years / k_seconds[unit]);
    return count ? std::optional(*count * k_seconds[unit]) : std::nullopt;
}

std::optional<std::int64_t> parse_milliseconds(std::string_view text) {
    constexpr std::string_view k_unit = "ms";
    if (text.ends_with(k_unit))
        return parse_count(text.substr(0, text.size() - k_unit.size()), k_ten_years * 1000);
    const auto seconds = parse_duration(text);
    return seconds ? std::optional(*seconds * 1000) : std::nullopt;
}

std::optional<platform::Rate> parse_rate(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return std::nullopt;
    const auto count = parse_count(text.substr(0, slash), k_highest_rate);
    const auto period = parse_duration(text.substr(slash + 1));
    return count && period ? std::optional(platform::Rate{*count, std::chrono::seconds(*period)}) : std::nullopt;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    constexpr std::pair<std::string_view, int> k_units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    for (const auto& [unit, bits] : k_units)
        if (text.ends_with(unit))
            if (const auto count = parse_count(text.substr(0, text.size() - unit.size()), k_most_octets >> bits))
                return *count << bits;
    return std::nullopt;
}

} // namespace keyfob::server
