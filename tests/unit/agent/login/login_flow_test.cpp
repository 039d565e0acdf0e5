#include "tests/unit/agent/login/flow_fixture.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/preflight.h"

using namespace keyfob;
using namespace keyfob::agent::login::tests;
using agent::login::Page;
using agent::login::Step;
using server::api::k_authorize_path;

TEST_CASE("AS-03 a start pushes state, challenge and the device's name, and goes to /authorize with nothing else",
          "[login]") {
    FlowFixture f;
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
    FlowFixture f;
    const std::string state = f.open();
    const Step step = f.flow.answer_challenge(FlowFixture::question(state));
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
    FlowFixture f;
    CHECK(f.flow.answer_challenge(FlowFixture::question("")).page == Page::not_yours); // before anything was pushed
    const std::string old = f.open();
    const std::string state = f.open();
    for (const Parameters& question :
         {FlowFixture::question(old), FlowFixture::question("guess"),
          FlowFixture::question(state, "flow.challenge", "https://evil.example"), FlowFixture::question(state, ""),
          FlowFixture::question(state, std::string(257, 'c')), Parameters()}) {
        const Step step = f.flow.answer_challenge(question);
        CHECK(step.location.empty());
        CHECK(step.page == Page::not_yours);
    }
    CHECK_FALSE(f.flow.has_ended());
    CHECK_FALSE(f.flow.answer_challenge(FlowFixture::question(state)).location.empty());
}

TEST_CASE("AS-08 of one push one challenge is answered; the same again, since browsers repeat themselves", "[login]") {
    FlowFixture f;
    const std::string state = f.open();
    CHECK_FALSE(f.flow.answer_challenge(FlowFixture::question(state, "flow.one")).location.empty());
    CHECK(f.flow.answer_challenge(FlowFixture::question(state, "flow.two")).location.empty());
    CHECK_FALSE(f.flow.answer_challenge(FlowFixture::question(state, "flow.one")).location.empty());
    CHECK_FALSE(f.flow.answer_challenge(FlowFixture::question(f.open(), "flow.two")).location.empty());
}

TEST_CASE("AS-08 after its end a sign-in answers nothing", "[login]") {
    FlowFixture f;
    const std::string state = f.open();
    f.flow.cancel();
    const Step step = f.flow.answer_challenge(FlowFixture::question(state));
    CHECK(step.location.empty());
    CHECK(step.page == Page::over);
}

TEST_CASE("S11 whatever /par answers, the browser is sent to the configured server only", "[login]") {
    const auto request_uri =
        GENERATE(values<std::string>({"https://evil.example/authorize", "//evil.example", "javascript:alert(1)",
                                      "x&client_id=other&redirect_uri=https://evil.example/", "x#fragment",
                                      "x y\"<>'\\", "x\r\nLocation: https://evil.example/\r\n\r\n<script>"}));
    CAPTURE(request_uri);
    FlowFixture f;
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
    FlowFixture f;
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
    FlowFixture f;
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
    FlowFixture f;
    const std::string state = f.open();
    f.transport.then([](const auto&) { return fakes::refused(429, "slow_down", "too many pushes"); });
    const auto refused = f.flow.begin();
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().message.find("too many pushes") != std::string::npos);
    REQUIRE(f.failures.empty());
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("AG-03 an answer with a wrong state or issuer changes nothing", "[login]") {
    FlowFixture f;
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
    FlowFixture f;
    const std::string state = f.open();
    REQUIRE(f.flow.finish(FlowFixture::answer("x", "error", "access_denied")).page == Page::not_yours);
    REQUIRE(f.failures.empty());
    REQUIRE(f.come_back(state) == Page::signed_in);
}

TEST_CASE("AG-03 before anything was pushed no answer is ours", "[login]") {
    FlowFixture f;
    REQUIRE(f.come_back("") == Page::not_yours);
    REQUIRE(f.transport.requests().empty());
}
