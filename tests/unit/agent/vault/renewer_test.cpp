#include "agent/vault/renewer.h"

#include "agent/api/error_code.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "server/api/secure_session.h"
#include "tests/fakes/fake_keychain.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_transport.h"
#include "tests/fakes/server_answers.h"

#include <catch2/catch.hpp>
#include <glib.h>

#include <future>
#include <optional>

namespace {

using namespace keyfob;
using agent::vault::Account;
using agent::vault::AccountPtr;
using fakes::challenged;
using fakes::renewed;
using platform::Result;

constexpr std::int64_t k_start = 1'800'000'000;

/// Dice that always fall alike.
class LoadedDice final : public platform::Random {
public:
    explicit LoadedDice(char face) : m_face(face) {}
    [[nodiscard]] std::string bytes(std::size_t count) override { return std::string(count, m_face); }

private:
    const char m_face;
};

/// The challenge that a request answers.
std::string answered(const platform::http::ClientRequest& request) {
    const std::string* proof = request.headers.find(server::api::k_response_header);
    REQUIRE(proof != nullptr);
    const auto token = platform::jose::parse_jwt(*proof);
    REQUIRE(token);
    return platform::json::get_string(*token->payload, "jti").value_or("");
}

struct Fixture {
    fakes::ManualClock clock{k_start};
    platform::SystemRandom random;
    fakes::FakeKeychain keychain;
    agent::vault::AccountStore store{keychain};
    agent::ipc::Workers workers;
    fakes::ScriptedTransport transport;
    agent::vault::Renewer renewer{store, workers, transport, clock, random};
    AccountPtr account;

    Fixture() {
        server::api::SessionGrant grant;
        grant.session_id = "session-1";
        grant.user = {"https://issuer.example", "42", "Ann", "ann@example.com", "company"};
        grant.cookie = {"keyfob", platform::SecretString("first"), "challenge-1", 600, k_start + 2'592'000};
        const auto server = platform::Url::parse("http://127.0.0.1:8420/")->origin;
        auto made = agent::vault::make_account(server, std::move(grant), platform::jose::EcKey::generate(), k_start);
        const std::string id = made.id;
        store.when_loaded([](const Result<void>&) {});
        store.add(std::move(made), [](const Result<AccountPtr>& added) { REQUIRE(added); });
        account = store.find(id);
        REQUIRE(account);
    }
    ~Fixture() { workers.stop(); }

    /// Lends and runs the main loop until the answer is there.
    Result<void> lend() {
        std::optional<Result<void>> outcome;
        renewer.lend(account, [&](const Result<void>& lent) { outcome = lent; });
        while (!outcome)
            g_main_context_iteration(nullptr, TRUE);
        return *outcome;
    }
    void advance(std::int64_t seconds) { clock.advance(std::chrono::seconds(seconds)); }
};

} // namespace

TEST_CASE("a good cookie is lent without asking the server", "[vault]") {
    Fixture f;
    REQUIRE(f.lend());
    REQUIRE(f.account->cookie.reveal() == "first");
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("SE-11 a used-up cookie is renewed by signing the stored challenge, and kept", "[vault]") {
    Fixture f;
    f.advance(596); // less than the margin is left
    f.transport.then([](const auto&) { return renewed("second", "challenge-2"); });
    REQUIRE(f.lend());
    REQUIRE(answered(f.transport.requests().at(0)) == "challenge-1");
    REQUIRE(f.account->cookie.reveal() == "second");
    REQUIRE(f.account->challenge == "challenge-2");
    REQUIRE(f.keychain.secrets.begin()->second.find("challenge-2") != std::string::npos);
}

TEST_CASE("SE-11 a spent challenge is answered by signing the new one", "[vault]") {
    Fixture f;
    f.advance(600);
    f.transport.then([](const auto&) { return challenged("challenge-9"); });
    f.transport.then([](const auto&) { return renewed("second", "challenge-10"); });
    REQUIRE(f.lend());
    REQUIRE(answered(f.transport.requests().at(1)) == "challenge-9");
    REQUIRE(f.account->cookie.reveal() == "second");
}

TEST_CASE("AG-11 many askers cause one renewal", "[vault]") {
    Fixture f;
    f.advance(600);
    std::promise<void> release;
    f.transport.then([done = std::make_shared<std::shared_future<void>>(release.get_future().share())](const auto&) {
        done->wait();
        return Result<platform::http::ClientResponse>(renewed("second", "challenge-2"));
    });
    int answers = 0;
    for (int i = 0; i < 50; ++i)
        f.renewer.lend(f.account, [&](const Result<void>& lent) { answers += lent ? 1 : 0; });
    release.set_value();
    while (answers < 50)
        g_main_context_iteration(nullptr, TRUE);
    REQUIRE(f.transport.requests().size() == 1);
}

TEST_CASE("SE-11 only the server's own word ends an account", "[vault]") {
    const auto other_body =
        GENERATE(std::string("<html>401</html>"), std::string(R"({"error":"unauthorized"})"), std::string(""),
                 std::string(R"({"error":["session_ended"]})"), std::string(R"({"error":"invalid_proof"})"));
    Fixture f;
    f.advance(600);
    f.transport.then([&](const auto&) { return fakes::response(401, other_body); });
    const auto lent = f.lend();
    REQUIRE_FALSE(lent);
    REQUIRE(lent.error().code == agent::api::k_failed);
    REQUIRE_FALSE(f.account->ended);
    REQUIRE(f.keychain.secrets.size() == 1);
}

TEST_CASE("SE-11 session_ended ends the account and wipes what was kept", "[vault]") {
    Fixture f;
    f.advance(600);
    f.transport.then(
        [](const auto&) { return fakes::response(401, R"({"error":"session_ended","error_description":"over"})"); });
    const auto lent = f.lend();
    REQUIRE_FALSE(lent);
    REQUIRE(lent.error().code == agent::api::k_sign_in_needed);
    REQUIRE(f.account->ended);
    REQUIRE(f.account->cookie.empty());
    REQUIRE(f.keychain.secrets.empty());
    REQUIRE(f.lend().error().code == agent::api::k_sign_in_needed);
    REQUIRE(f.transport.requests().size() == 1); // not asked again
}

TEST_CASE("a server that cannot be reached ends nothing, and is asked again by the next hand-out", "[vault]") {
    Fixture f;
    f.advance(600);
    REQUIRE(f.lend().error().code == agent::api::k_failed);
    f.transport.then([](const auto&) { return renewed("second", "challenge-2"); });
    REQUIRE(f.lend());
    REQUIRE(f.account->cookie.reveal() == "second");
}

TEST_CASE("OP-03 a server that takes no more right now ends nothing, and the next hand-out asks again", "[vault]") {
    Fixture f;
    f.advance(600);
    f.transport.then([](const auto&) { return fakes::rate_limited("30"); });
    const auto lent = f.lend();
    REQUIRE(lent.error().code == agent::api::k_failed);
    REQUIRE(lent.error().hint == "try again in 30 seconds");
    REQUIRE_FALSE(f.account->ended);
    REQUIRE(f.keychain.secrets.size() == 1);
    f.transport.then([](const auto&) { return renewed("second", "challenge-2"); });
    REQUIRE(f.lend());
    REQUIRE(f.account->cookie.reveal() == "second");
}

TEST_CASE("a clock that was set back does not make a cookie live longer", "[vault]") {
    Fixture f;
    f.advance(-3600);
    f.transport.then([](const auto&) { return renewed("second", "challenge-2"); });
    REQUIRE(f.lend());
    REQUIRE(f.transport.requests().size() == 1);
}

TEST_CASE("a session past its absolute limit needs a sign-in, without asking", "[vault]") {
    Fixture f;
    f.advance(2'592'000);
    REQUIRE(f.lend().error().code == agent::api::k_sign_in_needed);
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("a server that hangs is a failure like others: timed_out would speak of the keychain", "[vault]") {
    Fixture f;
    f.advance(600);
    f.transport.then([](const auto&) -> Result<platform::http::ClientResponse> {
        return platform::Error{platform::ErrorKind::timed_out, "it did not answer in time"};
    });
    REQUIRE(f.lend().error().code == agent::api::k_failed);
}

TEST_CASE("AG-11 renewals ahead of time are spread over a part of the cookie's life", "[vault]") {
    Fixture f;
    LoadedDice low('\0');
    LoadedDice high('\xff');
    REQUIRE(agent::vault::renewal_due(*f.account, low) == k_start + 480);
    REQUIRE(agent::vault::renewal_due(*f.account, high) == k_start + 420);
}

TEST_CASE("lifetimes that only a broken server gives overflow nothing", "[vault]") {
    Fixture f;
    LoadedDice dice('\0');
    agent::vault::renew_account(*f.account, {"keyfob", platform::SecretString("c"), "challenge", INT64_MAX, INT64_MAX},
                                k_start);
    REQUIRE(agent::vault::renewal_due(*f.account, dice) > k_start);
    REQUIRE(f.lend());
}
