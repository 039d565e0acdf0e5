#pragma once

#include "platform/http/client.h"
#include "platform/result.h"
#include "platform/url.h"

#include <optional>
#include <string>
#include <string_view>

namespace keyfob::cli {

/// A URI reference against the URL of the request (RFC 3986 section 5.2); a fragment is dropped. Errors: invalid.
[[nodiscard]] platform::Result<platform::Url> resolve_reference(const platform::Url& base, std::string_view reference);

/// What to do with a response: follow it, or deliver it, with a note when it is a redirect.
struct RedirectPlan {
    std::optional<platform::Url> next;
    std::string method; ///< of the next request
    std::string note;
};

/// A redirect is followed inside the origin only, because the request carries a session (AG-08); only where nothing is done twice
/// (GET and HEAD without a body); and 303 by GET (RFC 9110 section 15.4).
[[nodiscard]] RedirectPlan plan_redirect(const platform::http::ClientRequest& request,
                                         const platform::http::ClientResponse& head);

} // namespace keyfob::cli
