#include "server/signin/pairing_service.h"

#include "tests/unit/server/signin/fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;
using platform::ErrorKind;
using platform::Parameters;

namespace {

template <typename T> bool is_over(const platform::Result<T>& result) {
    return !result && result.error().kind == ErrorKind::not_found;
}

Parameters with(const Parameters& answer, const std::string& name, const std::string& value) {
    Parameters changed;
    for (const auto& [known, old] : answer.all())
        if (known != name)
            changed.add(known, old);
    if (!value.empty())
        changed.add(name, value);
    return changed;
}

/// One sign-in that waits for the provider's answer.
struct Bench : Fixture {
    explicit Bench(std::vector<AllowRule> allow = anyone()) : Fixture(std::move(allow)) {}

    platform::Result<CallbackOutcome> come_back(const Parameters& query, const std::string& provider = "company") {
        return pairings.finish_upstream(provider, query, browser.cookie());
    }
    /// What the agent is told at the end of a sign-in that was refused.
    Parameters refusal(const platform::Result<CallbackOutcome>& outcome) {
        const std::string home = must(outcome).agent_url;
        CHECK(home.starts_with(device.redirect_uri + "?"));
        CHECK(state_of(flow) == PairingState::denied);
        const Parameters told = parameters_of(home);
        CHECK(told.get("state") == device.state);
        CHECK(told.get("iss") == k_issuer); // AS-06
        CHECK(told.find("code") == nullptr);
        return told;
    }

    Device device;
    Browser browser;
    Flow flow = to_proven(device, browser);
    std::string url = must(pairings.provider_url(flow, "company"));
};

} // namespace

TEST_CASE("RP-02, S5: a genuine state in another browser burns the sign-in, and no code is exchanged") {
    Bench bench;
    const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
    Browser stranger;
    SECTION("without any cookie") {}
    SECTION("with the cookie of a sign-in of its own") {
        bench.to_proven(Device(), stranger);
    }
    CHECK(is_over(bench.pairings.finish_upstream("company", answer, stranger.cookie())));
    CHECK(bench.company->completions == 0);
    CHECK(bench.state_of(bench.flow) == PairingState::denied);
    CHECK(is_over(bench.come_back(answer))); // nor can the one who began it finish it with a stolen code
    CHECK(bench.company->completions == 0);
}

TEST_CASE("RP-02: a cookie under the right name with another secret burns the sign-in too") {
    Bench bench;
    const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
    for (const std::string& text : {random_token(), std::string("garbage"), std::string()}) {
        CHECK(is_over(bench.pairings.finish_upstream("company", answer, [&](const std::string&) { return text; })));
        CHECK(bench.state_of(bench.flow) == PairingState::denied);
    }
    CHECK(bench.company->completions == 0);
}

TEST_CASE("S5: a state that is not the one that was sent exchanges no code, and burns nothing") {
    Bench bench;
    const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
    const std::string state = answer.get("state");
    for (const std::string& other :
         std::vector<std::string>{"", "guess", bench.flow.pairing.flow_id, bench.flow.pairing.flow_id + ".",
                                  bench.flow.pairing.flow_id + "." + random_token(), state.substr(0, state.size() - 1),
                                  state + "A", "AAAA" + state.substr(state.find('.')),
                                  bench.flow.secret.attempt(bench.flow.pairing.flow_id, "elsewhere").state}) {
        INFO(other);
        CHECK(is_over(bench.come_back(with(answer, "state", other))));
        CHECK(is_over(bench.pairings.finish_upstream("company", with(answer, "state", other), Browser().cookie())));
    }
    CHECK(bench.company->completions == 0);
    CHECK(bench.come_back(answer));
}

TEST_CASE("RP-02: a provider's answer counts once") {
    Bench bench;
    const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
    CHECK(bench.come_back(answer));
    CHECK(is_over(bench.come_back(answer)));
    CHECK(bench.company->completions == 1);
    CHECK(bench.state_of(bench.flow) == PairingState::identified);
}

TEST_CASE("RP-06: an answer at another provider's callback exchanges no code") {
    Bench bench;
    const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
    CHECK(is_over(bench.come_back(answer, "elsewhere")));
    CHECK(is_over(bench.come_back(answer, "unknown")));
    CHECK(is_over(bench.come_back(answer, "")));
    CHECK(bench.company->completions == 0);
    CHECK(bench.elsewhere->completions == 0);
    CHECK(bench.come_back(answer));
}

TEST_CASE("RP-06: after another choice the first provider's answer is nobody's") {
    Bench bench;
    const Parameters first = bench.company->sign_in(bench.url, bench.company->person("ann"));
    const std::string second = must(bench.pairings.provider_url(bench.flow, "elsewhere"));
    CHECK(is_over(bench.come_back(first)));
    CHECK(bench.company->completions == 0);
    CHECK(bench.come_back(bench.elsewhere->sign_in(second, bench.elsewhere->person("ann")), "elsewhere"));
}

TEST_CASE("RP-06: an error answer must carry the iss of the provider that was asked") {
    for (const char* issuer : {"", "https://elsewhere", "https://company/", "https://COMPANY"}) {
        Bench bench;
        INFO(issuer);
        const Parameters answer = with(bench.company->refuse(bench.url, "access_denied"), "iss", issuer);
        CHECK(bench.refusal(bench.come_back(answer)).get("error") == "server_error");
    }
}

TEST_CASE("RP-21, S9: every error of a provider comes home as one of a few codes") {
    for (const auto& [error, told] : {std::pair{"access_denied", "access_denied"},
                                      {"temporarily_unavailable", "temporarily_unavailable"},
                                      {"invalid_request", "server_error"},
                                      {"unauthorized_client", "server_error"},
                                      {"unsupported_response_type", "server_error"},
                                      {"invalid_scope", "server_error"},
                                      {"server_error", "server_error"},
                                      {"login_required", "server_error"},
                                      {"<script>", "server_error"}}) {
        Bench bench;
        INFO(error);
        const Parameters answer = bench.refusal(bench.come_back(bench.company->refuse(bench.url, error)));
        CHECK(answer.get("error") == told);
        CHECK(bench.company->completions == 0);
    }
}

TEST_CASE("RP-21: a provider's description comes home short and without control characters") {
    Bench bench;
    const std::string text = "You \x1b[31mcancelled\r\n" + std::string(5000, 'x');
    const Parameters answer = with(bench.company->refuse(bench.url, "access_denied"), "error_description", text);
    const std::string told = bench.refusal(bench.come_back(answer)).get("error_description");
    CHECK(told.starts_with("The company: You "));
    CHECK(told.size() < 400);
    CHECK(told.find_first_of("\x1b\r\n") == std::string::npos);
}

TEST_CASE("an answer with neither code nor error comes home, and nothing is exchanged") {
    Bench bench;
    const Parameters answer = with(bench.company->sign_in(bench.url, bench.company->person("ann")), "code", "");
    CHECK(bench.refusal(bench.come_back(answer)).get("error") == "server_error");
    CHECK(bench.company->completions == 0);
}

TEST_CASE("RP-23: a code is sent once, also when the provider does not answer") {
    for (const auto& [kind, told] : {std::pair{ErrorKind::unreachable, "temporarily_unavailable"},
                                     {ErrorKind::timed_out, "temporarily_unavailable"},
                                     {ErrorKind::invalid, "server_error"},
                                     {ErrorKind::denied, "server_error"}}) {
        Bench bench;
        const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
        bench.company->failure = platform::Error{kind, "on purpose"};
        CHECK(bench.refusal(bench.come_back(answer)).get("error") == told);
        bench.company->failure.reset();
        CHECK(is_over(bench.come_back(answer)));
        CHECK(bench.company->completions == 1);
    }
}

TEST_CASE("a provider that cannot be asked at all ends the sign-in with a word to the agent") {
    Bench bench;
    bench.company->failure = platform::Error{ErrorKind::timed_out, "it does not answer"};
    const Parameters told = bench.parameters_of(must(bench.pairings.provider_url(bench.flow, "company")));
    CHECK(told.get("error") == "temporarily_unavailable");
    CHECK(told.get("error_description") == "The company: it does not answer");
    CHECK(bench.state_of(bench.flow) == PairingState::denied);
}

TEST_CASE("an unknown provider cannot be chosen") {
    Bench bench;
    CHECK(is_over(bench.pairings.provider_url(bench.flow, "unknown")));
    CHECK(is_over(bench.pairings.provider_url(bench.flow, "")));
    CHECK(bench.state_of(bench.flow) == PairingState::proven);
}

TEST_CASE("RP-13, S15: whom no rule lets in is refused, and no user is made") {
    Bench bench({{"company", AllowRule::EmailDomain{"example.com"}}});
    Identity person = bench.company->person("ann");
    SECTION("another domain") {
        person.email = "ann@evil-example.com";
    }
    SECTION("not verified") {
        person.email_verified = false;
    }
    SECTION("no e-mail") {
        person.email.clear();
    }
    const Parameters told = bench.refusal(bench.come_back(bench.company->sign_in(bench.url, person)));
    CHECK(told.get("error") == "keyfob_not_allowed");
    CHECK(bench.database.number("SELECT COUNT(*) FROM users") == 0);
}

TEST_CASE("S15: without rules nobody signs in") {
    Bench bench(std::vector<AllowRule>{});
    const Parameters answer = bench.company->sign_in(bench.url, bench.company->person("ann"));
    CHECK(bench.refusal(bench.come_back(answer)).get("error") == "keyfob_not_allowed");
}

TEST_CASE("S14: the same subject at two providers is two users") {
    Fixture fixture;
    Browser browser;
    const Device device;
    const IssuedCookie first = fixture.to_session(device);
    const Flow flow = fixture.to_proven(Device(), browser);
    const auto answer = fixture.elsewhere->sign_in(must(fixture.pairings.provider_url(flow, "elsewhere")),
                                                   fixture.elsewhere->person("ann"));
    must(fixture.pairings.finish_upstream("elsewhere", answer, browser.cookie()));
    const User second = must(fixture.pairings.confirmation(flow.pairing.flow_id, browser.cookie())).user;
    CHECK(second.subject == first.owner.user.subject);
    CHECK(second.id != first.owner.user.id);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM users") == 2);
}

TEST_CASE("RP-12: the same subject with another e-mail is the same user") {
    Fixture fixture;
    const IssuedCookie first = fixture.to_session(Device());
    Browser browser;
    const Flow flow = fixture.to_proven(Device(), browser);
    Identity person = fixture.company->person("ann");
    person.email = "ann@married.example";
    must(fixture.pairings.finish_upstream(
        "company", fixture.company->sign_in(must(fixture.pairings.provider_url(flow, "company")), person),
        browser.cookie()));
    const User second = must(fixture.pairings.confirmation(flow.pairing.flow_id, browser.cookie())).user;
    CHECK(second.id == first.owner.user.id);
    CHECK(second.email == "ann@married.example");
}

TEST_CASE("RP-30: two people in one browser get what is theirs") {
    Fixture fixture;
    Browser browser;
    const Flow ann = fixture.to_identified(Device(), browser, "ann");
    const Flow bob = fixture.to_identified(Device(), browser, "bob");
    CHECK(must(fixture.pairings.confirmation(ann.pairing.flow_id, browser.cookie())).user.name == "ann");
    CHECK(must(fixture.pairings.confirmation(bob.pairing.flow_id, browser.cookie())).user.name == "bob");
}

TEST_CASE("AS-22: a disabled user is told at the provider's answer, and can confirm nothing") {
    Fixture fixture;
    fixture.to_session(Device());
    Browser browser;
    const Flow open = fixture.to_identified(Device(), browser);
    fixture.disable_everybody();
    CHECK(is_over(fixture.pairings.confirmation(open.pairing.flow_id, browser.cookie())));
    CHECK(is_over(fixture.decide(open, browser, true)));
    const Flow flow = fixture.to_proven(Device(), browser);
    const auto outcome =
        must(fixture.pairings.finish_upstream("company", fixture.answer(flow, "ann"), browser.cookie()));
    CHECK(Fixture::parameters_of(outcome.agent_url).get("error") == "keyfob_not_allowed");
}
