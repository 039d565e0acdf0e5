#pragma once

#include "platform/arguments.h"
#include "platform/http/message.h"
#include "platform/result.h"
#include "platform/unique_fd.h"
#include "platform/url.h"

#include <cstdint>
#include <optional>
#include <string>

namespace keyfob::cli {

using platform::Arguments;
using platform::usage_error;

/// What `do` is to send, before it is known as whom.
struct HttpRequest {
    std::string method = "GET";
    std::string path;                 ///< from the account's server on, `/a?b`; or
    std::optional<platform::Url> url; ///< the whole
    platform::http::Headers headers;
    std::string body;
    platform::UniqueFd body_file; ///< instead of `body`, `body_length` octets from here
    std::uint64_t body_length = 0;

    /// The URL on a server. Precondition: parse_http_request made it.
    [[nodiscard]] std::string on_server(const std::string& server) const { return url ? url->text() : server + path; }
};

/// From `[METHOD] PATH|URL -X -H -d`. Errors: invalid (code usage), failed (the file with the data cannot be read).
[[nodiscard]] platform::Result<HttpRequest> parse_http_request(const Arguments& arguments);

} // namespace keyfob::cli
