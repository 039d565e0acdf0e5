#pragma once

#include "platform/http/message.h"
#include "platform/result.h"

#include <optional>
#include <string>

namespace keyfob::server::http {

/// What the Authorization field holds of the scheme Bearer (RFC 6750 section 2.1). nullopt without the field, and for another scheme. A token that
/// is malformed comes as it is: it is nobody's. Errors: invalid (the field is there twice).
[[nodiscard]] platform::Result<std::optional<std::string>> bearer_token(const platform::http::Request& request);

struct ClientCredentials {
    std::string id;
    std::string secret;
};

/// Of the scheme Basic, both halves form-encoded (RFC 6749 section 2.3.1). nullopt for anything that is not exactly one well-formed field of it.
[[nodiscard]] std::optional<ClientCredentials> basic_credentials(const platform::http::Request& request);

} // namespace keyfob::server::http
