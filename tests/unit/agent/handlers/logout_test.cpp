#include "agent/api/error_code.h"
#include "tests/fakes/method_caller.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using fakes::MethodCaller;
using server::api::k_revoke_path;
namespace json = platform::json;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

struct Fixture : MethodCaller {
    Fixture() { transport.always(k_revoke_path, fakes::response(200, "{}")); }
    /// What became of each account.
    std::vector<json::Value> log_out(const std::string& parameters = "{}") {
        const auto answer = call("logout", parameters);
        REQUIRE(answer);
        const auto* ended = json::get_array(*answer, "ended");
        return {ended->begin(), ended->end()};
    }
};

} // namespace

TEST_CASE("AG-13 logout revokes at the server and forgets here", "[handlers]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com");
    const auto ended = f.log_out();
    REQUIRE(ended.size() == 1);
    CHECK(json::get_string(ended[0], "account") == "ann@example.com@127.0.0.1:8420");
    CHECK(json::get_string(ended[0], "server") == k_server);
    CHECK(json::get_bool(ended[0], "revoked") == true);
    CHECK(fakes::form_of(f.transport.requests(k_revoke_path).at(0)).get("token") == "session-1");
    CHECK(f.accounts.all().empty());
    CHECK(f.keychain.secrets.empty());
    CHECK(f.code("logout") == agent::api::k_sign_in_needed);
}

TEST_CASE("AG-13 a server that is down or says no is said, and the account forgotten nevertheless", "[handlers]") {
    const bool is_down = GENERATE(true, false);
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com");
    f.transport.then([is_down](const auto&) -> platform::Result<platform::http::ClientResponse> {
        if (is_down)
            return fakes::ScriptedTransport::nobody();
        return fakes::refused(500, "server_error", "broken");
    });
    const auto ended = f.log_out();
    REQUIRE(json::get_bool(ended.at(0), "revoked") == false);
    REQUIRE(json::get_string(ended[0], "detail")->find(is_down ? "nobody there" : "broken") != std::string::npos);
    REQUIRE(f.accounts.all().empty());
    REQUIRE(f.keychain.secrets.empty());
}

TEST_CASE("logout of all ends every session, and says what became of each", "[handlers]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com");
    f.add_account(k_server, "43", "ben@example.com", "session-2");
    f.add_account("http://127.0.0.1:8421", "42", "ann@example.com", "session-3");
    REQUIRE(f.code("logout") == agent::api::k_usage); // which one?
    REQUIRE(f.accounts.all().size() == 3);
    REQUIRE(f.log_out(R"({"all":true})").size() == 3);
    REQUIRE(f.transport.requests(k_revoke_path).size() == 3);
    REQUIRE(f.accounts.all().empty());
    REQUIRE(f.keychain.secrets.empty());
    REQUIRE(f.log_out(R"({"all":true})").empty()); // nobody is no error here
}

TEST_CASE("logout of one leaves the others", "[handlers]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com");
    f.add_account(k_server, "43", "ben@example.com", "session-2");
    REQUIRE(f.code("logout", R"({"account":"eve"})") == agent::api::k_sign_in_needed);
    REQUIRE(f.log_out(R"({"account":"ben@example.com"})").size() == 1);
    REQUIRE(fakes::form_of(f.transport.requests(k_revoke_path).at(0)).get("token") == "session-2");
    REQUIRE(f.accounts.all().at(0)->session_id == "session-1");
}

TEST_CASE("a session that the server has ended is forgotten without asking it", "[handlers]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com")->ended = true;
    REQUIRE(f.log_out().size() == 1);
    REQUIRE(f.transport.requests().empty());
    REQUIRE(f.accounts.all().empty());
}

TEST_CASE("each way in which the keychain cannot be read has its own code", "[handlers]") {
    for (const auto& failure : fakes::keychain_failures()) {
        Fixture f;
        f.keychain.failure = failure;
        REQUIRE(f.code("logout") == failure.code);
        REQUIRE(f.code("logout", R"({"all":true})") == failure.code);
        REQUIRE(f.transport.requests().empty());
    }
}

TEST_CASE("AG-13 what the keychain does not give up is said, lent no more, and can be ended again", "[handlers]") {
    for (const auto& failure : fakes::keychain_failures()) {
        Fixture f;
        f.add_account(k_server, "42", "ann@example.com");
        f.keychain.erase_failure = failure;
        const auto ended = f.log_out();
        REQUIRE(json::get_bool(ended.at(0), "revoked") == true);
        REQUIRE(json::get_bool(ended[0], "forgotten") == false);
        const auto error = json::get_object(ended[0], "error");
        REQUIRE(json::get_string(*error, "code") == failure.code);
        REQUIRE(json::get_string(*error, "message") == failure.message);
        REQUIRE(json::get_string(*error, "hint") == failure.hint);
        REQUIRE(f.accounts.all().at(0)->ended);
        REQUIRE(f.accounts.all()[0]->cookie.empty());
        REQUIRE(f.code("hand_out", R"({"url":"/x"})") == agent::api::k_sign_in_needed);
        f.keychain.erase_failure.reset();
        REQUIRE(json::get_bool(f.log_out().at(0), "forgotten") == true);
        REQUIRE(f.keychain.secrets.empty());
        REQUIRE(f.transport.requests(k_revoke_path).size() == 1); // once is enough
    }
}

TEST_CASE("AG-13 where neither the server nor the keychain can be told, the account stays as it is", "[handlers]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com");
    f.keychain.erase_failure = fakes::keychain_failures().front();
    f.transport.then([](const auto&) { return fakes::ScriptedTransport::nobody(); });
    const auto ended = f.log_out();
    REQUIRE(json::get_bool(ended.at(0), "revoked") == false);
    REQUIRE(json::get_bool(ended[0], "forgotten") == false);
    REQUIRE(f.code("hand_out", R"({"url":"/x"})").empty());
}

TEST_CASE("AG-13 a renewal that ends after the logout brings nothing back", "[handlers]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com");
    f.clock.advance(std::chrono::seconds(600));
    std::promise<void> taken;
    std::promise<void> gate;
    f.transport.then([&taken, opened = gate.get_future().share()](const auto&) {
        taken.set_value();
        opened.wait();
        return fakes::renewed("second", "challenge-2");
    });
    const auto lent = f.send("hand_out", R"({"url":"/x"})");
    taken.get_future().wait();
    REQUIRE(f.log_out().size() == 1);
    gate.set_value();
    tests::run_until([&] { return lent->has_value(); });
    REQUIRE((*lent)->error().code == agent::api::k_sign_in_needed); // nor is what it brought lent
    REQUIRE(f.keychain.secrets.empty());
}
