#pragma once

#include "platform/result.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON for what people start again and again: compiled in from headers, so that there is no library to load (ARCHITECTURE.md, "How a command
/// starts"). Programs that stay use json.h, on Poco.
namespace keyfob::platform::json {

using Value = nlohmann::ordered_json; ///< members in the order in which they came

/// Parses one JSON object as strictly as parse_object (json.h), but that an integer beyond 64 bits is a number and no integer. Errors: invalid.
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
