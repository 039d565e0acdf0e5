#include "tests/unit/agent/login/flow_fixture.h"

#include "agent/api/error_code.h"
#include "platform/digest.h"
#include "platform/encoding.h"

#include <future>

using namespace keyfob;
using namespace keyfob::agent::login::tests;
using agent::login::Page;
using platform::ErrorKind;

TEST_CASE("AS-03 a code is redeemed with the verifier of its push, by the key of its push", "[login]") {
    FlowFixture f;
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
    FlowFixture f;
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
    FlowFixture f;
    const std::string state = f.open();
    auto answer = FlowFixture::answer(state, "error", row.error);
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
    FlowFixture f;
    const std::string state = f.open();
    auto answer = FlowFixture::answer(state, "unknown", "x");
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
    FlowFixture f;
    auto answer = FlowFixture::answer(f.open(), "error", "server_error");
    answer.add("error_description", "\x1b]0;title\x07\n\u202e" + std::string(5000, 'x'));
    REQUIRE(f.flow.finish(answer).page == Page::failed);
    const std::string& message = f.failures.at(0).message;
    REQUIRE(message.size() < 600);
    for (const char* bad : {"\x1b", "\x07", "\n", "\u202e"})
        REQUIRE(message.find(bad) == std::string::npos);
}

TEST_CASE("S8 a lost answer and a restarting server cost no sign-in: the same request is sent again", "[login]") {
    FlowFixture f;
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
    FlowFixture f;
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
    FlowFixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::rate_limited("0"); });
    REQUIRE(f.come_back(state) == Page::signed_in);
    REQUIRE(f.asked(k_token_path) == 2);
    REQUIRE(f.failures.empty());
}

TEST_CASE("OP-03 a server that wants to be left alone for longer than the code lives ends the sign-in at once",
          "[login]") {
    FlowFixture f(std::chrono::hours(1)); // whoever pauses does not come to an end
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::rate_limited("55"); });
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 1);
    REQUIRE(f.failures.at(0).message.find("too many requests") != std::string::npos);
}

TEST_CASE("RP-23 what the server has refused is not asked again", "[login]") {
    FlowFixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::refused(400, "invalid_grant", "used"); });
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 1);
    REQUIRE(f.failures.at(0).code == agent::api::k_failed);
    REQUIRE(f.come_back(state) == Page::failed);
    REQUIRE(f.asked(k_token_path) == 1);
}

TEST_CASE("AS-11 a fresh nonce is signed once, for the same code", "[login]") {
    FlowFixture f;
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
    FlowFixture f;
    f.transport.always(k_token_path, answer);
    REQUIRE(f.come_back(f.open()) == Page::failed);
    REQUIRE(f.stored.empty());
    REQUIRE(f.failures.size() == 1);
}

TEST_CASE("a session that could not be stored is revoked, and the browser is not told that it is there", "[login]") {
    FlowFixture f;
    f.store_outcome = Error{ErrorKind::locked, "the keychain is locked", "unlock it", agent::api::k_keychain_locked};
    REQUIRE(f.come_back(f.open()) == Page::failed);
    REQUIRE(f.failures.at(0).code == agent::api::k_keychain_locked);
    const auto revocations = f.transport.requests(k_revoke_path);
    REQUIRE(revocations.size() == 1);
    REQUIRE(form_of(revocations[0]).get("token") == "session-1");
    REQUIRE(key_of(revocations[0]) == key_of(f.transport.requests(k_par_path).at(0)));
}

TEST_CASE("a cancelled sign-in is told to the server once it knows of it, and to nobody before", "[login]") {
    FlowFixture f;
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
    FlowFixture f;
    const std::string state = f.open();
    REQUIRE(f.come_back(state) == Page::signed_in);
    f.flow.cancel();
    REQUIRE(f.asked(k_cancel_path) == 0);
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("OP-03 a sign-in that waits for its server, for as long as that asked, can be cancelled", "[login]") {
    const bool limited = GENERATE(false, true);
    FlowFixture f(std::chrono::hours(limited ? 0 : 1)); // it ends by being woken, or this test does not end
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
