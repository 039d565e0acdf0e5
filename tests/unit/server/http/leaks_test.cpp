#include "server/http/route_table.h"
#include "tests/unit/server/http/fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

/// Sign-ins that wait at each step, and all that only their browser or agent may know.
struct Victims {
    explicit Victims(Site& site)
        : pushed(site, *site.company, "ann"), begun(site, *site.company, "bob"), waiting(site, *site.company, "cid"),
          asked(site, *site.company, "dan"), approved(site, *site.company, "eve") {
        pushed.push();
        begun.authorize();
        waiting.choose();
        asked.look();
        approved.approve();
    }
    [[nodiscard]] std::vector<const Visit*> all() const { return {&pushed, &begun, &waiting, &asked, &approved}; }

    /// By the name of a parameter that could carry it.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> secrets() const {
        std::vector<std::pair<std::string, std::string>> values{{"code", approved.code}};
        for (const Visit* visit : all()) {
            values.insert(values.end(), {{"request_uri", visit->request_uri},
                                         {"state", visit->device.state},
                                         {"code_verifier", visit->device.verifier},
                                         {"code_challenge", visit->device.challenge()}});
            if (visit->secret.empty())
                continue;
            const auto secret = signin::FlowSecret::from_cookie(visit->secret).value();
            const auto attempt = secret.attempt(visit->flow_id, "company");
            values.insert(values.end(), {{"flow", visit->secret},
                                         {"state", attempt.state},
                                         {"nonce", attempt.nonce},
                                         {"code_verifier", attempt.code_verifier}});
        }
        return values;
    }

    Visit pushed, begun, waiting, asked, approved;
};

std::string path_of(const Route& route) {
    return route.below ? std::string(route.path) + "/company" : route.path;
}

/// What anybody could send to a route: everything that `form` has, as its caller would send it.
Request request_for(const Site& site, const Route& route, const Parameters& form) {
    if (route.caller == Caller::agent || route.caller == Caller::client)
        return site.proven(Device(), path_of(route), form);
    if (std::string(route.method) == "POST")
        return own_post(path_of(route), form);
    return get(path_of(route), form.encode());
}

void check_silent(const Response& response, const Victims& victims) {
    for (const auto& [name, secret] : victims.secrets()) {
        INFO(name);
        CHECK(response.body.find(secret) == std::string::npos);
        for (const auto& [field, value] : response.headers.fields())
            CHECK(value.find(secret) == std::string::npos);
    }
}

} // namespace

TEST_CASE("S2: no route tells a stranger anything of a pending sign-in") {
    Site site;
    const Victims victims(site);
    for (const Route& route : routes()) {
        INFO(route.method << " " << route.path);
        check_silent(site.send(request_for(site, route, {})), victims);
        for (const Visit* visit : victims.all()) {
            const auto form = parameters({{"client_id", api::k_agent_client_id},
                                          {"flow", visit->flow_id},
                                          {"decision", "approve"},
                                          {"grant_type", "authorization_code"}});
            check_silent(site.send(request_for(site, route, form)), victims);
        }
    }
}

TEST_CASE("S3: no route sends back what it was sent, with or without the cookies of that browser") {
    Site site;
    const Victims victims(site);
    for (const Route& route : routes())
        for (const auto& [name, secret] : victims.secrets()) {
            Parameters form = parameters({{"client_id", "keyfob-agent"}});
            form.add(name, secret);
            form.add("extra", "<script>alert(1)</script>");
            Request request = request_for(site, route, form);
            INFO(route.method << " " << route.path << " " << name);
            Response response = site.send(request);
            check_silent(response, victims);
            CHECK(response.body.find("<script>") == std::string::npos);
            request.headers.set("Cookie", "__Host-keyfob=" + secret);
            response = site.send(request);
            check_silent(response, victims);
        }
}

TEST_CASE("S2: the pages of a sign-in tell its own browser none of its secrets either") {
    Site site;
    const Victims victims(site);
    for (const Visit* visit : victims.all()) {
        for (const std::string& body : {visit->choices, visit->page.body})
            for (const auto& [name, secret] : victims.secrets())
                CHECK(body.find(secret) == std::string::npos);
    }
    CHECK_FALSE(victims.asked.page.body.empty());
}

TEST_CASE("S3: a callback with an unknown state is a page that has nothing of the request") {
    Site site;
    const std::string attack = "<script>alert(1)</script>";
    for (const char* path : {"/callback/company", "/callback/<script>alert(1)", "/authorize/company", "/confirm"})
        for (const char* name : {"state", "code", "iss", "error", "error_description", "flow"}) {
            const Response response = site.send(get(path, parameters({{name, attack}, {"x", "AAAA.x"}}).encode()));
            INFO(path << " " << name);
            CHECK(response.status == 400);
            CHECK(header(response, "Content-Type") == "text/html; charset=utf-8");
            CHECK(response.body.find("alert") == std::string::npos);
            CHECK(response.headers.find("Location") == nullptr); // AS-18
        }
    CHECK(site.company->completions == 0); // S5
}

TEST_CASE("S16, RP-01: a forged Host or forwarded header changes no URL that is sent") {
    const auto journey = [](const std::vector<std::pair<std::string, std::string>>& forged) {
        Site site(k_issuer, {"198.51.100.0/24"}); // also behind a proxy that passes them on
        Visit visit(site, *site.company);
        const auto send = [&](Request request) {
            for (const auto& [name, value] : forged)
                request.headers.set(name, value);
            Response response = site.send(visit.jar.with(request));
            visit.jar.keep(response);
            return response;
        };
        std::string emitted =
            send(get(api::k_metadata_path)).body + header(send(get(api::k_secured_path)), "WWW-Authenticate");
        visit.push();
        visit.preflight_url =
            header(send(get(api::k_authorize_path, Site::authorize_query(visit.request_uri))), "Location");
        visit.flow_id = visit.jar.all().back().first.substr(site.services.flow_cookie_prefix().size());
        visit.secret = visit.jar.all().back().second;
        const std::string choose = header(send(visit.proof()), "Location");
        emitted += choose.substr(0, choose.find('?'));
        visit.provider_url = header(send(get("/authorize/company", "flow=" + visit.flow_id)), "Location");
        emitted += visit.provider_url.substr(0, visit.provider_url.find('?'));
        visit.answer = site.company->sign_in(visit.provider_url, site.company->person("ann"));
        const std::string confirm = header(send(get("/callback/company", visit.answer.encode())), "Location");
        emitted += confirm.substr(0, confirm.find('?'));
        emitted +=
            send(get(api::k_confirm_path, "flow=" + visit.flow_id)).headers.find("Content-Security-Policy")->substr();
        const std::string home = header(send(visit.decision("approve")), "Location");
        CHECK(home.starts_with(visit.device.redirect_uri));
        visit.code = Site::parameters_of(home).get("code");
        CHECK(Site::parameters_of(home).get("iss") == k_issuer);
        return emitted + send(site.proven(visit.device, api::k_token_path, Site::token_form(visit.device, visit.code)))
                             .headers.find("Set-Cookie")
                             ->substr(0, 18);
    };
    const std::string honest = journey({});
    CHECK(honest.find("evil") == std::string::npos);
    CHECK(honest.ends_with("__Host-keyfob=kfs_"));
    CHECK(honest == journey({{"Host", "evil.example"}}));
    CHECK(honest == journey({{"Host", "id.example.com"},
                             {"X-Forwarded-Host", "evil.example"},
                             {"X-Forwarded-Proto", "http"},
                             {"X-Forwarded-Port", "81"},
                             {"X-Forwarded-For", "127.0.0.1"},
                             {"X-Original-URL", "/evil"},
                             {"Forwarded", "for=127.0.0.1;host=evil.example;proto=http"}}));
}
