#pragma once

#include "platform/result.h"
#include "platform/secret_string.h"
#include "platform/url.h"
#include "server/identity/fetcher.h"

#include <Poco/JSON/Object.h>

#include <string>
#include <vector>

namespace keyfob::server::identity {

struct TokenRequest {
    std::string endpoint;
    std::string client_id;
    const platform::SecretString& client_secret; ///< empty: public client
    std::vector<std::string> auth_methods;       ///< what the provider takes, in its words
    std::string code;
    std::string code_verifier; ///< empty: PKCE is switched off for this provider
    std::string redirect_uri;
};

/// Exchanges a code, once: whatever happens after the request has left, it is never sent again (RP-23). The secret goes into the header or
/// the form, never into a URL (RP-19). Errors: unreachable, timed_out, invalid, denied (the provider said no; its code is in the message).
[[nodiscard]] platform::Result<Poco::JSON::Object::Ptr> request_token(const Fetcher& fetcher,
                                                                      const TokenRequest& request);

} // namespace keyfob::server::identity
