#include "agent/api/error_code.h"
#include "tests/fakes/method_caller.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using fakes::MethodCaller;
namespace json = platform::json;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

std::string url_parameter(const std::string& url) {
    return json::to_text(json::make_object("url", url));
}

std::string header(const json::Value& result) {
    const auto* headers = json::get_array(result, "headers");
    REQUIRE(headers->size() == 1);
    const auto& pair = headers->at(0);
    REQUIRE(pair.size() == 2);
    return pair.at(0).get<std::string>() + ": " + pair.at(1).get<std::string>();
}

} // namespace

TEST_CASE("a hand-out is the account's cookie and the absolute URL", "[handlers]") {
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    const auto url = GENERATE(values<std::string>({"/secured?x=1&y=%20", "http://127.0.0.1:8420/secured?x=1&y=%20"}));
    const auto answer = f.call("hand_out", url_parameter(url));
    REQUIRE(answer);
    CHECK(json::get_string(*answer, "url") == "http://127.0.0.1:8420/secured?x=1&y=%20");
    CHECK(header(*answer) == "Cookie: keyfob=cookie-of-session-1");
    CHECK(json::get_integer(*answer, "expires_in") == 600);
    const auto* account = json::get_object(*answer, "account");
    CHECK(json::get_string(*account, "name") == "ann@example.com@127.0.0.1:8420");
    CHECK(json::to_text(*account).find("cookie-of") == std::string::npos);
    CHECK(f.transport.requests().empty());
}

TEST_CASE("AG-08 nothing is handed out for another origin than the account's", "[handlers]") {
    const auto url = GENERATE(
        values<std::string>({"http://127.0.0.1:8421/", "https://127.0.0.1:8420/", "http://127.0.0.1/",
                             "http://[::1]:8420/", "https://evil.example/", "https://127.0.0.1.evil.example:8420/"}));
    CAPTURE(url);
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    const auto answer = f.call("hand_out", url_parameter(url));
    REQUIRE_FALSE(answer);
    REQUIRE(answer.error().code == agent::api::k_sign_in_needed);
    REQUIRE(answer.error().hint.find("login") != std::string::npos);
    // Naming the account does not help.
    REQUIRE(f.code("hand_out", R"({"url":")" + url + R"(","account":"ann@example.com"})") ==
            agent::api::k_sign_in_needed);
}

TEST_CASE("AG-08 nothing is handed out for plain http, and for what is no URL", "[handlers]") {
    const auto url = GENERATE(values<std::string>({"http://a.example/",
                                                   "http://localhost:8420/",
                                                   "ftp://127.0.0.1:8420/",
                                                   "127.0.0.1:8420/",
                                                   "secured",
                                                   "",
                                                   "http://ann@127.0.0.1:8420/",
                                                   "http://127.0.0.1:8420@evil.example/",
                                                   "http://127.0.0.1:8420\\@evil.example/",
                                                   "http://127.1:8420/",
                                                   "http://127.0.0.1:99999/",
                                                   "/a b",
                                                   "/a\tb",
                                                   "/a\r\nX-Header: 1",
                                                   "/a\x1b[31m",
                                                   "/\x7f",
                                                   "/\xc3\xbc",
                                                   "/#fragment",
                                                   "/a\\b",
                                                   "/\"",
                                                   "javascript:alert(1)",
                                                   "@evil.example/",
                                                   "?x=1",
                                                   ".evil.example/",
                                                   ":80@evil.example/"}));
    CAPTURE(url);
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    REQUIRE(f.code("hand_out", url_parameter(url)) == agent::api::k_usage);
}

TEST_CASE("AG-08 a path is always one of the account's server, however it looks", "[handlers]") {
    const auto path = GENERATE(values<std::string>({"//evil.example/", "/@evil.example/", "/http://evil.example/",
                                                    "/../../x", "/;x", "/?u=https://evil.example/"}));
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    const auto answer = f.call("hand_out", url_parameter(path));
    REQUIRE(answer);
    REQUIRE(json::get_string(*answer, "url") == k_server + path);
    REQUIRE(platform::Url::parse(*json::get_string(*answer, "url"))->origin.text() == k_server);
}

TEST_CASE("parameters of a wrong type are no URL", "[handlers]") {
    const auto parameters = GENERATE(
        values<std::string>({"{}", R"({"url":5})", R"({"url":null})", R"({"url":["/x"]})", R"({"URL":"/x"})"}));
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    REQUIRE(f.code("hand_out", parameters) == agent::api::k_usage);
}

TEST_CASE("two accounts that fit are named, and one can be chosen", "[handlers]") {
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    f.add_account(k_server, "43", "ben@example.com", "session-2");
    const auto answer = f.call("hand_out", url_parameter("/x"));
    REQUIRE(answer.error().code == agent::api::k_usage);
    REQUIRE(answer.error().message.find("ann@example.com@127.0.0.1:8420") != std::string::npos);
    REQUIRE(answer.error().message.find("ben@example.com@127.0.0.1:8420") != std::string::npos);
    const auto chosen = f.call("hand_out", R"({"url":"/x","account":"ben@example.com"})");
    REQUIRE(chosen);
    REQUIRE(header(*chosen) == "Cookie: keyfob=cookie-of-session-2");
    REQUIRE(f.code("hand_out", R"({"url":"/x","account":"eve"})") == agent::api::k_sign_in_needed);
}

TEST_CASE("each way in which the keychain fails has its own code", "[handlers]") {
    for (const auto& failure : fakes::keychain_failures()) {
        MethodCaller f;
        f.keychain.failure = failure;
        REQUIRE(f.code("hand_out", url_parameter("/x")) == failure.code);
    }
}

TEST_CASE("CL-06 where nobody is signed in, or the session is over, the answer says how to sign in", "[handlers]") {
    MethodCaller f;
    REQUIRE(f.code("hand_out", url_parameter("/x")) == agent::api::k_sign_in_needed);
    f.add_account(k_server, "42", "ann@example.com");
    f.clock.advance(std::chrono::seconds(600));
    f.transport.then([](const auto&) { return fakes::refused(401, "session_ended", "over"); });
    const auto ended = f.call("hand_out", url_parameter("/x"));
    REQUIRE(ended.error().code == agent::api::k_sign_in_needed);
    REQUIRE(ended.error().hint == KEYFOB_CLI_NAME " login " + k_server);
    REQUIRE(f.transport.requests().size() == 1); // and no sign-in was begun
}

TEST_CASE("a used-up cookie is renewed first, and a server that is down is no end", "[handlers]") {
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    f.clock.advance(std::chrono::seconds(600));
    REQUIRE(f.code("hand_out", url_parameter("/x")) == agent::api::k_failed);
    f.transport.then([](const auto&) { return fakes::renewed("second", "challenge-2"); });
    const auto answer = f.call("hand_out", url_parameter("/x"));
    REQUIRE(answer);
    REQUIRE(header(*answer) == "Cookie: keyfob=second");
}

TEST_CASE("a hand-out that waits holds up no other request", "[handlers]") {
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    f.keychain.holds = true;
    const auto waiting = f.send("status");
    REQUIRE(f.code("hello") == "");
    REQUIRE(f.code("hand_out", url_parameter("/x")) == "");
    REQUIRE_FALSE(waiting->has_value());
    f.keychain.release();
    REQUIRE(waiting->has_value());
}
