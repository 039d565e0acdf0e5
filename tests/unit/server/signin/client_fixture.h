#pragma once

#include "tests/unit/server/signin/fixture.h"

#include <string>

namespace keyfob::server::signin::tests {

inline const Client k_program{"example-cli", "Example program", {"/callback"}};
inline const Client k_other_program{"other-cli", "Other program", {"/callback", "/"}};

/// What a standard client holds for one attempt.
struct Program {
    std::string verifier = random_token();
    std::string state = random_token();
    std::string redirect_uri = "http://127.0.0.1:40002/callback";

    [[nodiscard]] std::string challenge() const { return platform::base64url_encode(platform::sha256(verifier)); }
    [[nodiscard]] ClientRequest request() const {
        return {"code", "", redirect_uri, state, "", challenge(), "S256", "198.51.100.7"};
    }
    [[nodiscard]] CodeGrant grant(const std::string& code) const { return {code, verifier, redirect_uri}; }
};

/// With two standard clients.
struct ClientFixture : Fixture {
    ClientFixture() { clients = Clients({k_program, k_other_program}); }

    std::string push(const Program& program, const Client& client = k_program) {
        return must(pairings.push(client, program.request())).request_uri;
    }
    Flow to_client_identified(const Program& program, Browser& browser, const Client& client = k_program) {
        Begun begun = must(pairings.begin(push(program, client), "198.51.100.7", &client));
        browser.keep(begun.flow);
        const auto outcome = must(pairings.finish_upstream("company", answer(begun.flow, "ann"), browser.cookie()));
        CHECK(outcome.flow_id == begun.flow.pairing.flow_id);
        return std::move(begun.flow);
    }
    std::string to_code(const Program& program, const Client& client = k_program) {
        Browser browser;
        const Flow flow = to_client_identified(program, browser, client);
        return parameters_of(must(decide(flow, browser, true))).get("code");
    }
    std::string to_token(const Client& client = k_program) {
        const Program program;
        return std::string(must(tokens.redeem(client, program.grant(to_code(program, client)))).token.reveal());
    }
    bool is_good(const std::string& token) { return must(tokens.authenticate(token)) != nullptr; }
    std::int64_t live_sessions() const { return database.number("SELECT COUNT(*) FROM sessions WHERE revoked_at = 0"); }
};

} // namespace keyfob::server::signin::tests
