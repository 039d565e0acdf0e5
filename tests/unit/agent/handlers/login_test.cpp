#include "agent/api/error_code.h"
#include "tests/fakes/method_caller.h"
#include "tests/support/plain_http.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using fakes::MethodCaller;
using server::api::k_device_authorization_path;
using server::api::k_metadata_path;
using server::api::k_par_path;
using server::api::k_token_path;
using tests::visit;
using tests::while_loop_runs;
namespace json = platform::json;

namespace {

const std::string k_server = "http://127.0.0.1:8420";
const std::string k_start = R"({"server":"http://127.0.0.1:8420"})";

struct Fixture : MethodCaller {
    Fixture() {
        transport.always(k_metadata_path, fakes::metadata(k_server));
        transport.always(k_par_path, fakes::pushed());
        transport.always(k_token_path, fakes::granted(k_server));
    }
    json::Value start(const std::string& parameters = k_start) {
        const auto answer = call("login.start", parameters);
        REQUIRE(answer);
        return *answer;
    }
    static std::string id(const json::Value& started) {
        return R"({"login_id":")" + json::get_string(started, "login_id").value() + "\"}";
    }
};

} // namespace

TEST_CASE("login.start gives an address of this machine, and login.wait the account", "[handlers]") {
    Fixture f;
    const auto started = f.start();
    const std::string url = json::get_string(started, "start_url").value();
    REQUIRE(url.starts_with("http://127.0.0.1:"));
    REQUIRE(json::get_integer(started, "expires_in") == 600);
    const auto waiting = f.send("login.wait", Fixture::id(started));
    REQUIRE_FALSE(waiting->has_value());
    REQUIRE(while_loop_runs([&] { return visit(url); }).status == 303);
    while_loop_runs([&] { return visit(fakes::callback_of(f.transport.requests(k_par_path).at(0), k_server)); });
    tests::run_until([&] { return waiting->has_value(); });
    REQUIRE(**waiting);
    const auto account = json::get_object(***waiting, "account");
    REQUIRE(json::get_string(*account, "name") == "ann@example.com@127.0.0.1:8420");
    REQUIRE(json::get_string(*account, "state") == "signed_in");
    REQUIRE(json::to_text(***waiting).find("first") == std::string::npos); // the cookie
}

TEST_CASE("login.start by a device grant gives an address and a code, and login.wait the account", "[handlers]") {
    Fixture f;
    f.transport.always(k_device_authorization_path, fakes::device_authorization(k_server, 1));
    const auto started = f.start(R"({"server":"http://127.0.0.1:8420","device":true})");
    REQUIRE(json::get_string(started, "verification_uri") == k_server + "/device");
    REQUIRE(json::get_string(started, "user_code") == "BCDF-GHJK");
    REQUIRE_FALSE(started.contains("start_url"));
    const auto waiting = f.send("login.wait", Fixture::id(started));
    tests::run_until([&] { return waiting->has_value(); });
    REQUIRE(**waiting);
    REQUIRE(json::get_string(*json::get_object(***waiting, "account"), "state") == "signed_in");
}

TEST_CASE("login.start by a device grant has no port", "[handlers]") {
    Fixture f;
    REQUIRE(f.code("login.start", R"({"server":"http://127.0.0.1:8420","device":true,"port":40123})") ==
            agent::api::k_usage);
    REQUIRE(f.code("login.start", R"({"server":"http://127.0.0.1:8420","device":"yes"})") == agent::api::k_usage);
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("login.start refuses what is no server", "[handlers]") {
    const auto parameters = GENERATE(
        values<std::string>({"{}", R"({"server":5})", R"({"server":""})", R"({"server":"id.example.com"})",
                             R"({"server":"http://id.example.com"})", R"({"server":"http://localhost:8420"})",
                             R"({"server":"https://id.example.com/path"})", R"({"server":"https://id.example.com/?x"})",
                             R"({"server":"https://id.example.com?x=1"})", R"({"server":"https://id.example.com/#x"})",
                             R"({"server":"https://ann@id.example.com"})", R"({"server":"ftp://id.example.com"})",
                             R"({"server":"https://id.example.com\r\nX: 1"})",
                             R"({"server":"https://id.example.com:0"})", R"-({"server":"javascript:alert(1)"})-"}));
    CAPTURE(parameters);
    Fixture f;
    REQUIRE(f.code("login.start", parameters) == agent::api::k_usage);
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("login.start refuses ports and timeouts that are none", "[handlers]") {
    const auto parameters = GENERATE(
        values<std::string>({R"("port":-1)", R"("port":65536)", R"("port":9223372036854775807)", R"("timeout":0)",
                             R"("timeout":-1)", R"("timeout":601)", R"("timeout":9223372036854775807)"}));
    CAPTURE(parameters);
    Fixture f;
    REQUIRE(f.code("login.start", R"({"server":"http://127.0.0.1:8420",)" + parameters + "}") == agent::api::k_usage);
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("login.start takes timeout and the device's name", "[handlers]") {
    Fixture f;
    const auto started = f.start(R"({"server":"http://127.0.0.1:8420/","timeout":60,"device_name":"my desk"})");
    REQUIRE(json::get_integer(started, "expires_in") == 60);
    while_loop_runs([&] { return visit(json::get_string(started, "start_url").value()); });
    REQUIRE(fakes::form_of(f.transport.requests(k_par_path).at(0)).get("device_name") == "my desk");
}

TEST_CASE("login.start passes the keychain's failures on, each with its code", "[handlers]") {
    for (const auto& failure : fakes::keychain_failures()) {
        Fixture f;
        f.keychain.failure = failure;
        REQUIRE(f.code("login.start", k_start) == failure.code);
        REQUIRE(f.transport.requests().empty());
    }
}

TEST_CASE("login.start begins nothing for a command that has gone meanwhile", "[handlers]") {
    Fixture f;
    f.keychain.holds = true;
    const auto answer = f.send("login.start", k_start);
    f.command.reset();
    f.keychain.release();
    tests::settle();
    REQUIRE_FALSE(answer->has_value());
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("login.cancel ends the sign-in, and login.wait says so", "[handlers]") {
    Fixture f;
    const auto started = f.start();
    const auto waiting = f.send("login.wait", Fixture::id(started));
    REQUIRE(f.code("login.cancel", Fixture::id(started)) == "");
    REQUIRE(waiting->has_value());
    REQUIRE((*waiting)->error().code == agent::api::k_cancelled);
    REQUIRE(f.code("login.cancel", Fixture::id(started)) == ""); // stays as it is
    REQUIRE(f.code("login.wait", Fixture::id(started)) == agent::api::k_cancelled);
}

TEST_CASE("a sign-in is its connection's own: another one learns nothing of it and cannot end it", "[handlers]") {
    Fixture f;
    const auto started = f.start();
    const fakes::Command other;
    for (const char* method : {"login.wait", "login.reached", "login.cancel"}) {
        const auto stolen = f.send_from(other, method, Fixture::id(started));
        const auto unknown = f.send_from(other, method, R"({"login_id":"x"})");
        REQUIRE(stolen->has_value());
        REQUIRE((*stolen)->error().code == agent::api::k_usage);
        REQUIRE((*stolen)->error().message == (*unknown)->error().message);
    }
    const auto waiting = f.send("login.wait", Fixture::id(started));
    REQUIRE_FALSE(waiting->has_value()); // still runs
    REQUIRE(f.code("login.cancel", Fixture::id(started)).empty());
}

TEST_CASE("AG-10 login.start says whether somebody was joined, and gives each an id of its own", "[handlers]") {
    Fixture f;
    const auto first = f.start();
    const fakes::Command other;
    const auto answer = f.send_from(other, "login.start", k_start);
    tests::run_until([&] { return answer->has_value(); });
    const auto second = ***answer;
    REQUIRE(json::get_bool(first, "joined") == false);
    REQUIRE(json::get_bool(second, "joined") == true);
    REQUIRE(json::get_string(first, "start_url") == json::get_string(second, "start_url"));
    REQUIRE(f.code("login.wait", Fixture::id(second)) == agent::api::k_usage); // the other connection's
    REQUIRE(f.code("login.start", R"({"server":"http://127.0.0.1:8420","port":1})") == agent::api::k_usage);
}

TEST_CASE("CL-05 login.reached is answered when a browser has come", "[handlers]") {
    Fixture f;
    const auto started = f.start();
    const auto reached = f.send("login.reached", Fixture::id(started));
    REQUIRE_FALSE(reached->has_value());
    REQUIRE(while_loop_runs([&] { return visit(json::get_string(started, "start_url").value()); }).status == 303);
    tests::run_until([&] { return reached->has_value(); });
    REQUIRE(json::get_bool(***reached, "reached") == true);
}

TEST_CASE("login.wait and login.cancel want the id of a sign-in", "[handlers]") {
    const auto parameters = GENERATE(values<std::string>({"{}", R"({"login_id":5})", R"({"login_id":"x"})"}));
    Fixture f;
    f.start();
    REQUIRE(f.code("login.wait", parameters) == agent::api::k_usage);
    REQUIRE(f.code("login.reached", parameters) == agent::api::k_usage);
    REQUIRE(f.code("login.cancel", parameters) == agent::api::k_usage);
}
