#include "server/signin/client_request.h"

#include "tests/unit/server/signin/client_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;
using platform::ErrorKind;

namespace {

/// The code of what a request with one thing changed is answered; empty when it is pushed.
std::string code_of(const std::function<void(ClientRequest&)>& change) {
    ClientFixture fixture;
    ClientRequest request = Program().request();
    change(request);
    const auto pushed = fixture.pairings.push(k_program, request);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM pairings") == (pushed ? 1 : 0));
    return pushed ? "" : pushed.error().code;
}

bool is_over(const platform::Result<Begun>& begun) {
    return !begun && begun.error().kind == ErrorKind::not_found;
}

} // namespace

TEST_CASE("a standard client's sign-in goes from the request to a code that comes home with state and iss") {
    ClientFixture fixture;
    const Program program;
    Browser browser;
    const Flow flow = fixture.to_client_identified(program, browser);
    CHECK(flow.pairing.client_id == k_program.id);
    CHECK(flow.pairing.device_name == k_program.name);
    CHECK(flow.pairing.device_key.empty());
    const std::string url = must(fixture.decide(flow, browser, true));
    CHECK(url.starts_with(program.redirect_uri + "?code="));
    const auto answer = Fixture::parameters_of(url);
    CHECK(answer.get("state") == program.state);
    CHECK(answer.get("iss") == k_issuer); // AS-06
    CHECK(answer.all().size() == 3);
}

TEST_CASE("AS-03: a standard client needs an S256 challenge") {
    CHECK(code_of([](auto&) {}).empty());
    for (const std::string& challenge : std::vector<std::string>{
             "", "short", std::string(128, 'a'), random_token() + "=", random_token() + "AA", std::string(43, '.')})
        CHECK(code_of([&](auto& request) { request.code_challenge = challenge; }) == "invalid_request");
    for (const char* method : {"", "plain", "s256", "S512"})
        CHECK(code_of([&](auto& request) { request.code_challenge_method = method; }) == "invalid_request");
}

TEST_CASE("a standard client is refused what there is not") {
    CHECK(code_of([](auto& request) { request.response_type = ""; }) == "invalid_request");
    for (const char* type : {"token", "id_token", "code token", "CODE", "none"})
        CHECK(code_of([&](auto& request) { request.response_type = type; }) == "unsupported_response_type");
    for (const char* mode : {"fragment", "form_post", "jwt"})
        CHECK(code_of([&](auto& request) { request.response_mode = mode; }) == "invalid_request");
    CHECK(code_of([](auto& request) { request.response_mode = "query"; }).empty());
    for (const char* scope : {"openid", "profile email", "*"}) // AS-23
        CHECK(code_of([&](auto& request) { request.scope = scope; }) == "invalid_scope");
}

TEST_CASE(
    "AS-02, AS-18: a redirect URI that is not the client's own, or a state that cannot be given back, leaves nothing") {
    for (const char* uri : {"", "https://evil.example/callback", "http://localhost:40002/callback",
                            "http://127.0.0.1:40002/", "http://[::1]:40002/callback"})
        CHECK(code_of([&](auto& request) { request.redirect_uri = uri; }) == "invalid_request");
    for (const std::string& state : std::vector<std::string>{std::string(513, 's'), "a\r\nb", "\x7F", "\xC3\xA4"})
        CHECK(code_of([&](auto& request) { request.state = state; }) == "invalid_request");
    for (const std::string& state : std::vector<std::string>{"", "1", "{\"a\": 1}", std::string(512, 's')})
        CHECK(code_of([&](auto& request) { request.state = state; }).empty());
}

TEST_CASE("a path of one client is not another's") {
    ClientFixture fixture;
    Program program;
    program.redirect_uri = "http://127.0.0.1:40002/";
    CHECK(fixture.pairings.push(k_other_program, program.request()));
    CHECK_FALSE(fixture.pairings.push(k_program, program.request()));
}

TEST_CASE("without state the answers have none") {
    for (const bool approve : {true, false}) {
        ClientFixture fixture;
        Program program;
        program.state.clear();
        Browser browser;
        const Flow flow = fixture.to_client_identified(program, browser);
        const auto answer = Fixture::parameters_of(must(fixture.decide(flow, browser, approve)));
        CHECK(answer.find("state") == nullptr);
        CHECK(answer.get(approve ? "code" : "error") != "");
    }
}

TEST_CASE("AS-18: an error goes home with state and iss, and with nothing of the request but the state") {
    ClientRequest request = Program().request();
    const platform::Error error{ErrorKind::invalid, "response_type must be code", "", "unsupported_response_type"};
    const auto answer = Fixture::parameters_of(error_url(request, error, k_issuer));
    CHECK(answer.get("error") == "unsupported_response_type");
    CHECK(answer.get("error_description") == "response_type must be code");
    CHECK(answer.get("state") == request.state);
    CHECK(answer.get("iss") == k_issuer);
    CHECK(answer.all().size() == 4);
    request.state.clear();
    CHECK(Fixture::parameters_of(error_url(request, error, k_issuer)).all().size() == 3);
}

TEST_CASE("AS-09: a request_uri counts once, and only for the client that pushed it") {
    ClientFixture fixture;
    const std::string uri = fixture.push(Program());
    CHECK(is_over(fixture.pairings.begin(uri, "198.51.100.7")));
    CHECK(is_over(fixture.pairings.begin(uri, "198.51.100.7", &k_other_program)));
    const Begun begun = must(fixture.pairings.begin(uri, "198.51.100.7", &k_program));
    CHECK(begun.flow.pairing.state == PairingState::proven);
    CHECK(begun.preflight_url.empty());
    CHECK(is_over(fixture.pairings.begin(uri, "198.51.100.7", &k_program)));
}

TEST_CASE("AS-08: the name of a standard client does not get our agent's request past the pre-flight") {
    ClientFixture fixture;
    const Device device;
    const std::string uri = fixture.Fixture::push(device);
    CHECK(is_over(fixture.pairings.begin(uri, "198.51.100.7", &k_program)));
    CHECK(must(fixture.pairings.begin(uri, "198.51.100.7")).flow.pairing.state == PairingState::challenged);
}

TEST_CASE("sign-ins of standard clients do not end one another, having no key in common") {
    ClientFixture fixture;
    std::vector<std::string> uris;
    for (int i = 0; i < 8; ++i) // more than one key may push
        uris.push_back(fixture.push(Program()));
    for (const std::string& uri : uris)
        CHECK(fixture.pairings.begin(uri, "198.51.100.7", &k_program));
}

TEST_CASE("KS-08: sign-ins of standard clients count for their address") {
    storage::StoreOptions options;
    options.pairings_per_address = 2;
    Fixture fixture(anyone(), options);
    CHECK(fixture.pairings.push(k_program, Program().request()));
    CHECK(fixture.pairings.push(k_program, Program().request()));
    const auto third = fixture.pairings.push(k_program, Program().request());
    REQUIRE_FALSE(third);
    CHECK(third.error().code == "slow_down");
}
