#include "agent/handlers/parameters.h"
#include "agent/ipc/json_rpc.h"
#include "platform/json.h"
#include "tests/fuzz/fuzzer.h"

using namespace keyfob;
using keyfob::fuzz::require;
namespace json = keyfob::platform::json;

namespace {

/// The one object that a line holds.
Poco::JSON::Object::Ptr object_of(const std::string& line) {
    require(line.find('\n') == line.size() - 1, "AG-09: an answer is one line");
    const auto object = json::parse_object(line.substr(0, line.size() - 1));
    require(object.has_value(), "an answer is one JSON object");
    return *object;
}

void check_id(const agent::ipc::RpcRequest& request, const Poco::JSON::Object& answer) {
    const json::Value sent = json::make_object("id", request.id);
    require(json::get_string(answer, "id") == json::get_string(sent, "id") &&
                json::get_integer(answer, "id") == json::get_integer(sent, "id"),
            "the id comes back as it was sent");
}

/// `{"account":5}` must not count as no account.
void check_parameters(const json::Value& parameters) {
    for (const auto& [name, value] : parameters.items()) {
        const int fits = int{agent::handlers::string_parameter(parameters, name.c_str()).has_value()} +
                         int{agent::handlers::integer_parameter(parameters, name.c_str(), 0).has_value()} +
                         int{agent::handlers::boolean_parameter(parameters, name.c_str(), false).has_value()};
        require(fits <= 1, "a parameter has one type");
    }
    require(agent::handlers::string_parameter(json::Value::object(), "account", "default").value() == "default",
            "what is absent has its default");
}

} // namespace

/// AG-09: one line in, one line out, whatever it holds.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line = fuzz::text_of(data, size);
    const auto request = agent::ipc::parse_request(line);
    if (!request) {
        require(request.error().kind == platform::ErrorKind::invalid, "a refused line is invalid");
        require(object_of(agent::ipc::parse_error_line())->isNull("id"), "its answer has no id");
        return 0;
    }
    require(!agent::ipc::parse_request(fuzz::with_member(line, R"("method":"stop")")), "two methods are refused");
    require(!request->method.empty() && request->parameters->is_object(), "a request has a method and parameters");
    const auto refused = object_of(
        agent::ipc::error_line(request->id, {platform::ErrorKind::invalid, request->method, request->method}));
    check_id(*request, *refused);
    require(json::get_string(*json::get_object(*refused, "error"), "message") == request->method,
            "a text comes back as it was sent");
    const auto done = object_of(agent::ipc::result_line(request->id, json::make_object("method", request->method)));
    check_id(*request, *done);
    require(json::get_string(*json::get_object(*done, "result"), "method") == request->method,
            "a result comes back as it is");
    check_parameters(*request->parameters);
    return 0;
}
