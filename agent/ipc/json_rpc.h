#pragma once

#include "platform/json_value.h"
#include "platform/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace keyfob::agent::ipc {

/// One request of JSON-RPC 2.0. Notifications (no id) and batches are refused: every request here wants an answer.
struct RpcRequest {
    platform::json::Value id; ///< a string or an integer, sent back as it came
    std::string method;
    std::shared_ptr<const platform::json::Value> parameters; ///< an object, never null
};

/// Errors: invalid.
[[nodiscard]] platform::Result<RpcRequest> parse_request(std::string_view line);

/// Answers, each one line with its end. The error's `code` is a word of agent/api/error_code.h.
[[nodiscard]] std::string result_line(const platform::json::Value& id, const platform::json::Value& result);
[[nodiscard]] std::string error_line(const platform::json::Value& id, const platform::Error& error);
/// For a line that is no request: its id is unknown.
[[nodiscard]] std::string parse_error_line();

} // namespace keyfob::agent::ipc
