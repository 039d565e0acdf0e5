#include "server/api/secure_session.h"
#include "server/http/route_table.h"
#include "tests/unit/server/http/fixture.h"

#include <atomic>
#include <thread>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

Poco::JSON::Object::Ptr json_of(const Response& response) {
    return must(platform::json::parse_object(response.body));
}

std::string text_of(const Response& response, const std::string& name) {
    return platform::json::get_string(*json_of(response), name).value_or("");
}

} // namespace

TEST_CASE("AS-17: the metadata is about the configured address and lists only what is on") {
    Site site;
    const Response response = site.send(get(api::k_metadata_path));
    CHECK(response.status == 200);
    CHECK(header(response, "Content-Type") == "application/json");
    CHECK(header(response, "DPoP-Nonce") == site.proofs.nonce());
    const auto object = json_of(response);
    CHECK(platform::json::get_string(*object, "issuer") == k_issuer);
    CHECK(platform::json::get_strings(*object, "code_challenge_methods_supported") == std::vector<std::string>{"S256"});
    CHECK(platform::json::get_strings(*object, "response_types_supported") == std::vector<std::string>{"code"});
    CHECK(platform::json::get_strings(*object, "grant_types_supported") ==
          std::vector<std::string>{"authorization_code"});
    CHECK(platform::json::get_strings(*object, "dpop_signing_alg_values_supported") ==
          std::vector<std::string>{"ES256"});
    CHECK(platform::json::get_bool(*object, "require_pushed_authorization_requests") == true);
    CHECK(platform::json::get_bool(*object, "authorization_response_iss_parameter_supported") == true); // AS-06
    for (const auto& [name, value] : *object)
        if (name.ends_with("_endpoint")) {
            const std::string url = value.toString();
            INFO(url);
            REQUIRE(url.starts_with(k_issuer + "/"));
            Request request = get(url.substr(k_issuer.size()));
            const bool is_opened = name == "authorization_endpoint" || name == api::k_preflight_endpoint_member;
            request.method = is_opened ? "GET" : "POST";
            CHECK_FALSE(site.router.admit(request).refusal);
        }
    for (const char* off : {"introspection_endpoint", "registration_endpoint", "device_authorization_endpoint",
                            "jwks_uri", "userinfo_endpoint", "scopes_supported"})
        CHECK_FALSE(object->has(off));
}

TEST_CASE("a sign-in through the routes ends with a session, and every redirect is 303") {
    Site site;
    Visit visit(site, *site.company);
    const std::string cookie = visit.sign_in(); // each step throws unless the status is the one that is due (AS-05)
    CHECK(visit.provider_url.starts_with("https://company/authorize?"));
    CHECK(visit.confirm_url == k_issuer + "/confirm?flow=" + visit.flow_id);
    CHECK(visit.agent_url.starts_with(visit.device.redirect_uri + "?code="));
    CHECK(Site::parameters_of(visit.agent_url).get("iss") == k_issuer); // AS-06
    CHECK(Site::parameters_of(visit.agent_url).get("state") == visit.device.state);
    CHECK(text_of(visit.token, "token_type") == "keyfob-session");
    CHECK(text_of(visit.token, "cookie_name") == "__Host-keyfob");
    CHECK(text_of(visit.token, "issuer") == k_issuer);
    CHECK(
        header(visit.token, api::k_challenge_header).ends_with("\";id=\"" + text_of(visit.token, "session_id") + "\""));
    Request request = get(api::k_secured_path);
    request.headers.set("Cookie", cookie);
    CHECK(site.send(request).body == "Hello ann, you are signed in as ann@example.com (company).\n");
}

TEST_CASE(
    "S19, SE-03: flow and session cookies have all their attributes, and no flow cookie lasts longer than a sign-in") {
    Site site;
    Visit visit(site, *site.company);
    visit.push();
    const Response begun = site.send(get(api::k_authorize_path, Site::authorize_query(visit.request_uri)));
    const std::string flow = header(begun, "Set-Cookie");
    CHECK(flow.starts_with("__Host-keyfob-flow-"));
    CHECK(flow.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"));
    const std::string session = (visit.sign_in(), header(visit.token, "Set-Cookie"));
    CHECK(session.starts_with("__Host-keyfob=kfs_"));
    CHECK(session.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"));
    CHECK(session.size() < 4096);
}

TEST_CASE("SE-12: the ninth sign-in of a browser evicts the oldest, and the others go on") {
    Site site;
    Jar jar;
    std::vector<std::string> flows;
    for (int i = 0; i < 12; ++i) {
        Visit visit(site, *site.company);
        std::swap(visit.jar, jar); // all of them in one browser
        visit.prove();
        std::swap(visit.jar, jar);
        flows.push_back(jar.all().back().first);
        CHECK(jar.all().size() == std::min<std::size_t>(flows.size(), 8));
        std::size_t bytes = 0;
        for (const auto& [name, value] : jar.all())
            bytes += name.size() + value.size() + 3;
        CHECK(bytes < 4096);
    }
    for (std::size_t i = 0; i < 8; ++i)
        CHECK(jar.all()[i].first == flows[i + 4]);
    const std::string kept = flows[5].substr(site.services.flow_cookie_prefix().size());
    const std::string gone = flows[0].substr(site.services.flow_cookie_prefix().size());
    CHECK(site.send(jar.with(get("/authorize/company", "flow=" + kept))).status == 303);
    CHECK(site.send(jar.with(get("/authorize/company", "flow=" + gone))).status == 400);
}

TEST_CASE("SE-12: cookies of others are never cleared") {
    Site site;
    Visit visit(site, *site.company);
    visit.push();
    Request request = get(api::k_authorize_path, Site::authorize_query(visit.request_uri));
    std::string cookies = "__Host-keyfob=kfs_x";
    for (int i = 0; i < 20; ++i)
        cookies += "; other-" + std::to_string(i) + "=x";
    request.headers.set("Cookie", cookies);
    CHECK(site.send(request).headers.count("Set-Cookie") == 1);
}

TEST_CASE("AS-09: /authorize takes client_id and request_uri and nothing else") {
    Site site;
    Visit visit(site, *site.company);
    visit.push();
    const std::string good = Site::authorize_query(visit.request_uri);
    for (const std::string& query : std::vector<std::string>{
             "", "client_id=keyfob-agent", good.substr(good.find('&') + 1), good + "&redirect_uri=http://evil",
             good + "&state=x", good + "&x", "client_id=other" + good.substr(good.find('&')),
             "client_id=keyfob-agent&request_uri="}) {
        INFO(query);
        CHECK(site.send(get(api::k_authorize_path, query)).status == 400);
    }
    CHECK(site.send(get(api::k_authorize_path, good)).status == 303);
    CHECK(site.send(get(api::k_authorize_path, good)).status == 400);
}

TEST_CASE("AS-20, WH-02: every page forbids frames, and the confirmation's form may end at its own agent alone") {
    Site site;
    Visit visit(site, *site.company);
    visit.look();
    const std::string policy = header(visit.page, "Content-Security-Policy");
    CHECK(policy == "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
                    "form-action 'self' http://127.0.0.1:40001");
    for (const Route& route : routes()) {
        const Response response = site.send(get(route.below ? std::string(route.path) + "/company" : route.path));
        if (header(response, "Content-Type").starts_with("text/html"))
            CHECK(header(response, "Content-Security-Policy").find("frame-ancestors 'none'") != std::string::npos);
    }
}

TEST_CASE("RP-21: a refusal of the provider comes home by a page that goes on by itself") {
    Site site;
    Visit visit(site, *site.company);
    visit.choose();
    const Response response =
        visit.step(get("/callback/company", site.company->refuse(visit.provider_url, "access_denied").encode()), 200);
    CHECK(response.headers.find("Location") == nullptr);
    CHECK(response.body.find("0;url=" + visit.device.redirect_uri + "?error=access_denied&amp;") != std::string::npos);
    CHECK(header(response, "Content-Security-Policy").find("frame-ancestors 'none'") != std::string::npos);
}

TEST_CASE("S1, RP-02: a link that somebody else opened ends as nobody's") {
    Site site;
    Visit visit(site, *site.company);
    visit.choose();
    const Parameters answer = site.company->sign_in(visit.provider_url, site.company->person("victim"));
    const Response response = site.send(get("/callback/company", answer.encode()));
    CHECK(response.status == 400);
    CHECK(site.send(visit.jar.with(get("/callback/company", answer.encode()))).status == 400);
    CHECK(site.company->completions == 0);
}

TEST_CASE("AS-10: a code is redeemed by the key of its push alone") {
    Site site;
    Visit visit(site, *site.company);
    visit.approve();
    const Device thief;
    const Response stolen =
        site.send(site.proven(thief, api::k_token_path, Site::token_form(visit.device, visit.code)));
    CHECK(stolen.status == 400);
    CHECK(error_of(stolen) == "invalid_grant");
    CHECK(stolen.headers.find("Set-Cookie") == nullptr);
    CHECK(error_of(visit.redeem()) == "invalid_grant"); // AS-04: burned
}

TEST_CASE("SE-11: renewal by the route: a cookie, a challenge, or a word about why not") {
    Site site;
    Visit visit(site, *site.company);
    visit.sign_in();
    const std::string id = text_of(visit.token, "session_id");
    const std::string field = header(visit.token, api::k_challenge_header);
    const std::string challenge = field.substr(1, field.find("\";") - 1);
    const auto refresh = [&](const std::string& session, const std::string& proof) {
        Request request = post(api::k_refresh_path, {});
        request.headers.set(api::k_session_id_header, session);
        if (!proof.empty())
            request.headers.set(api::k_response_header, proof);
        return site.send(request);
    };
    const Response renewed = refresh(id, visit.device.proof(challenge));
    CHECK(renewed.status == 200);
    CHECK(header(renewed, "Set-Cookie").starts_with("__Host-keyfob=kfs_"));
    const Response spent = refresh(id, visit.device.proof(challenge));
    CHECK(spent.status == 403);
    CHECK(error_of(spent) == "challenge");
    CHECK(spent.headers.find("Set-Cookie") == nullptr);
    CHECK(header(spent, api::k_challenge_header).ends_with("\";id=\"" + id + "\""));
    CHECK(refresh(id, "").status == 403);
    CHECK(error_of(refresh(id, "garbage")) == "invalid_proof");
    CHECK(refresh(id, "garbage").status == 401);
    CHECK(refresh("unknown", "").status == 401);
    CHECK(error_of(refresh("unknown", "")) == "session_ended");
    CHECK(site.send(post(api::k_refresh_path, {})).status == 400);
    Request twice = post(api::k_refresh_path, {});
    twice.headers.add(api::k_session_id_header, id);
    twice.headers.add(api::k_session_id_header, id);
    CHECK(site.send(twice).status == 400);
}

TEST_CASE("S17: a thousand sign-ins at once by two providers, and everybody is who they are") {
    const keyfob::tests::TemporaryDirectory memory(keyfob::tests::TemporaryDirectory::memory());
    storage::StoreOptions options;
    options.file = memory.file("keyfob.db");
    Site site(k_issuer, {}, options);
    constexpr int k_threads = 8;
    constexpr int k_each = 125;
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < k_threads; ++thread)
        threads.emplace_back([&, thread] {
            for (int i = 0; i < k_each; ++i) {
                auto& provider = (thread + i) % 2 == 0 ? *site.company : *site.elsewhere;
                Visit visit(site, provider, "person-" + std::to_string(thread) + "-" + std::to_string(i));
                try {
                    Request request = get(api::k_session_path);
                    request.headers.set("Cookie", visit.sign_in());
                    const auto user = platform::json::get_object(*json_of(site.send(request)), "user");
                    if (platform::json::get_string(*user, "subject") == "subject of " + visit.name &&
                        platform::json::get_string(*user, "issuer") == provider.issuer())
                        ++right;
                } catch (const std::exception&) {
                    continue; // counted as not right
                }
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(right == k_threads * k_each);
    CHECK(site.database.number("SELECT COUNT(*) FROM users") == k_threads * k_each);
    CHECK(site.database.number("SELECT COUNT(*) FROM sessions") == k_threads * k_each);
}
