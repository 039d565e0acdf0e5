#pragma once

#include "agent/login/login_flow.h"
#include "platform/jose/jwt.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_transport.h"
#include "tests/fakes/server_answers.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace keyfob::agent::login::tests {

using fakes::form_of;
using fakes::ScriptedTransport;
using platform::Error;
using platform::Parameters;
using platform::Result;
using server::api::k_cancel_path;
using server::api::k_par_path;
using server::api::k_revoke_path;
using server::api::k_token_path;

inline const std::string k_server = "http://127.0.0.1:8420";
inline const std::string k_redirect_uri = "http://127.0.0.1:40123/cb/nonce";

inline std::string key_of(const platform::http::ClientRequest& request) {
    const auto proof = platform::jose::parse_jwt(*request.headers.find("DPoP"));
    REQUIRE(proof);
    const auto key = platform::jose::EcKey::from_public_jwk(*proof->header->getObject("jwk"));
    REQUIRE(key);
    return key->thumbprint();
}

/// A flow whose server is a script, and what came out of it.
struct FlowFixture {
    fakes::ManualClock clock;
    platform::SystemRandom random;
    ScriptedTransport transport;
    std::vector<std::string> stored; ///< session ids
    std::vector<Error> failures;
    Result<void> store_outcome;
    LoginFlow flow;

    explicit FlowFixture(std::chrono::milliseconds pause = {})
        : flow({platform::Url::parse(k_server)->origin, k_redirect_uri, "ann@host", "Debian", pause},
               {[this](server::api::SessionGrant grant, const platform::jose::EcKey&) {
                    stored.push_back(grant.session_id);
                    return store_outcome;
                },
                [this](const Error& error) { failures.push_back(error); }},
               transport, clock, random) {
        transport.always(k_par_path, fakes::pushed());
        transport.always(k_token_path, fakes::granted(k_server));
        transport.always(k_cancel_path, fakes::response(200, "{}"));
        transport.always(k_revoke_path, fakes::response(200, "{}"));
    }

    /// The browser opens the start page; the state of its push.
    std::string open() {
        const auto step = flow.begin();
        REQUIRE(step);
        REQUIRE_FALSE(step->location.empty());
        return form_of(transport.requests(k_par_path).back()).get("state");
    }
    static Parameters answer(const std::string& state, const std::string& name = "code",
                             const std::string& value = "code-1") {
        Parameters parameters;
        parameters.add("state", state);
        parameters.add("iss", k_server);
        parameters.add(name, value);
        return parameters;
    }
    static Parameters question(const std::string& state, const std::string& challenge = "flow.challenge",
                               const std::string& issuer = k_server) {
        Parameters parameters;
        parameters.add("challenge", challenge);
        parameters.add("state", state);
        parameters.add("iss", issuer);
        return parameters;
    }
    Page come_back(const std::string& state) { return flow.finish(answer(state)).page; }
    [[nodiscard]] std::size_t asked(const char* path) const { return transport.requests(path).size(); }
};

inline const auto k_restarting = [](const platform::http::ClientRequest&) {
    return fakes::response(503, "restarting");
};

} // namespace keyfob::agent::login::tests
