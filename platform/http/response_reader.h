#pragma once

#include "platform/http/channel.h"
#include "platform/http/client.h"
#include "platform/result.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace keyfob::platform::http {

/// Reads one response from a connection (RFC 9112 sections 4, 6 and 7), as strictly as the front reads requests. One use.
class ResponseReader {
public:
    using Deadline = std::function<SteadyTime()>; ///< until when the next wait may last
    using OnPiece = std::function<bool(std::string_view piece)>;

    ResponseReader(Channel& channel, const ClientOptions& options, Deadline deadline);

    /// Looks, without waiting, whether the answer has begun while the request is still being sent. True: the rest needs not be sent, because the
    /// answer is no 2xx or the stream has ended. Errors: those of read_head().
    [[nodiscard]] Result<bool> refused_early();
    [[nodiscard]] bool has_head() const { return m_head.has_value(); }
    /// The final head; 1xx are skipped. Errors: those of Channel::read, invalid.
    [[nodiscard]] Result<ClientResponse> read_head();
    /// The body that belongs to `head`. Errors: those of Channel::read, invalid (framing, truncated), cancelled (`on_piece` said false).
    [[nodiscard]] Result<void> read_body(const std::string& method, const ClientResponse& head,
                                         const OnPiece& on_piece);

private:
    [[nodiscard]] Result<void> fill();
    [[nodiscard]] Result<void> take_head();
    [[nodiscard]] Result<std::string> take_line();
    [[nodiscard]] Result<void> take(std::size_t length, const OnPiece& on_piece);
    [[nodiscard]] Result<void> read_chunked(const OnPiece& on_piece);
    [[nodiscard]] Result<void> read_until_end(const OnPiece& on_piece);

    Channel& m_channel;
    const ClientOptions& m_options;
    Deadline m_deadline;
    std::string m_buffer;
    std::optional<ClientResponse> m_head; ///< the final one, when it has come
    int m_interim = 0;
    bool m_ended = false;
};

} // namespace keyfob::platform::http
