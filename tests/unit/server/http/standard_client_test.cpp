#include "tests/unit/server/http/client_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

/// How /authorize answers a request with one parameter changed: the error that the client is told, or the status.
std::string refusal(const std::string& name, const std::string& value) {
    ClientSite site;
    const Parameters whole = ClientSite::request_form(Program());
    Parameters query;
    for (const auto& [key, old] : whole.all())
        if (key != name)
            query.add(key, old);
    if (!value.empty())
        query.add(name, value);
    const Response response = site.send(get(api::k_authorize_path, query.encode()));
    CHECK(site.company->completions == 0);
    if (response.status != 303)
        return std::to_string(response.status);
    const std::string location = header(response, "Location");
    if (!location.starts_with("http://127.0.0.1:40002/callback?"))
        return location;
    CHECK(Site::parameters_of(location).get("iss") == k_issuer);
    return Site::parameters_of(location).get("error");
}

Request with(Request request, const std::string& name, const std::string& value) {
    request.headers.set(name, value);
    return request;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a standard client signs in by code and PKCE, and gets a Bearer token and nothing else") {
    ClientSite site;
    ClientVisit visit(site);
    const std::string token = visit.to_token();
    CHECK(visit.answer.status == 200);
    CHECK(token.starts_with("kfa_"));
    CHECK(member(visit.answer, "token_type") == "Bearer");
    const auto object = must(platform::json::parse_object(visit.answer.body));
    CHECK(platform::json::get_integer(*object, "expires_in") == 3600);
    CHECK(object->size() == 3); // no refresh_token, no id_token
    CHECK(visit.answer.headers.count("Set-Cookie") == 0);
    CHECK(visit.answer.headers.count("DPoP-Nonce") == 0);
    CHECK(header(visit.answer, "Content-Type") == "application/json");
    CHECK(site.with_bearer("/session", token).status == 200);
    CHECK(has(site.with_bearer("/secured", token).body, "Hello ann"));
}

TEST_CASE("AS-09: a standard client may push its request first") {
    ClientSite site;
    ClientVisit visit(site);
    const Response pushed = site.send(post(api::k_par_path, ClientSite::request_form(visit.program)));
    REQUIRE(pushed.status == 201);
    CHECK(pushed.headers.count("DPoP-Nonce") == 0);
    const std::string query =
        parameters({{"client_id", k_program.id}, {"request_uri", member(pushed, "request_uri")}}).encode();
    CHECK(site.send(get(api::k_authorize_path, query + "&scope=")).status == 400);
    visit.look(query);
    const auto answer = Site::parameters_of(visit.decide("approve"));
    CHECK(answer.get("state") == visit.program.state);
    CHECK(site.send(post(api::k_token_path, ClientSite::code_form(visit.program, answer.get("code")))).status == 200);
    CHECK(site.send(get(api::k_authorize_path, query)).status == 400); // used up
    Parameters nested = ClientSite::request_form(visit.program);
    nested.add("request_uri", "urn:x");
    CHECK(error_of(site.send(post(api::k_par_path, nested))) == "invalid_request");
}

TEST_CASE("AS-18: what is wrong with the client or its redirect URI is told to the person and goes nowhere") {
    for (const char* uri : {"", "https://evil.example/callback", "http://localhost:40002/callback",
                            "http://127.0.0.1:40002/other", "http://127.0.0.1:40002/callback?x=y"})
        CHECK(refusal("redirect_uri", uri) == "400");
    for (const char* client : {"", "unknown", "EXAMPLE-CLI", api::k_agent_client_id})
        CHECK(refusal("client_id", client) == "400");
    CHECK(refusal("state", std::string(513, 'x')) == "400");
    ClientSite site;
    const std::string query = ClientSite::request_form(Program()).encode();
    CHECK(site.send(get(api::k_authorize_path, query + "&redirect_uri=x")).status == 400); // RP-22: twice
    CHECK(site.database.number("SELECT COUNT(*) FROM pairings") == 0);
}

TEST_CASE("AS-03, AS-18: every other mistake goes back to the client") {
    for (const char* challenge : {"", "short", "............................................"})
        CHECK(refusal("code_challenge", challenge) == "invalid_request");
    for (const char* method : {"", "plain"})
        CHECK(refusal("code_challenge_method", method) == "invalid_request");
    CHECK(refusal("response_type", "") == "invalid_request");
    CHECK(refusal("response_type", "token") == "unsupported_response_type");
    CHECK(refusal("scope", "openid") == "invalid_scope");
    CHECK(refusal("response_mode", "form_post") == "invalid_request");
}

TEST_CASE("what RFC 6749 does not know is ignored, and state may be left out") {
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"nonce", "x"}, {"prompt", "none"}, {"state", ""}, {"scope", ""}}) {
        INFO(name);
        CHECK(refusal(name, value).starts_with(k_issuer + "/authorize?flow=")); // goes on
    }
}

TEST_CASE("AS-07: the confirmation of a standard client says what it is, and that it is unbound") {
    ClientSite site;
    ClientVisit visit(site);
    visit.look(ClientSite::request_form(visit.program).encode());
    CHECK(has(visit.choices, "<strong>Example program</strong> asks to sign in"));
    CHECK_FALSE(has(visit.choices, "terminal on"));
    const std::string& page = visit.page.body;
    for (const char* part : {"<h1>Sign in this program?</h1>", "<strong>Example program</strong>", "unbound",
                             "nothing ties its access to this device", "<dd>http://127.0.0.1:40002/callback</dd>",
                             "<dd>198.51.100.7</dd>", "ann"}) {
        INFO(part);
        CHECK(has(page, part));
    }
    CHECK_FALSE(has(page, "Device (as it calls itself)"));
    CHECK(page.find("value=\"decline\"") < page.find("value=\"approve\""));
    CHECK(has(header(visit.page, "Content-Security-Policy"), "form-action 'self' http://127.0.0.1:40002"));
}

TEST_CASE("AS-07: a declined standard client is told so, and its code never was") {
    ClientSite site;
    ClientVisit visit(site);
    visit.look(ClientSite::request_form(visit.program).encode());
    const auto answer = Site::parameters_of(visit.decide("decline"));
    CHECK(answer.get("error") == "access_denied");
    CHECK(answer.get("state") == visit.program.state);
    CHECK(answer.find("code") == nullptr);
    CHECK(site.database.number("SELECT COUNT(*) FROM pairings WHERE code_hash <> ''") == 0);
}

TEST_CASE("AS-07: a second sign-in of the same program is asked for again") {
    ClientSite site;
    ClientVisit visit(site);
    visit.to_token();
    ClientVisit again(site);
    again.jar = visit.jar;
    again.look(ClientSite::request_form(again.program).encode());
    CHECK(has(again.page.body, "Sign in this program?"));
}

TEST_CASE("AS-12: a standard client posts forms, without a query, and not with GET") {
    ClientSite site;
    ClientVisit visit(site);
    const std::string code = visit.to_code();
    Request request = post(api::k_token_path, ClientSite::code_form(visit.program, code));
    request.query = "a=b";
    CHECK(error_of(site.send(request)) == "invalid_request");
    request.query.clear();
    CHECK(error_of(site.send(with(request, "Content-Type", "application/json"))) == "invalid_request");
    Request read = get(api::k_token_path, request.body);
    CHECK(site.router.admit(read).refusal->status == 405);
    CHECK(site.send(request).status == 200); // none of it used the code up
}

TEST_CASE("a public client that authenticates, or asks for a bound token, gets none") {
    ClientSite site;
    ClientVisit visit(site);
    const std::string code = visit.to_code();
    const Request request = post(api::k_token_path, ClientSite::code_form(visit.program, code));
    const Response basic = site.send(with(request, "Authorization", "Basic ZXhhbXBsZS1jbGk6eA=="));
    CHECK(basic.status == 401);
    CHECK(error_of(basic) == "invalid_client");
    CHECK(header(basic, "WWW-Authenticate").starts_with("Basic "));
    CHECK(error_of(site.send(with(request, "DPoP", "x"))) == "invalid_request");
    Parameters secret = ClientSite::code_form(visit.program, code);
    secret.add("client_secret", "x");
    CHECK(error_of(site.send(post(api::k_token_path, secret))) == "invalid_client");
    CHECK(site.send(request).status == 200);
}

TEST_CASE("AS-13: there is no other grant, and nothing renews a token") {
    ClientSite site;
    ClientVisit visit(site);
    const std::string token = visit.to_token();
    for (const char* grant : {"", "refresh_token", "password", "client_credentials", "implicit"})
        CHECK(error_of(site.send(
                  post(api::k_token_path,
                       parameters({{"client_id", k_program.id}, {"grant_type", grant}, {"refresh_token", token}})))) ==
              "unsupported_grant_type");
    const std::string id = must(site.tokens.authenticate(token))->session.id;
    const Response refreshed = site.send(with(post(api::k_refresh_path, {}), "Sec-Secure-Session-Id", id));
    CHECK(refreshed.status == 401);
    CHECK(error_of(refreshed) == "session_ended");
    CHECK(refreshed.headers.count("Secure-Session-Challenge") == 0);
}

TEST_CASE("AS-04: a standard client's second use of a code ends its token") {
    ClientSite site;
    ClientVisit visit(site);
    const std::string code = visit.to_code();
    const Request request = post(api::k_token_path, ClientSite::code_form(visit.program, code));
    const std::string token = member(site.send(request), "access_token");
    CHECK(site.with_bearer("/session", token).status == 200);
    CHECK(error_of(site.send(request)) == "invalid_grant");
    CHECK(site.with_bearer("/session", token).status == 401);
}

TEST_CASE("AS-14: a token is revoked by its client, and by no other") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    const auto revoke = [&](const std::string& client, const std::string& what) {
        return site.send(post(api::k_revoke_path, parameters({{"client_id", client}, {"token", what}})));
    };
    const Response other = revoke(k_other_program.id, token);
    CHECK(other.status == 400);
    CHECK(error_of(other) == "unauthorized_client");
    CHECK(site.with_bearer("/session", token).status == 200);
    CHECK(error_of(revoke("unknown", token)) == "invalid_client");
    CHECK(error_of(site.send(post(api::k_revoke_path, parameters({{"client_id", k_program.id}})))) ==
          "invalid_request");
    CHECK(revoke(k_program.id, "unknown").status == 200);
    CHECK(revoke(k_program.id, token).status == 200);
    CHECK(revoke(k_program.id, token).status == 200);
    CHECK(site.with_bearer("/session", token).status == 401);
}

TEST_CASE("SE-09: a standard client's session is in the list of its person, as unbound, and can be ended there") {
    ClientSite site;
    Visit agent(site, *site.company);
    const std::string id = (agent.sign_in(), member(agent.token, "session_id"));
    const std::string token = ClientVisit(site).to_token();
    const auto ask = [&](const std::string& path, std::vector<std::pair<std::string, std::string>> more) {
        more.insert(more.end(), {{"client_id", api::k_agent_client_id}, {"session_id", id}});
        return site.send(site.proven(agent.device, path, parameters(more)));
    };
    const auto list =
        platform::json::get_array(*must(platform::json::parse_object(ask(api::k_sessions_path, {}).body)), "sessions");
    REQUIRE(list->size() == 2);
    const auto shown = list->getObject(0);
    CHECK(platform::json::get_string(*shown, "class") == "client");
    CHECK(platform::json::get_string(*shown, "key") == "none");
    CHECK(platform::json::get_string(*shown, "device_name") == k_program.name);
    CHECK(ask(api::k_sessions_revoke_path, {{"all_others", "true"}}).status == 200);
    CHECK(site.with_bearer("/session", token).status == 401);
}

TEST_CASE("a token neither lists nor ends sessions") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    const std::string id = must(site.tokens.authenticate(token))->session.id;
    for (const char* path : {api::k_sessions_path, api::k_sessions_revoke_path}) {
        const auto form =
            parameters({{"client_id", api::k_agent_client_id}, {"session_id", id}, {"all_others", "true"}});
        CHECK(error_of(site.send(with(post(path, form), "Authorization", "Bearer " + token))) == "invalid_dpop_proof");
        CHECK(error_of(site.send(site.proven(Device(), path, form))) == "invalid_client");
    }
}

TEST_CASE("AS-17: the metadata lists standard clients and introspection only where they are") {
    const auto metadata = [](Site& site) {
        return must(platform::json::parse_object(site.send(get(api::k_metadata_path)).body));
    };
    Site off;
    const auto without = metadata(off);
    CHECK(platform::json::get_bool(*without, "require_pushed_authorization_requests") == true);
    CHECK_FALSE(without->has("introspection_endpoint"));
    CHECK_FALSE(without->has("introspection_endpoint_auth_methods_supported"));
    ClientSite on;
    const auto with_clients = metadata(on);
    CHECK(platform::json::get_bool(*with_clients, "require_pushed_authorization_requests") == false);
    CHECK(platform::json::get_string(*with_clients, "introspection_endpoint") == k_issuer + "/introspect");
    for (const char* absent : {"scopes_supported", "id_token_signing_alg_values_supported", "userinfo_endpoint",
                               "jwks_uri", "registration_endpoint", "device_authorization_endpoint"})
        CHECK_FALSE(with_clients->has(absent));
    CHECK(platform::json::get_strings(*with_clients, "grant_types_supported") ==
          std::vector<std::string>{"authorization_code"});
    CHECK(platform::json::get_strings(*with_clients, "response_modes_supported") == std::vector<std::string>{"query"});
}

TEST_CASE("without [[client]] everything for standard clients is off") {
    Site site;
    const Program program;
    CHECK(site.send(get(api::k_authorize_path, ClientSite::request_form(program).encode())).status == 400);
    for (const char* path : {api::k_par_path, api::k_token_path, api::k_revoke_path})
        CHECK(error_of(site.send(post(path, ClientSite::request_form(program)))) == "invalid_client");
    CHECK(site.send(post("/introspect", parameters({{"token", "x"}}))).status == 404);
    CHECK(site.database.number("SELECT COUNT(*) FROM pairings") == 0);
}
