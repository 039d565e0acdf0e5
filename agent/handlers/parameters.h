#pragma once

#include "platform/json_value.h"
#include "platform/result.h"

#include <cstdint>
#include <string>

namespace keyfob::agent::handlers {

// Parameters may be left out, but one of a wrong type is never taken for absent: `{"account":5}` must not end the only session.
// Errors: usage.
[[nodiscard]] platform::Result<std::string> string_parameter(const platform::json::Value& parameters, const char* name,
                                                             const std::string& otherwise = "");
[[nodiscard]] platform::Result<std::int64_t> integer_parameter(const platform::json::Value& parameters,
                                                               const char* name, std::int64_t otherwise);
[[nodiscard]] platform::Result<bool> boolean_parameter(const platform::json::Value& parameters, const char* name,
                                                       bool otherwise);

/// Of the methods for the one who began a sign-in; empty, which no sign-in has, if there is none.
[[nodiscard]] inline std::string login_id(const platform::json::Value& parameters) {
    const auto id = string_parameter(parameters, "login_id");
    return id ? *id : "";
}

} // namespace keyfob::agent::handlers
