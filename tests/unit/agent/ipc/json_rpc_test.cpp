#include "agent/ipc/json_rpc.h"

#include "agent/api/error_code.h"
#include "platform/json.h"

#include <catch2/catch.hpp>

using namespace keyfob;

TEST_CASE("a request of JSON-RPC 2.0 is read", "[ipc]") {
    const auto request = agent::ipc::parse_request(R"({"jsonrpc":"2.0","id":"a","method":"status","params":{"x":1}})");
    REQUIRE(request);
    REQUIRE(request->method == "status");
    REQUIRE(platform::json::get_integer(*request->parameters, "x") == 1);
    REQUIRE(agent::ipc::parse_request(R"({"jsonrpc":"2.0","id":1,"method":"status"})"));
}

TEST_CASE("what is no such request is refused", "[ipc]") {
    const auto line =
        GENERATE(std::string(""), std::string("[]"), std::string("null"), std::string("{}"),
                 std::string("{\"jsonrpc\":\"2.0\"}"), std::string(R"({"jsonrpc":"1.0","id":1,"method":"status"})"),
                 std::string(R"({"jsonrpc":"2.0","method":"status"})"),
                 std::string(R"({"jsonrpc":"2.0","id":null,"method":"status"})"),
                 std::string(R"({"jsonrpc":"2.0","id":1.5,"method":"status"})"),
                 std::string(R"({"jsonrpc":"2.0","id":{},"method":"status"})"),
                 std::string(R"({"jsonrpc":"2.0","id":1,"method":5})"),
                 std::string(R"({"jsonrpc":"2.0","id":1,"method":"status","params":[]})"),
                 std::string(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"status"})"),
                 std::string(R"([{"jsonrpc":"2.0","id":1,"method":"status"}])"), std::string("\xff\xfe"));
    CAPTURE(line);
    REQUIRE_FALSE(agent::ipc::parse_request(line));
}

TEST_CASE("an error carries its word, number and hint, on one line whatever is in it", "[ipc]") {
    const std::string line =
        agent::ipc::error_line(7, {platform::ErrorKind::failed, "a\nb\x1b[31m", "do c", agent::api::k_refused});
    REQUIRE(line.find('\n') == line.size() - 1);
    REQUIRE(line.find('\x1b') == std::string::npos);
    const auto object = platform::json::parse_object(line.substr(0, line.size() - 1));
    REQUIRE(object);
    const auto error = platform::json::get_object(**object, "error");
    REQUIRE(platform::json::get_integer(*error, "code") == -32006);
    REQUIRE(platform::json::get_string(*platform::json::get_object(*error, "data"), "code") == "refused");
    REQUIRE(platform::json::get_integer(**object, "id") == 7);
}
