#pragma once

#include "platform/result.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// JSON between commands and the agent: compiled in from headers, so that a command has no library to load (ARCHITECTURE.md, "How a command
/// starts"), and fast. All else uses json.h, on Poco.
namespace keyfob::platform::json {

using Value = nlohmann::ordered_json; ///< members in the order in which they came

namespace detail {
inline void append_to(Value::object_t& /*members*/) {}
template <typename Member, typename... More>
void append_to(Value::object_t& members, const char* name, Member&& member, More&&... more) {
    members.emplace_back(name, Value(std::forward<Member>(member)));
    append_to(members, std::forward<More>(more)...);
}
} // namespace detail

/// `make_object("name", value, "other", value)`: a list in braces is an array when it is short, copies each value three times, and takes four
/// times as long. The names must differ.
template <typename... Members> [[nodiscard]] Value make_object(Members&&... members) {
    Value object = Value::object();
    auto& list = object.get_ref<Value::object_t&>();
    list.reserve(sizeof...(members) / 2);
    detail::append_to(list, std::forward<Members>(members)...);
    return object;
}

/// Parses one JSON object as strictly as parse_object (json.h), but that an integer beyond 64 bits is a number and no integer, and that
/// an object has at most k_most_members members. Errors: invalid.
[[nodiscard]] Result<Value> parse_value(std::string_view text);

// Getters that never convert, for objects: a member of another type counts as absent. The pointers are null then, and live as long as `object`.
[[nodiscard]] std::optional<std::string> get_string(const Value& object, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> get_integer(const Value& object, std::string_view name);
[[nodiscard]] std::optional<bool> get_bool(const Value& object, std::string_view name);
[[nodiscard]] const Value* get_object(const Value& object, std::string_view name);
[[nodiscard]] const Value* get_array(const Value& object, std::string_view name);
/// The members of the array of this name that are objects; none if absent.
[[nodiscard]] std::vector<const Value*> get_objects(const Value& object, std::string_view name);

/// One line of pure ASCII without a blank or DEL, so that no terminal finds a command in it. What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_text(const Value& value);

} // namespace keyfob::platform::json
