#pragma once

#include "platform/http/channel.h"
#include "platform/http/client.h"
#include "platform/result.h"

#include <functional>
#include <string>
#include <string_view>

namespace keyfob::platform::http {

/// Reads one response from a connection (RFC 9112 sections 4, 6 and 7), as strictly as the front reads requests. One use.
class ResponseReader {
public:
    using Deadline = std::function<SteadyTime()>; ///< until when the next wait may last
    using OnPiece = std::function<bool(std::string_view piece)>;

    ResponseReader(Channel& channel, const ClientOptions& options, Deadline deadline);

    /// The final head; 1xx are skipped. Errors: those of Channel::read, invalid.
    [[nodiscard]] Result<ClientResponse> read_head();
    /// The body that belongs to `head`. Errors: those of Channel::read, invalid (framing, truncated), cancelled (`on_piece` said false).
    [[nodiscard]] Result<void> read_body(const std::string& method, const ClientResponse& head,
                                         const OnPiece& on_piece);

private:
    [[nodiscard]] Result<std::size_t> fill();
    [[nodiscard]] Result<std::string> take_line();
    [[nodiscard]] Result<void> take(std::size_t length, const OnPiece& on_piece);
    [[nodiscard]] Result<void> read_chunked(const OnPiece& on_piece);
    [[nodiscard]] Result<void> read_until_end(const OnPiece& on_piece);

    Channel& m_channel;
    const ClientOptions& m_options;
    Deadline m_deadline;
    std::string m_buffer;
};

} // namespace keyfob::platform::http
