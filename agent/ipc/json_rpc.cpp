#include "agent/ipc/json_rpc.h"

#include "agent/api/error_code.h"
#include "platform/secret_string.h"

namespace keyfob::agent::ipc {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::json::make_object;
using platform::json::Value;

constexpr int k_invalid_request = -32600;

/// Put together as text: in one object the content, which may be a secret, would be copied once more.
std::string line_of(const Value& id, std::string_view name, const Value& content) {
    std::string text = platform::json::to_text(content);
    const std::string id_text = platform::json::to_text(id);
    std::string line;
    line.reserve(text.size() + id_text.size() + 64); // at once: growing would leave copies
    line.append(R"({"jsonrpc":"2.0","id":)").append(id_text);
    line.append(",\"").append(name).append("\":").append(text).append("}\n");
    platform::wipe(text);
    return line;
}

} // namespace

Result<RpcRequest> parse_request(std::string_view line) {
    const Error malformed{ErrorKind::invalid, "not a request of JSON-RPC 2.0"};
    KEYFOB_TRY_ASSIGN(Value object, platform::json::parse_value(line));
    const bool has_id = platform::json::get_integer(object, "id") || platform::json::get_string(object, "id");
    RpcRequest request;
    request.method = platform::json::get_string(object, "method").value_or("");
    if (platform::json::get_string(object, "jsonrpc") != "2.0" || !has_id || request.method.empty())
        return malformed;
    request.id = std::move(object["id"]);
    if (object.contains("params") && platform::json::get_object(object, "params") == nullptr)
        return malformed;
    request.parameters =
        std::make_shared<const Value>(object.contains("params") ? std::move(object["params"]) : Value::object());
    return request;
}

std::string result_line(const Value& id, const Value& result) {
    return line_of(id, "result", result);
}

std::string error_line(const Value& id, const Error& error) {
    const api::ErrorCode& code = api::error_code(error.code);
    const Value data = make_object("code", code.word, "hint", error.hint);
    return line_of(id, "error", make_object("code", code.number, "message", error.message, "data", data));
}

std::string parse_error_line() {
    return line_of(nullptr, "error",
                   make_object("code", k_invalid_request, "message", "not a request of JSON-RPC 2.0"));
}

} // namespace keyfob::agent::ipc
