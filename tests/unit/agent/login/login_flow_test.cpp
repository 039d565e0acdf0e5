#include "agent/login/login_flow.h"

#include "agent/api/error_code.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/jwt.h"
#include "platform/jose/preflight.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_transport.h"
#include "tests/fakes/server_answers.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using agent::login::LoginFlow;
using agent::login::Page;
using agent::login::Step;
using fakes::form_of;
using fakes::ScriptedTransport;
using platform::Error;
using platform::ErrorKind;
using platform::Parameters;
using platform::Result;
using server::api::k_authorize_path;
using server::api::k_cancel_path;
using server::api::k_par_path;
using server::api::k_revoke_path;
using server::api::k_token_path;

namespace {

const std::string k_server = "http://127.0.0.1:8420";
const std::string k_redirect_uri = "http://127.0.0.1:40123/cb/nonce";

std::string key_of(const platform::http::ClientRequest& request) {
    const auto proof = platform::jose::parse_jwt(*request.headers.find("DPoP"));
    REQUIRE(proof);
    const auto key = platform::jose::EcKey::from_public_jwk(*proof->header->getObject("jwk"));
    REQUIRE(key);
    return key->thumbprint();
}

/// A flow whose server is a script, and what came out of it.
struct Fixture {
    fakes::ManualClock clock;
    platform::SystemRandom random;
    ScriptedTransport transport;
    std::vector<std::string> stored; ///< session ids
    std::vector<Error> failures;
    Result<void> store_outcome;
    LoginFlow flow;

    explicit Fixture(std::chrono::milliseconds pause = {})
        : flow({platform::Url::parse(k_server)->origin, k_redirect_uri, "ann@host", "Debian", pause},
               {[this](server::api::SessionGrant grant, const platform::jose::EcKey&) {
                    stored.push_back(grant.session_id);
                    return store_outcome;
                },
                [this](const Error& error) { failures.push_back(error); }},
               transport, clock, random) {
        transport.always(k_par_path, fakes::pushed());
        transport.always(k_token_path, fakes::granted(k_server));
        transport.always(k_cancel_path, fakes::response(200, "{}"));
        transport.always(k_revoke_path, fakes::response(200, "{}"));
    }

    /// The browser opens the start page; the state of its push.
    std::string open() {
        const auto step = flow.begin();
        REQUIRE(step);
        REQUIRE_FALSE(step->location.empty());
        return form_of(transport.requests(k_par_path).back()).get("state");
    }
    static Parameters answer(const std::string& state, const std::string& name = "code",
                             const std::string& value = "code-1") {
        Parameters parameters;
        parameters.add("state", state);
        parameters.add("iss", k_server);
        parameters.add(name, value);
        return parameters;
    }
    static Parameters question(const std::string& state, const std::string& challenge = "flow.challenge",
                               const std::string& issuer = k_server) {
        Parameters parameters;
        parameters.add("challenge", challenge);
        parameters.add("state", state);
        parameters.add("iss", issuer);
        return parameters;
    }
    Page come_back(const std::string& state) { return flow.finish(answer(state)).page; }
    [[nodiscard]] std::size_t asked(const char* path) const { return transport.requests(path).size(); }
};

const auto k_restarting = [](const platform::http::ClientRequest&) { return fakes::response(503, "restarting"); };

} // namespace

TEST_CASE("AS-03 a start pushes state, challenge and the device's name, and goes to /authorize with nothing else",
          "[login]") {
    Fixture f;
    const auto step = f.flow.begin();
    REQUIRE(step);
    const auto form = form_of(f.transport.requests(k_par_path).at(0));
    CHECK(form.get("response_type") == "code");
    CHECK(form.get("code_challenge_method") == "S256");
    CHECK(form.get("code_challenge").size() == 43);
    CHECK(form.get("state").size() == 43);
    CHECK(form.get("redirect_uri") == k_redirect_uri);
    CHECK(form.get("device_name") == "ann@host");
    CHECK(form.get("device_os") == "Debian");
    CHECK(step->location ==
          k_server + k_authorize_path + "?client_id=keyfob-agent&request_uri=urn%3Akeyfob%3Arequest%3A1");
}

TEST_CASE("AS-08 the server's question is answered with the key of the push, at the named server", "[login]") {
    Fixture f;
    const std::string state = f.open();
    const Step step = f.flow.answer_challenge(Fixture::question(state));
    const auto url = platform::Url::parse(step.location);
    REQUIRE(url);
    CHECK(url->origin.text() == k_server);
    CHECK(url->path == server::api::k_preflight_path);
    const auto parameters = Parameters::parse(url->query);
    REQUIRE(parameters);
    REQUIRE(parameters->all().size() == 1);
    const auto proof = platform::jose::UnverifiedPreflight::parse(parameters->get("proof"));
    REQUIRE(proof);
    const auto pushed = platform::jose::parse_jwt(*f.transport.requests(k_par_path).at(0).headers.find("DPoP"));
    const auto verified = proof->verify(*platform::jose::EcKey::from_public_jwk(*pushed->header->getObject("jwk")));
    REQUIRE(verified);
    CHECK(verified->audience == k_server);
    CHECK(verified->challenge == "flow.challenge");
    CHECK(verified->request_hash == platform::secret_hash("urn:keyfob:request:1"));
}

TEST_CASE("AS-08 a question with another state or issuer, or without a challenge, is not answered", "[login]") {
    Fixture f;
    CHECK(f.flow.answer_challenge(Fixture::question("")).page == Page::not_yours); // before anything was pushed
    const std::string old = f.open();
    const std::string state = f.open();
    for (const Parameters& question :
         {Fixture::question(old), Fixture::question("guess"),
          Fixture::question(state, "flow.challenge", "https://evil.example"), Fixture::question(state, ""),
          Fixture::question(state, std::string(257, 'c')), Parameters()}) {
        const Step step = f.flow.answer_challenge(question);
        CHECK(step.location.empty());
        CHECK(step.page == Page::not_yours);
    }
    CHECK_FALSE(f.flow.has_ended());
    CHECK_FALSE(f.flow.answer_challenge(Fixture::question(state)).location.empty());
}

TEST_CASE("AS-08 of one push one challenge is answered; the same again, since browsers repeat themselves", "[login]") {
    Fixture f;
    const std::string state = f.open();
    CHECK_FALSE(f.flow.answer_challenge(Fixture::question(state, "flow.one")).location.empty());
    CHECK(f.flow.answer_challenge(Fixture::question(state, "flow.two")).location.empty());
    CHECK_FALSE(f.flow.answer_challenge(Fixture::question(state, "flow.one")).location.empty());
    CHECK_FALSE(f.flow.answer_challenge(Fixture::question(f.open(), "flow.two")).location.empty());
}

TEST_CASE("AS-08 after its end a sign-in answers nothing", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.flow.cancel();
    const Step step = f.flow.answer_challenge(Fixture::question(state));
    CHECK(step.location.empty());
    CHECK(step.page == Page::over);
}

TEST_CASE("S11 whatever /par answers, the browser is sent to the configured server only", "[login]") {
    const auto request_uri =
        GENERATE(values<std::string>({"https://evil.example/authorize", "//evil.example", "javascript:alert(1)",
                                      "x&client_id=other&redirect_uri=https://evil.example/", "x#fragment",
                                      "x y\"<>'\\", "x\r\nLocation: https://evil.example/\r\n\r\n<script>"}));
    CAPTURE(request_uri);
    Fixture f;
    f.transport.then([&](const auto&) { return fakes::pushed(request_uri); });
    const auto step = f.flow.begin();
    REQUIRE(step);
    const auto url = platform::Url::parse(step->location);
    REQUIRE(url);
    REQUIRE(url->origin.text() == k_server);
    REQUIRE(url->path == k_authorize_path);
    const auto query = Parameters::parse(url->query);
    REQUIRE(query);
    REQUIRE(query->all().size() == 2);
    REQUIRE(query->get("client_id") == "keyfob-agent");
    REQUIRE(query->get("request_uri") == request_uri);
}

TEST_CASE("S11 an answer of /par that is none begins nothing", "[login]") {
    const auto body =
        GENERATE(values<std::string>({"", "https://evil.example/", "[]", "{}", R"({"request_uri":5})",
                                      R"({"request_uri":""})", R"({"location":"https://evil.example/"})"}));
    Fixture f;
    f.transport.then([&](const auto&) { return fakes::response(201, body); });
    REQUIRE_FALSE(f.flow.begin());
    REQUIRE_FALSE(f.flow.has_ended());
    f.transport.then([](const auto&) {
        auto redirect = fakes::response(302, "");
        redirect.headers.set("Location", "https://evil.example/");
        return redirect;
    });
    REQUIRE_FALSE(f.flow.begin());
    REQUIRE(f.transport.requests().size() == 2); // no redirect was followed
}

TEST_CASE("a second opening pushes anew, and only the newest counts", "[login]") {
    Fixture f;
    const std::string first = f.open();
    const std::string second = f.open();
    const auto pushes = f.transport.requests(k_par_path);
    REQUIRE(first != second);
    REQUIRE(form_of(pushes[0]).get("code_challenge") != form_of(pushes[1]).get("code_challenge"));
    REQUIRE(key_of(pushes[0]) == key_of(pushes[1])); // so that the server knows which one is superseded
    REQUIRE(f.come_back(first) == Page::not_yours);
    REQUIRE(f.asked(k_token_path) == 0);
    REQUIRE(f.come_back(second) == Page::signed_in);
}

TEST_CASE("a push that the server refuses, the sixth for example, leaves the one before as it is", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::refused(429, "slow_down", "too many pushes"); });
    const auto refused = f.flow.begin();
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().message.find("too many pushes") != std::string::npos);
    REQUIRE(f.failures.empty());
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("AG-03 an answer with a wrong state or issuer changes nothing", "[login]") {
    Fixture f;
    const std::string state = f.open();
    const auto answer = [](const std::string& given, const char* issuer) {
        Parameters parameters;
        parameters.add("code", "code-1");
        if (!given.empty())
            parameters.add("state", given);
        if (issuer != nullptr)
            parameters.add("iss", issuer);
        return parameters;
    };
    const std::string good = k_server;
    for (const auto& wrong :
         {answer("", good.c_str()), answer("x", good.c_str()), answer(state + "x", good.c_str()),
          answer(state.substr(1), good.c_str()), answer(state, nullptr), answer(state, ""),
          answer(state, "http://127.0.0.1:8420/"), answer(state, "http://localhost:8420"),
          answer(state, "https://127.0.0.1:8420"), answer(state, "https://evil.example"), Parameters()})
        REQUIRE(f.flow.finish(wrong).page == Page::not_yours);
    REQUIRE(f.asked(k_token_path) == 0);
    REQUIRE(f.failures.empty());
    REQUIRE_FALSE(f.flow.has_ended());
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("AG-03 an error with a wrong state does not end the sign-in", "[login]") {
    Fixture f;
    const std::string state = f.open();
    REQUIRE(f.flow.finish(Fixture::answer("x", "error", "access_denied")).page == Page::not_yours);
    REQUIRE(f.failures.empty());
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("AG-03 before anything was pushed no answer is ours", "[login]") {
    Fixture f;
    REQUIRE(f.come_back("") == Page::not_yours);
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("AS-03 a code is redeemed with the verifier of its push, by the key of its push", "[login]") {
    Fixture f;
    REQUIRE(f.come_back(f.open()) == Page::signed_in);
    const auto push = f.transport.requests(k_par_path).at(0);
    const auto redemption = f.transport.requests(k_token_path).at(0);
    const auto form = form_of(redemption);
    CHECK(form.get("code") == "code-1");
    CHECK(form.get("redirect_uri") == k_redirect_uri);
    CHECK(platform::base64url_encode(platform::sha256(form.get("code_verifier"))) ==
          form_of(push).get("code_challenge"));
    CHECK(key_of(redemption) == key_of(push));
    CHECK(f.stored == std::vector<std::string>{"session-1"});
    CHECK(f.failures.empty());
}

TEST_CASE("AG-03 a code is used once, however often the browser brings it", "[login]") {
    Fixture f;
    const std::string state = f.open();
    std::vector<std::future<Page>> pages;
    for (int i = 0; i < 4; ++i)
        pages.push_back(std::async(std::launch::async, [&] { return f.come_back(state); }));
    for (auto& page : pages)
        REQUIRE(page.get() == Page::signed_in);
    REQUIRE(f.asked(k_token_path) == 1);
    REQUIRE(f.stored.size() == 1);
}

TEST_CASE("S9 every error of RFC 6749 section 4.1.2.1 ends the sign-in at once with its text and code", "[login]") {
    struct Row {
        const char* error;
        const char* code;
        Page page;
    };
    const auto row = GENERATE(values<Row>({
        {"access_denied", agent::api::k_cancelled, Page::declined},
        {"keyfob_not_allowed", agent::api::k_refused, Page::not_allowed},
        {"temporarily_unavailable", agent::api::k_failed, Page::failed},
        {"server_error", agent::api::k_failed, Page::failed},
        {"invalid_request", agent::api::k_failed, Page::failed},
        {"unauthorized_client", agent::api::k_failed, Page::failed},
        {"unsupported_response_type", agent::api::k_failed, Page::failed},
        {"invalid_scope", agent::api::k_failed, Page::failed},
        {"something_new", agent::api::k_failed, Page::failed},
    }));
    const bool has_text = GENERATE(true, false);
    CAPTURE(row.error, has_text);
    Fixture f;
    const std::string state = f.open();
    auto answer = Fixture::answer(state, "error", row.error);
    if (has_text)
        answer.add("error_description", "these are the reasons");
    REQUIRE(f.flow.finish(answer).page == row.page);
    REQUIRE(f.failures.size() == 1);
    REQUIRE(f.failures[0].code == row.code);
    REQUIRE(f.failures[0].message.find(has_text ? "these are the reasons" : row.error) != std::string::npos);
    REQUIRE(f.flow.has_ended());
    REQUIRE(f.asked(k_token_path) == 0);
    REQUIRE(f.come_back(state) == row.page); // the end is the end
    REQUIRE(f.failures.size() == 1);
}

TEST_CASE("S9 an answer with neither code nor error ends the sign-in too, and an error beats a code", "[login]") {
    Fixture f;
    const std::string state = f.open();
    auto answer = Fixture::answer(state, "unknown", "x");
    SECTION("neither") {}
    SECTION("an empty code") {
        answer.add("code", "");
    }
    SECTION("both") {
        answer.add("code", "code-1");
        answer.add("error", "server_error");
    }
    REQUIRE(f.flow.finish(answer).page == Page::failed);
    REQUIRE(f.failures.at(0).code == agent::api::k_failed);
    REQUIRE(f.asked(k_token_path) == 0);
}

TEST_CASE("RP-21 the text of an error is cut and has no control characters", "[login]") {
    Fixture f;
    auto answer = Fixture::answer(f.open(), "error", "server_error");
    answer.add("error_description", "\x1b]0;title\x07\n\u202e" + std::string(5000, 'x'));
    REQUIRE(f.flow.finish(answer).page == Page::failed);
    const std::string& message = f.failures.at(0).message;
    REQUIRE(message.size() < 600);
    for (const char* bad : {"\x1b", "\x07", "\n", "\u202e"})
        REQUIRE(message.find(bad) == std::string::npos);
}

TEST_CASE("S8 a lost answer and a restarting server cost no sign-in: the same request is sent again", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.transport.then(k_restarting);
    f.transport.then([](const auto&) { return Error{ErrorKind::timed_out, "no answer"}; });
    f.transport.then([](const auto&) { return Error{ErrorKind::unreachable, "reset"}; });
    REQUIRE(f.come_back(state) == Page::signed_in);
    const auto attempts = f.transport.requests(k_token_path);
    REQUIRE(attempts.size() == 4);
    for (const auto& attempt : attempts)
        REQUIRE(attempt.body == attempts[0].body);
    REQUIRE(f.stored.size() == 1);
}

TEST_CASE("S8 a server is waited for as long as the code lives, and no longer", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.transport.always(k_token_path, [&](const auto&) {
        f.clock.advance(std::chrono::seconds(10));
        return ScriptedTransport::nobody();
    });
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 6); // at 0, 10, … 50 seconds of a minute
    REQUIRE(f.failures.at(0).code == agent::api::k_failed);
    REQUIRE(f.failures.at(0).message.find("nobody there") != std::string::npos);
}

TEST_CASE("OP-03 a server that takes no more right now is asked again", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::rate_limited("0"); });
    REQUIRE(f.come_back(state) == Page::signed_in);
    REQUIRE(f.asked(k_token_path) == 2);
    REQUIRE(f.failures.empty());
}

TEST_CASE("OP-03 a server that wants to be left alone for longer than the code lives ends the sign-in at once",
          "[login]") {
    Fixture f(std::chrono::hours(1)); // whoever pauses does not come to an end
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::rate_limited("55"); });
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 1);
    REQUIRE(f.failures.at(0).message.find("too many requests") != std::string::npos);
}

TEST_CASE("RP-23 what the server has refused is not asked again", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::refused(400, "invalid_grant", "used"); });
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 1);
    REQUIRE(f.failures.at(0).code == agent::api::k_failed);
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 1);
}

TEST_CASE("AS-11 a fresh nonce is signed once, for the same code", "[login]") {
    Fixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) {
        auto answer = fakes::refused(400, "use_dpop_nonce");
        answer.headers.set("DPoP-Nonce", "nonce-2");
        return answer;
    });
    REQUIRE(f.come_back(state) == Page::signed_in);
    const auto attempts = f.transport.requests(k_token_path);
    REQUIRE(attempts.size() == 2);
    const auto proof = platform::jose::parse_jwt(*attempts[1].headers.find("DPoP"));
    REQUIRE(proof->payload->get("nonce") == "nonce-2");
}

TEST_CASE("an answer of /token that is not a session of this server is none", "[login]") {
    const auto answer =
        GENERATE(fakes::granted("https://evil.example"), fakes::granted(k_server, ""), fakes::response(200, "{}"),
                 fakes::response(200, "<html>"), fakes::renewed("first", "challenge-1"), fakes::response(302, ""));
    Fixture f;
    f.transport.always(k_token_path, answer);
    REQUIRE(f.come_back(f.open()) == Page::failed);
    REQUIRE(f.stored.empty());
    REQUIRE(f.failures.size() == 1);
}

TEST_CASE("a session that could not be stored is revoked, and the browser is not told that it is there", "[login]") {
    Fixture f;
    f.store_outcome = Error{ErrorKind::locked, "the keychain is locked", "unlock it", agent::api::k_keychain_locked};
    REQUIRE(f.come_back(f.open()) == Page::failed);
    REQUIRE(f.failures.at(0).code == agent::api::k_keychain_locked);
    const auto revocations = f.transport.requests(k_revoke_path);
    REQUIRE(revocations.size() == 1);
    REQUIRE(form_of(revocations[0]).get("token") == "session-1");
    REQUIRE(key_of(revocations[0]) == key_of(f.transport.requests(k_par_path).at(0)));
}

TEST_CASE("a cancelled sign-in is told to the server once it knows of it, and to nobody before", "[login]") {
    Fixture f;
    SECTION("before the browser came") {
        f.flow.cancel();
        REQUIRE(f.transport.requests().empty());
    }
    SECTION("while the browser is away") {
        const std::string state = f.open();
        f.flow.cancel();
        REQUIRE(f.asked(k_cancel_path) == 1);
        REQUIRE(key_of(f.transport.requests(k_cancel_path)[0]) == key_of(f.transport.requests(k_par_path)[0]));
        REQUIRE(f.come_back(state) == Page::over);
        REQUIRE(f.asked(k_token_path) == 0);
    }
    SECTION("and the server cannot be told") {
        f.open();
        f.transport.then([](const auto&) { return ScriptedTransport::nobody(); });
        f.flow.cancel();
    }
    REQUIRE(f.flow.has_ended());
    const std::size_t pushes = f.asked(k_par_path);
    const auto reopened = f.flow.begin();
    REQUIRE(reopened);
    REQUIRE(reopened->location.empty());
    REQUIRE(reopened->page == Page::over);
    REQUIRE(f.asked(k_par_path) == pushes);
}

TEST_CASE("a sign-in that has ended cannot be cancelled", "[login]") {
    Fixture f;
    const std::string state = f.open();
    REQUIRE(f.come_back(state) == Page::signed_in);
    f.flow.cancel();
    REQUIRE(f.asked(k_cancel_path) == 0);
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("OP-03 a sign-in that waits for its server, for as long as that asked, can be cancelled", "[login]") {
    const bool limited = GENERATE(false, true);
    Fixture f(std::chrono::hours(limited ? 0 : 1)); // it ends by being woken, or this test does not end
    const std::string state = f.open();
    std::promise<void> tried;
    f.transport.then([&](const auto&) {
        tried.set_value();
        return limited ? Result<platform::http::ClientResponse>(fakes::rate_limited("50"))
                       : ScriptedTransport::nobody();
    });
    auto page = std::async(std::launch::async, [&] { return f.come_back(state); });
    tried.get_future().wait();
    f.flow.cancel();
    REQUIRE(page.get() != Page::signed_in);
    REQUIRE(f.asked(k_token_path) == 1);
    REQUIRE(f.asked(k_cancel_path) == 1);
    REQUIRE(f.stored.empty());
}
