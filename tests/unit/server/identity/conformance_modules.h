#pragma once

#include <vector>

namespace keyfob::server::tests {

/// A module of the suite, and why there is no row where there is none.
struct Module {
    const char* plan;
    const char* name;
    const char* provider; ///< what it does
    const char* left_out = nullptr;
};

constexpr const char* k_no_refresh = "no refresh token is asked for or kept";
constexpr const char* k_not_built = "not built yet";

/// Of the conformance suite for relying parties, by its plans.
inline std::vector<Module> modules() {
    return {
        {"basic", "client-test", "does everything right"},
        {"basic", "invalid-iss", "names another issuer in the id_token"},
        {"basic", "missing-sub", "leaves sub out"},
        {"basic", "invalid-aud", "gives us a token for another client"},
        {"basic", "missing-iat", "leaves iat out"},
        {"basic", "kid-absent-single-jwks", "has one key and names none"},
        {"basic", "kid-absent-multiple-jwks", "has several keys and names none: every fitting one is tried"},
        {"basic", "idtoken-sig-rs256", "signs with RS256"},
        {"basic", "idtoken-sig-none", "does not sign"},
        {"basic", "invalid-sig-rs256", "signs wrongly with RS256"},
        {"basic", "userinfo-invalid-sub", "speaks of somebody else in userinfo"},
        {"basic", "nonce-invalid", "answers with another nonce"},
        {"basic", "scope-userinfo-claims", "tells the name in userinfo alone"},
        {"basic", "client-secret-basic", "takes the client's secret by HTTP Basic, each half form-encoded"},
        {"config", "discovery-openid-config", "publishes metadata, which are asked for once"},
        {"config", "discovery-jwks-uri-keys", "publishes keys, which are asked for once"},
        {"config", "discovery-issuer-mismatch", "calls itself otherwise in its metadata"},
        {"config", "signing-key-rotation", "has other keys at the next sign-in"},
        {"config", "signing-key-rotation-just-before-signing", "changes its keys while the code is exchanged"},
        {"comprehensive", "missing-aud", "leaves aud out"},
        {"comprehensive", "invalid-sig-es256", "signs wrongly with ES256"},
        {"comprehensive", "invalid-sig-hs256", "makes an HMAC with its public key as the secret"},
        {"comprehensive", "invalid-athash", "gives the hash of another access token"},
        {"comprehensive", "missing-athash", "gives none, which the code flow allows"},
        {"comprehensive", "invalid-chash", "gives the hash of another code"},
        {"comprehensive", "missing-chash", "gives none", "the same as client-test"},
        {"comprehensive", "nonce-unless-code-flow", "sees a nonce in the code flow too"},
        {"comprehensive", "userinfo-bearer-header", "takes the access token in the header, and never in a URL"},
        {"comprehensive", "userinfo-bearer-body", "takes the access token in a form", "it is sent in the header"},
        {"comprehensive", "userinfo-signed", "answers userinfo as a JWT, for which nobody asked"},
        {"comprehensive", "aggregated-claims", "says that a claim is in another token"},
        {"comprehensive", "distributed-claims", "says that a claim is at another address, which is not asked"},
        {"comprehensive", "form-post-error", "posts its answer", "answers are asked for in the query"},
        {"comprehensive", "request-uri-signed", "wants a signed request", "requests are not signed"},
        {"comprehensive", "mtls-endpoint-aliases", "has other endpoints for client certificates", "there are none"},
        {"comprehensive", "3rd-party-init-login", "begins a sign-in by itself", "only the agent begins one"},
        {"comprehensive", "dynamic-registration", "registers clients by itself", "an operator registers the client"},
        {"refresh", "refresh-token", "gives a new id_token", k_no_refresh},
        {"refresh", "refresh-token-invalid-issuer", "gives one of another issuer", k_no_refresh},
        {"refresh", "refresh-token-invalid-sub", "gives one of somebody else", k_no_refresh},
        {"back-channel logout", "rp-backchannel-rpinitlogout", "ends a session by a logout token"},
        {"back-channel logout", "rp-backchannel-alg-none", "does not sign it"},
        {"back-channel logout", "rp-backchannel-wrong-alg", "signs it with HS256"},
        {"back-channel logout", "rp-backchannel-no-event", "leaves events out"},
        {"back-channel logout", "rp-backchannel-wrong-event", "speaks of another event"},
        {"back-channel logout", "rp-backchannel-with-nonce", "puts a nonce in"},
        {"back-channel logout", "rp-backchannel-wrong-aud", "sends that of another client"},
        {"back-channel logout", "rp-backchannel-wrong-iss", "sends that of another issuer"},
        {"RP-initiated logout", "rp-init-logout*", "is asked to end its own session", k_not_built},
        {"FAPI 2", "invalid-authorization-response-iss", "has its answer come from another issuer"},
        {"FAPI 2", "remove-authorization-response-iss", "announces iss in its answers and leaves it out"},
        {"FAPI 2", "authorization-response-iss", "announces iss in its answers and gives it"},
        {"FAPI 2", "invalid-missing-nonce", "leaves nonce out"},
        {"FAPI 2", "invalid-missing-exp", "leaves exp out"},
        {"FAPI 2", "invalid-expired-exp", "gives a token that has expired"},
        {"FAPI 2", "invalid-secondary-aud", "gives a token that is for others as well"},
        {"FAPI 2", "valid-aud-as-array", "names us in a list"},
        {"FAPI 2", "invalid-null-alg", "leaves alg out"},
        {"FAPI 2", "invalid-alternate-alg", "signs by an algorithm that we do not take"},
        {"FAPI 2", "token-endpoint-response-without-expires_in", "does not say how long the access token is good"},
        {"FAPI 2", "token-type-case-insensitivity", "writes bEARER"},
    };
}

} // namespace keyfob::server::tests
