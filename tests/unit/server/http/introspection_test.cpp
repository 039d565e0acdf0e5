#include "server/http/credentials.h"
#include "tests/unit/server/http/client_fixture.h"

#include <Poco/Base64Encoder.h>

#include <sstream>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

std::string base64(const std::string& text) {
    std::ostringstream out;
    Poco::Base64Encoder encoder(out);
    encoder.rdbuf()->setLineLength(0);
    encoder << text;
    encoder.close();
    return out.str();
}

std::string basic(const std::string& id, const std::string& secret) {
    return "Basic " + base64(platform::percent_encode(id) + ":" + platform::percent_encode(secret));
}

Request asking(const std::string& token, const std::string& authorization) {
    Request request = post(api::k_introspect_path, parameters({{"token", token}}));
    if (!authorization.empty())
        request.headers.set("Authorization", authorization);
    return request;
}

const std::string k_inactive = R"({"active":false})";

} // namespace

TEST_CASE("AS-15: a live token is described by what RFC 7662 names") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    site.advance(10);
    const Response response = site.send(asking(token, basic("reports", k_service_secret)));
    CHECK(response.status == 200);
    const auto object = must(platform::json::parse_object(response.body));
    CHECK(platform::json::get_bool(*object, "active") == true);
    CHECK(member(response, "iss") == k_issuer);
    const auto owner = must(site.tokens.authenticate(token));
    CHECK(member(response, "sub") == owner->user.issuer + "#subject%20of%20ann");
    CHECK(member(response, "username") == owner->user.email);
    CHECK(member(response, "client_id") == k_program.id);
    CHECK(member(response, "token_type") == "Bearer");
    CHECK(platform::json::get_integer(*object, "exp") == owner->session.created_at + 3600);
    CHECK(platform::json::get_integer(*object, "iat") == owner->session.created_at);
    CHECK(member(response, "aud") == "reports");
    CHECK(object->size() == 9);
    CHECK(site.introspect(token).body == response.body); // client_secret_post
}

TEST_CASE("AS-15, AS-19: a token of a client that a resource server is not for is inactive there") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    CHECK(site.send(asking(token, basic("other", std::string(32, 'x')))).body == k_inactive);
    CHECK(site.send(asking(token, basic("reports", k_service_secret))).body != k_inactive);
}

TEST_CASE("RP-12: the subjects of two providers are two, and one with odd characters is a URI all the same") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    must(site.database.other()->write([](storage::Connection& connection) {
        return connection.execute("UPDATE users SET subject = 'a#b c/\xC3\xA4', email = '', name = ''");
    }));
    const Response response = site.introspect(token);
    CHECK(member(response, "sub").ends_with("#a%23b%20c%2F%C3%A4"));
    CHECK(member(response, "username") == "a#b c/\xC3\xA4");
}

TEST_CASE("AS-15: of anything else nothing but inactive is said") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    Visit agent(site, *site.company);
    const std::string cookie = agent.sign_in();
    for (const std::string& other :
         std::vector<std::string>{"", "unknown", token.substr(1), token.substr(0, 40), token + "a", cookie,
                                  cookie.substr(cookie.find('=') + 1), member(agent.token, "session_id"),
                                  platform::secret_hash(token), agent.code}) {
        INFO(other);
        const Response response = site.introspect(other);
        CHECK(response.status == 200);
        CHECK(response.body == k_inactive);
    }
    CHECK(site.introspect(token).body != k_inactive);
}

TEST_CASE("AS-15, AS-22: expiry, revocation, the user and the client are looked at now") {
    ClientSite site;
    const std::string late = ClientVisit(site).to_token();
    site.advance(3600);
    CHECK(site.introspect(late).body == k_inactive);
    const std::string revoked = ClientVisit(site).to_token();
    site.send(post(api::k_revoke_path, parameters({{"client_id", k_program.id}, {"token", revoked}})));
    CHECK(site.introspect(revoked).body == k_inactive);
    const std::string removed = ClientVisit(site, k_other_program.id).to_token();
    const std::string disabled = ClientVisit(site).to_token();
    site.clients = signin::Clients({k_program});
    CHECK(site.introspect(removed).body == k_inactive);
    CHECK(site.introspect(disabled).body != k_inactive);
    site.disable_everybody();
    CHECK(site.introspect(disabled).body == k_inactive);
}

TEST_CASE("AS-15: without the secret of a resource server nothing is said at all") {
    ClientSite site;
    const std::string token = ClientVisit(site).to_token();
    const std::string raw = "Basic " + base64("reports:" + k_service_secret); // not form-encoded
    for (const std::string& authorization :
         {std::string(), basic("reports", ""), basic("reports", "wrong"), basic("reports", k_service_secret + "a"),
          basic("reports", std::string(32, 'x')), basic("Reports", k_service_secret), basic("", k_service_secret),
          basic(k_program.id, ""), std::string("Basic"), std::string("Basic !"), "Bearer " + token, raw}) {
        INFO(authorization);
        const Response response = site.send(asking(token, authorization));
        CHECK(response.status == 401);
        CHECK(error_of(response) == "invalid_client");
        CHECK(header(response, "WWW-Authenticate") == "Basic realm=\"https://id.example.com\"");
    }
    const auto form = [&](const std::string& id, const std::string& secret) {
        return site.send(
            post(api::k_introspect_path, parameters({{"token", token}, {"client_id", id}, {"client_secret", secret}})));
    };
    CHECK(form("reports", "").status == 401);
    CHECK(form("other", k_service_secret).status == 401);
    CHECK(form("", "").status == 401);
}

TEST_CASE("AS-12, RFC 6749 section 2.3: introspection is a form, authenticated in one way") {
    ClientSite site;
    const std::string authorization = basic("reports", k_service_secret);
    Request twice = post(api::k_introspect_path,
                         parameters({{"token", "x"}, {"client_id", "reports"}, {"client_secret", k_service_secret}}));
    twice.headers.set("Authorization", authorization);
    CHECK(error_of(site.send(twice)) == "invalid_request");
    Request query = asking("x", authorization);
    query.query = "token=x";
    CHECK(error_of(site.send(query)) == "invalid_request");
    Request json = asking("x", authorization);
    json.headers.set("Content-Type", "application/json");
    CHECK(error_of(site.send(json)) == "invalid_request");
    Request none = post(api::k_introspect_path, {});
    none.headers.set("Authorization", authorization);
    CHECK(error_of(site.send(none)) == "invalid_request");
}

TEST_CASE("RFC 6749 section 2.3.1: Basic credentials are strict base64 of two form-encoded halves") {
    const auto parse = [](const std::string& field) {
        Request request;
        request.headers.add("Authorization", field);
        return basic_credentials(request);
    };
    const auto good = parse("basic " + base64("a%3Ab+c:d%25%2B"));
    REQUIRE(good);
    CHECK(good->id == "a:b c");
    CHECK(good->secret == "d%+");
    CHECK(parse("Basic Og==")->id.empty());
    CHECK(parse("Basic " + base64("a:b:c"))->secret == "b:c");
    for (const char* field : {"Basic", "Basic ", "Basic YTpi=", "Basic YTpi ", "Basic YTp", "Basic YQ", "Basic YQ=",
                              "Basic YQ==", "Basic Y===", "Basic ====", "Basic Og==Og==", "Basic Oh==", "Basic YTr_",
                              "Basic YTpi\n", "BasicYTpi", "Bearer YTpi", ""}) {
        INFO(field);
        CHECK_FALSE(parse(field));
    }
    CHECK_FALSE(parse("Basic " + base64("a%:b")));
    CHECK_FALSE(parse("Basic " + base64("a:%00")));
    Request twice;
    twice.headers.add("Authorization", "Basic YTpi");
    twice.headers.add("Authorization", "Basic YTpi");
    CHECK_FALSE(basic_credentials(twice));
}
