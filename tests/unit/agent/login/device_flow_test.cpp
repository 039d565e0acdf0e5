#include "agent/login/device_flow.h"

#include "agent/api/error_code.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "server/api/routes.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_transport.h"
#include "tests/fakes/server_answers.h"
#include "tests/support/must.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using namespace std::chrono_literals;
using agent::login::DeviceFlow;
using fakes::form_of;
using fakes::response;
using fakes::ScriptedTransport;
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using server::api::k_cancel_path;
using server::api::k_device_authorization_path;
using server::api::k_revoke_path;
using server::api::k_token_path;
using tests::must;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

std::string authorization(const std::string& verification_uri = k_server + "/device",
                          const std::string& code = "BCDF-GHJK") {
    return R"({"device_code":"device-code-1","user_code":")" + code + R"(","verification_uri":")" + verification_uri +
           R"(","expires_in":600,"interval":5})";
}

platform::http::ClientResponse refusal(const std::string& code, const std::string& text = "text", int status = 400) {
    return response(status, R"({"error":")" + code + R"(","error_description":")" + text + "\"}");
}

/// A flow whose server is a script, and what came out of it.
struct Fixture {
    fakes::ManualClock clock;
    platform::SystemRandom random;
    ScriptedTransport transport;
    std::vector<std::string> stored; ///< session ids
    std::vector<Error> failures;
    Result<void> store_outcome;
    DeviceFlow flow{{platform::Url::parse(k_server)->origin, "ann@host", "Debian"},
                    {[this](server::api::SessionGrant grant, const platform::jose::EcKey&) {
                         stored.push_back(grant.session_id);
                         return store_outcome;
                     },
                     [this](const Error& error) { failures.push_back(error); }},
                    transport,
                    clock,
                    random};

    Fixture() {
        transport.always(k_device_authorization_path, response(200, authorization()));
        transport.always(k_token_path, refusal("authorization_pending"));
        transport.always(k_cancel_path, response(200, "{}"));
        transport.always(k_revoke_path, response(200, "{}"));
    }
    std::string end_code() { return failures.size() == 1 ? failures[0].code : "none"; }
};

} // namespace

TEST_CASE("DG-05 a device asks with its key, its name and a challenge, and is told what the person needs", "[login]") {
    Fixture f;
    const auto code = must(f.flow.begin());
    CHECK(code.user_code == "BCDF-GHJK");
    CHECK(code.verification_uri == k_server + "/device");
    CHECK(code.expires_in == 600s);
    CHECK(code.interval == 5s);
    const auto asked = f.transport.requests(k_device_authorization_path).at(0);
    CHECK(asked.headers.find("DPoP") != nullptr);
    const auto form = form_of(asked);
    CHECK(form.get("device_name") == "ann@host");
    CHECK(form.get("code_challenge_method") == "S256");

    f.transport.always(k_token_path, fakes::granted(k_server));
    CHECK_FALSE(f.flow.poll());
    CHECK(f.stored.size() == 1);
    CHECK(f.failures.empty());
    const auto token = form_of(f.transport.requests(k_token_path).back());
    CHECK(token.get("grant_type") == server::api::k_device_grant_type);
    CHECK(token.get("device_code") == "device-code-1");
    CHECK(platform::base64url_encode(platform::sha256(token.get("code_verifier"))) == form.get("code_challenge"));
    CHECK_FALSE(f.flow.poll()); // once is enough
    CHECK(f.stored.size() == 1);
}

TEST_CASE("DG-09 a server without a device grant is told as such", "[login]") {
    Fixture f;
    f.transport.always(k_device_authorization_path, refusal("not_found", "there is nothing here", 404));
    const auto code = f.flow.begin();
    REQUIRE_FALSE(code);
    CHECK(code.error().message == "127.0.0.1:8420 lets nobody sign in by a code");
    CHECK(code.error().hint.find("--device") != std::string::npos);
}

TEST_CASE("AG-06 a page of another server is none to type a code into", "[login]") {
    const std::string answer =
        GENERATE(authorization("https://evil.example/device"), authorization("http://127.0.0.1:8421/device"),
                 authorization("javascript:alert(1)"), authorization(k_server + "/device", ""),
                 authorization(k_server + "/device", "evil\\u001b[2J"),
                 authorization(k_server + "/device", std::string(33, 'B')), std::string("{}"), std::string("[]"));
    Fixture f;
    f.transport.always(k_device_authorization_path, response(200, answer));
    const auto code = f.flow.begin();
    REQUIRE_FALSE(code);
    CHECK(code.error().kind == ErrorKind::invalid);
}

TEST_CASE("DG-04 slow_down makes all pauses five seconds longer", "[login]") {
    Fixture f;
    REQUIRE(f.flow.begin());
    CHECK(f.flow.poll() == 5s);
    f.transport.always(k_token_path, refusal("slow_down"));
    CHECK(f.flow.poll() == 10s);
    CHECK(f.flow.poll() == 15s);
    f.transport.always(k_token_path, refusal("authorization_pending"));
    CHECK(f.flow.poll() == 15s);
    CHECK(f.failures.empty());
}

TEST_CASE("DG-04 a server that cannot be reached is asked less and less often, and then as before", "[login]") {
    Fixture f;
    REQUIRE(f.flow.begin());
    f.transport.always(k_token_path, [](const auto&) { return ScriptedTransport::nobody(); });
    CHECK(f.flow.poll() == 10s);
    CHECK(f.flow.poll() == 20s);
    CHECK(f.flow.poll() == 40s);
    CHECK(f.flow.poll() == 60s);
    CHECK(f.flow.poll() == 60s);
    f.transport.always(k_token_path, refusal("authorization_pending"));
    CHECK(f.flow.poll() == 5s);
    auto busy = refusal("slow_down", "too many", 429);
    busy.headers.set("Retry-After", "90");
    f.transport.always(k_token_path, busy);
    CHECK(f.flow.poll() == 90s);
    CHECK(f.failures.empty());
}

TEST_CASE("RFC 8628: every end is told in words of ours", "[login]") {
    const auto [code, expected] = GENERATE(table<std::string, std::string>({
        {"access_denied", agent::api::k_cancelled},
        {"expired_token", agent::api::k_timed_out},
        {"keyfob_not_allowed", agent::api::k_refused},
        {"invalid_grant", agent::api::k_failed},
        {"temporarily_unavailable", agent::api::k_failed},
        {"whatever", agent::api::k_failed},
    }));
    Fixture f;
    REQUIRE(f.flow.begin());
    f.transport.always(k_token_path, refusal(code));
    CHECK_FALSE(f.flow.poll());
    CHECK(f.end_code() == expected);
    CHECK_FALSE(f.flow.poll());
    CHECK(f.transport.requests(k_token_path).size() == 1); // it is over
    CHECK(f.failures.size() == 1);
}

TEST_CASE("a session by a code that could not be stored is revoked", "[login]") {
    Fixture f;
    REQUIRE(f.flow.begin());
    f.store_outcome = Error{ErrorKind::failed, "the keychain is full", "", agent::api::k_failed};
    f.transport.always(k_token_path, fakes::granted(k_server));
    CHECK_FALSE(f.flow.poll());
    CHECK(f.transport.requests(k_revoke_path).size() == 1);
    REQUIRE(f.failures.size() == 1);
    CHECK(f.failures[0].message == "the keychain is full");
}

TEST_CASE("a cancelled sign-in by a code is told to the server once it knows of it, and asks no more", "[login]") {
    Fixture f;
    const bool has_begun = GENERATE(true, false);
    if (has_begun)
        REQUIRE(f.flow.begin());
    f.flow.cancel();
    f.flow.cancel();
    CHECK(f.transport.requests(k_cancel_path).size() == (has_begun ? 1 : 0));
    CHECK_FALSE(f.flow.poll());
    CHECK(f.transport.requests(k_token_path).empty());
}
