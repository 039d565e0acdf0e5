#include "tests/unit/server/http/client_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

/// Who both kinds of credentials belong to.
struct Bench : ClientSite {
    std::string cookie = Visit(*this, *company).sign_in(); // name=value
    std::string value = cookie.substr(cookie.find('=') + 1);
    std::string token = ClientVisit(*this).to_token();

    Response ask(const std::vector<std::pair<std::string, std::string>>& fields, const std::string& path = "/secured") {
        Request request = get(path);
        for (const auto& [name, field] : fields)
            request.headers.add(name, field);
        return send(request);
    }
    int status(const std::vector<std::pair<std::string, std::string>>& fields) { return ask(fields).status; }
};

} // namespace

TEST_CASE("AS-16: what is a cookie is no token, and what is a token is no cookie") {
    Bench bench;
    for (const char* path : {"/session", "/secured"}) {
        CHECK(bench.ask({{"Cookie", bench.cookie}}, path).status == 200);
        CHECK(bench.ask({{"Authorization", "Bearer " + bench.token}}, path).status == 200);
        CHECK(bench.ask({{"Cookie", "__Host-keyfob=" + bench.token}}, path).status == 401);
        CHECK(bench.ask({{"Authorization", "Bearer " + bench.value}}, path).status == 401);
    }
    for (const char* scheme : {"DPoP ", "Basic ", "Keyfob ", "Token ", ""})
        CHECK(bench.status({{"Authorization", scheme + bench.token}}) == 401);
    for (const char* name : {"keyfob", "access_token", "__Host-keyfob-token"})
        CHECK(bench.status({{"Cookie", std::string(name) + "=" + bench.token}}) == 401);
    Request by_query = get("/secured", "access_token=" + bench.token);
    CHECK(bench.send(by_query).status == 401); // RFC 9700 section 4.3.2
}

TEST_CASE("AS-16: every part of a token is refused") {
    Bench bench;
    for (std::size_t length = 0; length < bench.token.size(); ++length) {
        const Response response = bench.ask({{"Authorization", "Bearer " + bench.token.substr(0, length)}});
        CHECK(response.status == 401);
        CHECK(error_of(response) == "invalid_token");
    }
    for (const std::string& more : {bench.token + "0", bench.token + " ", bench.token + "," + bench.token})
        CHECK(bench.status({{"Authorization", "Bearer " + more}}) == 401);
    CHECK(bench.status({{"Authorization", "Bearer"}}) == 401);
    CHECK(bench.status({{"Authorization", "Bearer\t" + bench.token}}) == 401);
}

TEST_CASE("RFC 9110: the scheme has no case") {
    Bench bench;
    for (const char* scheme : {"bearer ", "BEARER ", "Bearer  "})
        CHECK(bench.status({{"Authorization", scheme + bench.token}}) == 200);
}

TEST_CASE("RFC 6750: a token that is no good is answered with what is wrong, and no credentials with our own scheme") {
    Bench bench;
    const Response bad = bench.ask({{"Authorization", "Bearer unknown"}});
    CHECK(bad.status == 401);
    CHECK(header(bad, "WWW-Authenticate") ==
          "Bearer realm=\"https://id.example.com\", error=\"invalid_token\", error_description=\"the token is unknown, "
          "expired or revoked\"");
    const Response none = bench.ask({});
    CHECK(none.status == 401);
    CHECK(header(none, "WWW-Authenticate") == "Keyfob realm=\"https://id.example.com\"");
    CHECK(error_of(none) == "sign_in_needed");
}

TEST_CASE("RFC 6750: two ways at once are refused, also when both are good") {
    Bench bench;
    const std::string bearer = "Bearer " + bench.token;
    for (const auto& fields : std::vector<std::vector<std::pair<std::string, std::string>>>{
             {{"Cookie", bench.cookie}, {"Authorization", bearer}},
             {{"Cookie", "__Host-keyfob=x"}, {"Authorization", bearer}},
             {{"Authorization", bearer}, {"Authorization", bearer}},
             {{"Authorization", "Basic eDp5"}, {"Authorization", bearer}}}) {
        const Response response = bench.ask(fields);
        CHECK(response.status == 400);
        CHECK(error_of(response) == "invalid_request");
        CHECK(header(response, "WWW-Authenticate").find("error=\"invalid_request\"") != std::string::npos);
    }
    CHECK(bench.status({{"Cookie", bench.cookie}, {"Authorization", "Basic eDp5"}}) == 200); // somebody else's
}

TEST_CASE("AS-22: a disabled user, an ended session and an hour count on the next request") {
    Bench disabled;
    disabled.disable_everybody();
    CHECK(disabled.status({{"Authorization", "Bearer " + disabled.token}}) == 401);
    Bench late;
    late.advance(3600);
    CHECK(late.status({{"Authorization", "Bearer " + late.token}}) == 401);
    Bench ended;
    const auto row = must(ended.tokens.authenticate(ended.token))->session.row;
    CHECK(must(
        ended.database.store->revoke(row, {signin::AuditEvent::session_revoked, "test"}, ended.clock.unix_seconds())));
    CHECK(ended.status({{"Authorization", "Bearer " + ended.token}}) == 401);
    CHECK(ended.status({{"Cookie", ended.cookie}}) == 200);
}

TEST_CASE("without standard clients the Authorization field is not looked at") {
    Site site;
    const std::string cookie = Visit(site, *site.company).sign_in();
    Request request = get("/secured");
    request.headers.set("Cookie", cookie);
    request.headers.set("Authorization", "Bearer anybody's");
    CHECK(site.send(request).status == 200);
    Request alone = get("/secured");
    alone.headers.set("Authorization", "Bearer anybody's");
    CHECK(header(site.send(alone), "WWW-Authenticate").starts_with("Keyfob "));
}
