#pragma once

#include "tests/unit/server/http/fixture.h"
#include "tests/unit/server/signin/client_fixture.h"

namespace keyfob::server::http::tests {

using signin::tests::k_other_program;
using signin::tests::k_program;
using signin::tests::Program;

inline const std::string k_service_secret = "an/odd+secret: of 32 octets & more %";

/// A site with two standard clients and a resource server, and what their programs send.
struct ClientSite : Site {
    ClientSite() {
        clients = signin::Clients({k_program, k_other_program});
        std::vector<signin::ResourceServer> servers;
        servers.push_back({"reports", platform::SecretString(k_service_secret), {}});
        servers.push_back({"other", platform::SecretString(std::string(32, 'x')), {k_other_program.id}});
        resource_servers = signin::ResourceServers(std::move(servers));
    }

    [[nodiscard]] static Parameters request_form(const Program& program, const std::string& client = k_program.id) {
        return parameters({{"client_id", client},
                           {"response_type", "code"},
                           {"redirect_uri", program.redirect_uri},
                           {"state", program.state},
                           {"code_challenge", program.challenge()},
                           {"code_challenge_method", "S256"}});
    }
    [[nodiscard]] static Parameters code_form(const Program& program, const std::string& code,
                                              const std::string& client = k_program.id) {
        return parameters({{"grant_type", "authorization_code"},
                           {"client_id", client},
                           {"code", code},
                           {"code_verifier", program.verifier},
                           {"redirect_uri", program.redirect_uri}});
    }
    Response introspect(const std::string& token) {
        return send(
            post("/introspect",
                 parameters({{"token", token}, {"client_id", "reports"}, {"client_secret", k_service_secret}})));
    }
    Response with_bearer(const std::string& path, const std::string& token) {
        Request request = get(path);
        request.headers.set("Authorization", "Bearer " + token);
        return send(request);
    }
};

inline std::string member(const Response& response, const std::string& name) {
    return platform::json::get_string(*must(platform::json::parse_object(response.body)), name).value_or("");
}

/// One person who signs in one program through the routes alone.
struct ClientVisit {
    explicit ClientVisit(ClientSite& server, std::string client_id = k_program.id)
        : site(server), client(std::move(client_id)) {}

    Response step(const Request& request, int status) {
        Response response = site.send(jar.with(request));
        jar.keep(response);
        if (response.status != status)
            throw std::runtime_error(request.path + " was answered " + std::to_string(response.status) + ": " +
                                     response.body);
        return response;
    }
    void authorize(const std::string& query) {
        step(get(api::k_authorize_path, query), 303);
        flow_id = jar.all().back().first.substr(site.services.flow_cookie_prefix().size());
        secret = jar.all().back().second;
    }
    void look(const std::string& query) {
        authorize(query);
        choices = step(get(api::k_authorize_path, "flow=" + flow_id), 200).body;
        const std::string url = header(step(get("/authorize/company", "flow=" + flow_id), 303), "Location");
        const Parameters callback = site.company->sign_in(url, site.company->person("ann"));
        step(get("/callback/company", callback.encode()), 303);
        page = step(get(api::k_confirm_path, "flow=" + flow_id), 200);
    }
    std::string decide(const std::string& decision) {
        const std::string csrf = signin::FlowSecret::from_cookie(secret).value().csrf_token();
        return header(
            step(own_post(api::k_confirm_path, parameters({{"flow", flow_id}, {"csrf", csrf}, {"decision", decision}})),
                 303),
            "Location");
    }
    std::string to_code() {
        look(ClientSite::request_form(program, client).encode());
        return Site::parameters_of(decide("approve")).get("code");
    }
    std::string to_token() {
        answer = site.send(post(api::k_token_path, ClientSite::code_form(program, to_code(), client)));
        return member(answer, "access_token");
    }

    ClientSite& site;
    std::string client;
    Program program = {};
    Jar jar = {};
    std::string flow_id = {}, secret = {}, choices = {};
    Response page = {}, answer = {};
};

} // namespace keyfob::server::http::tests
