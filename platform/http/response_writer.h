#pragma once

#include "platform/http/message.h"

#include <string>

namespace keyfob::platform::http {

/// How the front sends a response.
struct Delivery {
    bool tls = false;
    bool keep_alive = true; ///< false: this is the last response of the connection
};

/// The octets of a response to `request`, with the headers that every answer carries (WH-01). A field that must not be written makes it a 500,
/// which is logged.
[[nodiscard]] std::string response_octets(const Request& request, const Response& response, Delivery delivery);

/// The JSON body of every answer that the front gives itself. `description` is our own words, never the request's.
[[nodiscard]] Response front_error(int status, const std::string& request_id,
                                   const std::string& description = "the request was refused");

} // namespace keyfob::platform::http
