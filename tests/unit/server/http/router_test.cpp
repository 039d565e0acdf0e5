#include "server/http/router.h"

#include "server/http/route_table.h"
#include "tests/unit/server/http/fixture.h"

#include <set>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

const std::vector<Caller> k_callers{Caller::anyone, Caller::agent, Caller::device, Caller::browser, Caller::signed_in};

std::vector<Route> routes_for(Caller caller) {
    std::vector<Route> all;
    for (const Route& route : routes())
        if (route.caller == caller)
            all.push_back(route);
    return all;
}

std::string path_of(const Route& route) {
    return route.below ? std::string(route.path) + "/company" : route.path;
}

} // namespace

TEST_CASE("what is no route is 404, and says nothing of the request") {
    Site site;
    for (const std::string& path :
         std::vector<std::string>{"/", "/PAR", "/par/", "//par", "/par/../secured", "/secured/", "/secured/x",
                                  "/authorize/", "/authorize/a/b", "/callback", "/callback/", "/callback/company/x",
                                  "/demo/", "/demo/authorize", "/%70ar", "/session%2frefresh", "/<script>alert(1)"}) {
        INFO(path);
        const auto admission = site.router.admit(get(path));
        REQUIRE(admission.refusal);
        CHECK(admission.refusal->status == 404);
        CHECK(error_of(*admission.refusal) == "not_found");
        CHECK(admission.refusal->body.find("alert") == std::string::npos);
        CHECK(site.send(get(path)).status == 404);
    }
}

TEST_CASE("another method on a route is 405 with every one that is allowed") {
    Site site;
    for (const Route& route : routes())
        for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "POSTX"}) {
            Request request = get(path_of(route));
            request.method = method;
            const auto admission = site.router.admit(request);
            INFO(method << " " << request.path);
            REQUIRE(admission.refusal);
            CHECK(admission.refusal->status == 405);
            CHECK(header(*admission.refusal, "Allow").find(route.method) != std::string::npos);
        }
    Request request = get(api::k_confirm_path);
    request.method = "DELETE";
    CHECK(header(*site.router.admit(request).refusal, "Allow") == "GET, POST");
    request.path = api::k_par_path;
    CHECK(header(*site.router.admit(request).refusal, "Allow") == "POST");
}

TEST_CASE("every route is admitted to its own pool, HEAD where GET changes nothing") {
    Site site;
    for (const Route& route : routes()) {
        Request request = get(path_of(route));
        request.method = route.method;
        const auto admission = site.router.admit(request);
        INFO(request.path);
        CHECK_FALSE(admission.refusal);
        CHECK(admission.pool == route.pool);
        if (std::string_view(route.method) != "GET")
            continue;
        request.method = "HEAD";
        CHECK(site.router.admit(request).refusal.has_value() == (route.caller == Caller::browser));
    }
}

TEST_CASE("RP-22: a parameter that stands twice is 400 on every route") {
    Site site;
    for (const Route& route : routes())
        for (const char* twice : {"code=a&code=b", "state=a&state=a", "flow=a&x=y&flow=", "iss=&iss=", "a=%63&%61=c"}) {
            Request request = get(path_of(route), twice);
            request.method = route.method;
            INFO(request.path << " " << twice);
            CHECK(site.send(request).status == 400);
            if (std::string(route.method) != "POST")
                continue;
            request.query.clear();
            request.headers.set("Content-Type", k_form);
            request.body = twice;
            CHECK(site.send(request).status == 400);
        }
}

TEST_CASE("AS-12, S7: agent routes take parameters from the body alone") {
    Site site;
    const Device device;
    for (const Route& route : routes_for(Caller::agent)) {
        CHECK(std::string(route.method) == "POST");
        Request request = site.proven(device, route.path, parameters({{"client_id", api::k_agent_client_id}}));
        request.query = "code=secret";
        INFO(route.path);
        CHECK(site.send(request).status == 400);
        CHECK(error_of(site.send(request)) == "invalid_request");
        request.query.clear();
        for (const char* type : {"", "application/json", "multipart/form-data; boundary=x", "text/plain"}) {
            request.headers.set("Content-Type", type);
            CHECK(site.send(request).status == 400);
        }
        request.headers.remove("Content-Type");
        CHECK(site.send(request).status == 400);
    }
}

TEST_CASE("AS-10: agent routes do nothing without a proof for that very address") {
    Site site;
    const Device device;
    for (const Route& route : routes_for(Caller::agent)) {
        const Parameters form = parameters({{"client_id", api::k_agent_client_id}});
        const Response without = site.send(post(route.path, form));
        INFO(route.path);
        CHECK(without.status == 400);
        CHECK(error_of(without) == "invalid_dpop_proof");
        CHECK(header(without, "DPoP-Nonce") == site.proofs.nonce()); // AS-11
        Request moved = site.proven(device, "/elsewhere", form);
        moved.path = route.path;
        CHECK(error_of(site.send(moved)) == "invalid_dpop_proof");
        Request twice = site.proven(device, route.path, form);
        twice.headers.add("DPoP", *twice.headers.find("DPoP"));
        CHECK(error_of(site.send(twice)) == "invalid_dpop_proof");
    }
}

TEST_CASE("agent routes know no client but our own") {
    Site site;
    for (const Route& route : routes_for(Caller::agent))
        for (const char* client : {"", "keyfob", "KEYFOB-AGENT", "evil"})
            CHECK(error_of(site.send(site.proven(Device(), route.path, parameters({{"client_id", client}})))) ==
                  "invalid_client");
}

TEST_CASE("S10: without a session every protected route is 401 with a challenge and JSON, whatever the cookie") {
    Site site;
    Visit visit(site, *site.company);
    const std::string cookie = visit.sign_in();
    const std::string prefix = "__Host-keyfob=";
    for (const Route& route : routes_for(Caller::signed_in))
        for (const std::string& sent : std::vector<std::string>{
                 "", prefix, prefix + "garbage", prefix + std::string(5000, 'x'), prefix + "%00\x01\xFF", "=;=;;",
                 cookie.substr(0, cookie.size() - 1), cookie + "x", "__host-keyfob=" + cookie.substr(prefix.size()),
                 "keyfob=" + cookie.substr(prefix.size()), prefix + "kfs_' OR 1=1 --"}) {
            Request request = get(path_of(route));
            request.headers.set("Cookie", sent);
            const Response response = site.send(request);
            INFO(route.path << " " << sent);
            CHECK(response.status == 401);
            CHECK(header(response, "WWW-Authenticate") == "Keyfob realm=\"" + k_issuer + "\"");
            CHECK(header(response, "Content-Type") == "application/json");
            CHECK(error_of(response) == "sign_in_needed");
        }
    CHECK(site.send(get(api::k_secured_path)).status == 401);
}

TEST_CASE("S10: with a session every protected route answers, until it is revoked") {
    Site site;
    Visit visit(site, *site.company);
    const std::string cookie = visit.sign_in();
    const auto all_are = [&](int status) {
        for (const Route& route : routes_for(Caller::signed_in)) {
            Request request = get(path_of(route));
            request.headers.set("Cookie", cookie);
            INFO(route.path);
            CHECK(site.send(request).status == status);
        }
    };
    all_are(200);
    const auto answer = must(platform::json::parse_object(visit.token.body));
    const auto form = parameters(
        {{"client_id", api::k_agent_client_id}, {"token", platform::json::get_string(*answer, "session_id").value()}});
    CHECK(site.send(site.proven(visit.device, api::k_revoke_path, form)).status == 200);
    all_are(401);
}

TEST_CASE("SE-15: a form that another site sends is refused on every browser route") {
    Site site;
    Visit visit(site, *site.company);
    visit.come_back();
    const Request own = visit.jar.with(visit.decision("approve"));
    const auto status_with = [&](const char* site_value, const char* origin) {
        Request request = own;
        request.headers.remove("Sec-Fetch-Site");
        if (site_value != nullptr)
            request.headers.set("Sec-Fetch-Site", site_value);
        if (origin != nullptr)
            request.headers.set("Origin", origin);
        return site.send(request).status;
    };
    for (const char* other : {"cross-site", "same-site", "none", "", "Same-Origin", "same-origin, cross-site"})
        CHECK(status_with(other, "https://id.example.com") == 403);
    for (const char* origin : {"https://evil.example", "null", "http://id.example.com", "https://id.example.com.evil",
                               "https://id.example.com/", ""})
        CHECK(status_with(nullptr, origin) == 403);
    CHECK(status_with(nullptr, nullptr) == 403);
    CHECK(status_with(nullptr, "https://id.example.com") == 303);
}

TEST_CASE("SE-15: what is fetched or framed instead of opened is refused on every browser route") {
    Site site;
    for (const Route& route : routes_for(Caller::browser))
        for (const char* mode : {"cors", "no-cors", "same-origin", "websocket", "nested-navigate", ""}) {
            Request request = own_post(path_of(route), {});
            request.method = route.method;
            request.headers.set("Sec-Fetch-Mode", mode);
            INFO(route.path << " " << mode);
            const Response response = site.send(request);
            CHECK(response.status == 403);
            CHECK(error_of(response) == "cross_site");
        }
}

TEST_CASE("SE-15: opening anything without a parameter changes nothing") {
    Site site;
    Visit visit(site, *site.company);
    visit.come_back();
    for (const Route& route : routes())
        if (std::string(route.method) == "GET")
            site.send(visit.jar.with(get(path_of(route), "flow=" + visit.flow_id + "&decision=approve")));
    CHECK(site.database.number("SELECT COUNT(*) FROM pairings WHERE state = 'identified'") == 1);
}

TEST_CASE("WH-01: behind https every answer of a route asks for https") {
    Site site;
    Site plain("http://127.0.0.1:8420");
    for (const Route& route : routes()) {
        Request request = get(path_of(route));
        request.method = route.method;
        CHECK(header(site.send(request), "Strict-Transport-Security") == "max-age=31536000; includeSubDomains");
        CHECK(header(plain.send(request), "Strict-Transport-Security").empty());
    }
}

TEST_CASE("AS-12, AS-05: no route answers with CORS headers, with 307 or 308, or with 500") {
    Site site;
    for (const Route& route : routes())
        for (const Caller caller : k_callers) {
            Request request = caller == Caller::agent ? site.proven(Device(), path_of(route), {}) : get(path_of(route));
            request.method = route.method;
            request.headers.set("Origin", "https://evil.example");
            const Response response = site.send(request);
            INFO(route.path);
            CHECK(response.status < 500);
            CHECK(response.status != 307);
            CHECK(response.status != 308);
            for (const auto& [name, value] : response.headers.fields())
                CHECK_FALSE(platform::lower_case(name).starts_with("access-control-"));
        }
}

TEST_CASE("KS-09, AS-14: without its database every route that needs it is 503, and never 200 or 500") {
    Site site;
    Visit visit(site, *site.company);
    const std::string cookie = visit.sign_in();
    const Device device;
    const Parameters form = parameters({{"client_id", api::k_agent_client_id}});
    must(site.database.other()->write([](storage::Connection& connection) {
        return connection.execute("DROP TABLE cookies") + connection.execute("DROP TABLE proofs");
    }));
    for (const Route& route : routes_for(Caller::agent)) {
        const Response response = site.send(site.proven(device, route.path, form));
        INFO(route.path);
        CHECK(response.status == 503);
        CHECK(header(response, "Retry-After") == "2");
        CHECK(error_of(response) == "temporarily_unavailable");
    }
    for (const Route& route : routes_for(Caller::signed_in)) {
        Request request = get(path_of(route));
        request.headers.set("Cookie", cookie);
        CHECK(site.send(request).status == 503);
    }
}
