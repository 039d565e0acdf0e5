#pragma once

#include "platform/clock.h"
#include "platform/result.h"

#include <Poco/Net/StreamSocket.h>

#include <cstddef>
#include <string_view>

namespace keyfob::platform::http {

/// A connected Poco socket, plain or TLS, that never waits beyond a deadline: Poco's timeouts are per call, so that one octet a minute
/// would hold a thread for ever (poco-pitfalls 16). The socket is non-blocking; a TLS handshake happens with the first read or write.
/// Poco's exceptions stop here. One thread at a time; movable.
class Channel {
public:
    explicit Channel(Poco::Net::StreamSocket socket);

    /// At least one octet, or 0 at the orderly end of the stream (for TLS: close_notify).
    /// Errors: timed_out, unreachable (reset, or TLS cut off), denied (certificate, handshake).
    [[nodiscard]] Result<std::size_t> read(char* buffer, std::size_t size, SteadyTime deadline);
    [[nodiscard]] Result<void> write(std::string_view octets, SteadyTime deadline);

    /// Octets that TLS has decrypted and nobody has read: no poll on the descriptor would tell.
    [[nodiscard]] bool has_pending() const;
    [[nodiscard]] int descriptor() const;
    /// Says that no more will be written; best effort.
    void shutdown_write() noexcept;

private:
    /// Waits for what the last call lacked.
    [[nodiscard]] Result<void> wait(int mode, SteadyTime deadline);
    template <typename Call> [[nodiscard]] Result<std::size_t> transfer(int mode, SteadyTime deadline, Call call);

    Poco::Net::StreamSocket m_socket;
    bool m_tls = false;
};

} // namespace keyfob::platform::http
