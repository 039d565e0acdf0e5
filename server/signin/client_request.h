#pragma once

#include "platform/result.h"
#include "platform/url.h"
#include "server/signin/clients.h"

#include <string>

namespace keyfob::server::signin {

/// What a standard client asks for (RFC 6749 section 4.1.1 with RFC 7636), by its browser or pushed. As sent: nothing is checked yet, but that no
/// parameter is there twice.
struct ClientRequest {
    std::string response_type;
    std::string response_mode; ///< empty: query
    std::string redirect_uri;
    std::string state; ///< may be empty: PKCE protects the client as well
    std::string scope;
    std::string code_challenge;
    std::string code_challenge_method;
    std::string client_address; ///< where the request came from: the browser, or the client that pushed it

    /// What RFC 6749 section 3.1 calls unrecognized parameters is left out.
    [[nodiscard]] static ClientRequest of(const platform::Parameters& parameters, std::string client_address);
};

/// Whether we can answer it at all: the redirect URI is the client's own, and the state can be given back as it is. What fails here is told to the
/// person and never sent anywhere (AS-18). Errors: invalid.
[[nodiscard]] platform::Result<void> check_redirect(const Client& client, const ClientRequest& request);
/// All else. Errors: invalid, with a code of RFC 6749 section 4.1.2.1 that the client is told.
[[nodiscard]] platform::Result<void> check_request(const ClientRequest& request);
/// The way back to the client with that error, and `iss` (RFC 9207). Only for what has passed check_redirect().
[[nodiscard]] std::string error_url(const ClientRequest& request, const platform::Error& error,
                                    const std::string& issuer);

} // namespace keyfob::server::signin
