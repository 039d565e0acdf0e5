#include "platform/json_value.h"

#include "platform/encoding.h"
#include "platform/json_limits.h"

#include <limits>
#include <set>
#include <vector>

namespace keyfob::platform::json {
namespace {

using Event = Value::parse_event_t;

/// What RFC 8259 leaves open and we refuse: depth, a member twice or too many of them, NUL.
class Strictness {
public:
    void see(int depth, Event event, const Value& parsed) {
        switch (event) {
        case Event::object_start:
            m_names.emplace_back();
            [[fallthrough]];
        case Event::array_start:
            m_broken = m_broken || depth >= k_max_depth;
            break;
        case Event::object_end:
            m_names.pop_back();
            break;
        case Event::key:
            m_broken = !m_names.back().insert(parsed.get_ref<const std::string&>()).second ||
                       m_names.back().size() > k_most_members || m_broken;
            [[fallthrough]];
        case Event::value:
            m_broken = m_broken || has_nul(parsed);
            break;
        case Event::array_end:
            break;
        }
    }
    [[nodiscard]] bool is_broken() const { return m_broken; }

private:
    static bool has_nul(const Value& value) {
        return value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos;
    }

    std::vector<std::set<std::string>> m_names;
    bool m_broken = false;
};

const Value* member(const Value& object, std::string_view name) {
    if (!object.is_object())
        return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

} // namespace

Result<Value> parse_value(std::string_view text) {
    const Error malformed{ErrorKind::invalid, "not a well-formed JSON object"};
    // Of the library, which takes a NUL for the end and skips a byte order mark.
    if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos || text.starts_with("\xEF\xBB\xBF"))
        return malformed;
    Strictness strictness;
    const auto see = [&](int depth, Event event, const Value& parsed) {
        strictness.see(depth, event, parsed);
        return !strictness.is_broken();
    };
    constexpr bool k_throws = false;
    Value value = Value::parse(text, see, k_throws);
    if (!value.is_object() || strictness.is_broken())
        return malformed;
    return value;
}

std::optional<std::string> get_string(const Value& object, std::string_view name) {
    const Value* value = member(object, name);
    return value != nullptr && value->is_string() ? std::optional(value->get<std::string>()) : std::nullopt;
}

std::optional<std::int64_t> get_integer(const Value& object, std::string_view name) {
    const Value* value = member(object, name);
    if (value == nullptr || !value->is_number_integer())
        return std::nullopt;
    constexpr std::uint64_t k_most = std::numeric_limits<std::int64_t>::max();
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > k_most)
        return std::nullopt;
    return value->get<std::int64_t>();
}

std::optional<bool> get_bool(const Value& object, std::string_view name) {
    const Value* value = member(object, name);
    return value != nullptr && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

const Value* get_object(const Value& object, std::string_view name) {
    const Value* value = member(object, name);
    return value != nullptr && value->is_object() ? value : nullptr;
}

const Value* get_array(const Value& object, std::string_view name) {
    const Value* value = member(object, name);
    return value != nullptr && value->is_array() ? value : nullptr;
}

std::vector<const Value*> get_objects(const Value& object, std::string_view name) {
    std::vector<const Value*> objects;
    if (const Value* array = get_array(object, name); array != nullptr)
        for (const Value& element : *array)
            if (element.is_object())
                objects.push_back(&element);
    return objects;
}

std::string to_text(const Value& value) {
    constexpr int k_one_line = -1;
    constexpr bool k_in_ascii = true;
    return value.dump(k_one_line, ' ', k_in_ascii, Value::error_handler_t::replace);
}

} // namespace keyfob::platform::json
