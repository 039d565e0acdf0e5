#pragma once

#include "platform/http/message.h"
#include "platform/http/tls_context.h"
#include "platform/result.h"
#include "platform/url.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace keyfob::platform::http {

/// What may be reached and how long it may take.
struct ClientOptions {
    std::chrono::milliseconds connect_deadline{5'000};
    /// For the whole exchange, from the first byte sent to the last received; zero: no bound in all (streaming), then
    /// `silence_deadline` bounds each wait.
    std::chrono::milliseconds total_deadline{10'000};
    std::chrono::milliseconds silence_deadline{60'000};
    std::size_t response_head_bytes = 64 * 1024;
    std::size_t response_body_bytes = 1024 * 1024; ///< for fetch(); a longer body is an error, never cut
    TlsContextPtr tls;                             ///< required for https
    /// Asked with the address that the name resolved to and that will be connected (no second resolution: RP-17), in the form that
    /// parse_address (network.h) reads. Empty: all.
    std::function<bool(const std::string& ip)> allow_address;
};

struct ClientRequest {
    std::string method = "GET";
    Url url;
    Headers headers; ///< Host, Content-Length and Connection are set by the client
    std::string body;
    int body_file = -1; ///< a descriptor to read body_length octets from, instead of `body`; not owned
    std::uint64_t body_length = 0;
};

/// One response head; 1xx are skipped.
struct ClientResponse {
    int status = 0;
    std::string reason;
    Headers headers;
    std::string body; ///< only from fetch()
};

/// HTTP/1.1 client of all three programs; Poco's own takes a truncated body for a complete one and has no bound on the whole
/// (poco-pitfalls 6, 16, 28). One request a connection, never follows a redirect, never sends a credential of its own. An answer that comes
/// before the whole body was sent is delivered; unless it is a 2xx, the rest of the body is not sent (RFC 9112 section 9.3).
/// Thread-safe: it keeps nothing between calls.
class Client {
public:
    explicit Client(ClientOptions options);

    /// Errors: unreachable (name, connect, reset; message names the host), timed_out, denied (TLS certificate refused,
    /// allow_address), invalid (the answer is not HTTP, truncated, over a limit), cancelled.
    [[nodiscard]] Result<ClientResponse> fetch(const ClientRequest& request) const;

    /// Like fetch(), but hands the head to `on_head` and the body piece by piece to `on_body` (both may return false: cancelled).
    /// A body that ends early is an error (invalid), so that a truncated download is never taken for a whole one.
    [[nodiscard]] Result<ClientResponse> stream(const ClientRequest& request,
                                                const std::function<bool(const ClientResponse& head)>& on_head,
                                                const std::function<bool(std::string_view piece)>& on_body) const;

private:
    ClientOptions m_options;
};

} // namespace keyfob::platform::http
