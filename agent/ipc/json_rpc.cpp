#include "agent/ipc/json_rpc.h"

#include "agent/api/error_code.h"
#include "platform/json.h"

namespace keyfob::agent::ipc {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using Poco::JSON::Object;

constexpr int k_invalid_request = -32600;

std::string line_of(const Poco::Dynamic::Var& id, const char* name, const Object& content) {
    Object answer(Poco::JSON_PRESERVE_KEY_ORDER);
    answer.set("jsonrpc", "2.0");
    answer.set("id", id);
    answer.set(name, content);
    return platform::json::to_text(answer) + "\n";
}

} // namespace

Result<RpcRequest> parse_request(std::string_view line) {
    const Error malformed{ErrorKind::invalid, "not a request of JSON-RPC 2.0"};
    KEYFOB_TRY_ASSIGN(const auto object, platform::json::parse_object(line));
    RpcRequest request;
    request.id = object->get("id");
    const bool has_id = platform::json::get_integer(*object, "id") || platform::json::get_string(*object, "id");
    request.method = platform::json::get_string(*object, "method").value_or("");
    if (platform::json::get_string(*object, "jsonrpc") != "2.0" || !has_id || request.method.empty())
        return malformed;
    request.parameters = platform::json::get_object(*object, "params");
    if (request.parameters.isNull()) {
        if (object->has("params"))
            return malformed;
        request.parameters = new Object;
    }
    return request;
}

std::string result_line(const Poco::Dynamic::Var& id, const Object& result) {
    return line_of(id, "result", result);
}

std::string error_line(const Poco::Dynamic::Var& id, const platform::Error& error) {
    const api::ErrorCode& code = api::error_code(error.code);
    Object data(Poco::JSON_PRESERVE_KEY_ORDER);
    data.set("code", std::string(code.word));
    data.set("hint", error.hint);
    Object content(Poco::JSON_PRESERVE_KEY_ORDER);
    content.set("code", code.number);
    content.set("message", error.message);
    content.set("data", data);
    return line_of(id, "error", content);
}

std::string parse_error_line() {
    Object content(Poco::JSON_PRESERVE_KEY_ORDER);
    content.set("code", k_invalid_request);
    content.set("message", "not a request of JSON-RPC 2.0");
    return line_of(Poco::Dynamic::Var(), "error", content);
}

} // namespace keyfob::agent::ipc
