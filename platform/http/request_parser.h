#pragma once

#include "platform/http/limits.h"
#include "platform/http/message.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace keyfob::platform::http {

/// A parsed request head (RFC 9112) and how to read on.
struct RequestHead {
    Request request;             ///< without body, peer, request_id
    std::size_t head_length = 0; ///< octets of the input that the head took, its empty line included
    std::size_t content_length = 0;
    bool keep_alive = true;
};

/// More octets are needed.
struct Incomplete {};

/// The one answer to a head that is refused; the connection is closed after it.
struct Refusal {
    int status = 400;   ///< 400, 411, 414, 431, 501 or 505
    std::string reason; ///< for the log; never shown to the peer
};

/// Parses `input` from its first octet. Pure: no state, no clock, no I/O. No leniency: HTTP/1.1 or 1.0; CR LF line ends only;
/// origin-form targets of visible ASCII without `#`; Host exactly once; at most one Content-Length, digits only; any Transfer-Encoding
/// is 501; no line folding, no blank before the colon, no control octets; singular fields (Host, Content-Length, Authorization,
/// Content-Type, Cookie, DPoP, Origin, Referer …) at most once; two cookies whose names differ in case only are refused (SE-04).
/// A method other than GET and HEAD without Content-Length counts as length 0 for GET/HEAD/OPTIONS/DELETE and is 411 for others.
[[nodiscard]] std::variant<RequestHead, Incomplete, Refusal> parse_request_head(std::string_view input,
                                                                                const Limits& limits);

} // namespace keyfob::platform::http
