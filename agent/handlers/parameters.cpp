#include "agent/handlers/parameters.h"

#include "agent/api/error_code.h"

namespace keyfob::agent::handlers {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::json::Value;

template <typename T>
Result<T> given(const Value& parameters, const char* name, const std::optional<T>& value, T otherwise,
                const char* type) {
    if (value)
        return *value;
    if (!parameters.contains(name))
        return otherwise;
    return Error{ErrorKind::invalid, "the parameter \"" + std::string(name) + "\" must be " + type,
                 "agent/api/PROTOCOL.md describes each method", api::k_usage};
}

} // namespace

Result<std::string> string_parameter(const Value& parameters, const char* name, const std::string& otherwise) {
    return given(parameters, name, platform::json::get_string(parameters, name), otherwise, "a string");
}

Result<std::int64_t> integer_parameter(const Value& parameters, const char* name, std::int64_t otherwise) {
    return given(parameters, name, platform::json::get_integer(parameters, name), otherwise, "an integer");
}

Result<bool> boolean_parameter(const Value& parameters, const char* name, bool otherwise) {
    return given(parameters, name, platform::json::get_bool(parameters, name), otherwise, "true or false");
}

} // namespace keyfob::agent::handlers
