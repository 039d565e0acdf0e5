#pragma once

#include "platform/json_limits.h"
#include "platform/result.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::platform::json {

/// Parses one JSON object: valid UTF-8, at most k_max_depth deep, no member twice, no NUL (`\u0000` neither),
/// no integer beyond 64 bits, nothing behind it. Errors: invalid.
[[nodiscard]] Result<Poco::JSON::Object::Ptr> parse_object(std::string_view text);

// Getters that never convert: a member of another type counts as absent (poco-pitfalls: Poco turns "no" into true).
[[nodiscard]] std::optional<std::string> get_string(const Poco::JSON::Object& object, const std::string& name);
[[nodiscard]] std::optional<std::int64_t> get_integer(const Poco::JSON::Object& object,
                                                      const std::string& name); ///< 5, not 5.0, "5" or 1e300
[[nodiscard]] std::optional<bool> get_bool(const Poco::JSON::Object& object, const std::string& name);
[[nodiscard]] Poco::JSON::Object::Ptr get_object(const Poco::JSON::Object& object,
                                                 const std::string& name); ///< null if absent
[[nodiscard]] Poco::JSON::Array::Ptr get_array(const Poco::JSON::Object& object,
                                               const std::string& name); ///< null if absent
/// Every element must be a string, otherwise nullopt.
[[nodiscard]] std::optional<std::vector<std::string>> get_strings(const Poco::JSON::Object& object,
                                                                  const std::string& name);

/// One line, no blank; control characters and everything else that JSON demands escaped.
[[nodiscard]] std::string to_text(const Poco::JSON::Object& object);

} // namespace keyfob::platform::json
