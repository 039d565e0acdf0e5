#pragma once

#include "platform/clock.h"
#include "platform/http/tls_context.h"
#include "platform/result.h"
#include "platform/unique_fd.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace keyfob::platform::http {

/// A connected TCP socket, plain or TLS, that never waits beyond a deadline: Poco's timeouts are per call, so that one octet a minute
/// would hold a thread for ever (poco-pitfalls 16). Without Poco, whose libraries would cost each command more than its whole work
/// (ARCHITECTURE.md, "How a command starts"). A TLS handshake happens with the first read or write. One thread at a time; movable.
class Channel {
public:
    /// Precondition: the socket is non-blocking.
    explicit Channel(UniqueFd socket) : m_socket(std::move(socket)) {}
    /// With TLS; `host` is what the peer's certificate must name, for clients.
    Channel(UniqueFd socket, const TlsContext& tls, const std::string& host = {});

    /// At least one octet, or 0 at the orderly end of the stream (for TLS: close_notify).
    /// Errors: timed_out, unreachable (reset, or TLS cut off), denied (certificate).
    [[nodiscard]] Result<std::size_t> read(char* buffer, std::size_t size, SteadyTime deadline);
    [[nodiscard]] Result<void> write(std::string_view octets, SteadyTime deadline);

    // For whoever listens while speaking.
    /// Writes the beginning of `octets` and returns its length, which may be 0: with `until_readable` also when there may be something to read.
    /// What was not written must come first the next time.
    [[nodiscard]] Result<std::size_t> write_some(std::string_view octets, bool until_readable, SteadyTime deadline);
    /// Like read(), but nullopt when nothing is there yet.
    [[nodiscard]] Result<std::optional<std::size_t>> read_available(char* buffer, std::size_t size);

    // For whoever never waits. Both go on with the handshake where there is one.
    /// One attempt: octets moved, or what the descriptor has to be polled for first.
    struct Attempt {
        std::size_t moved = 0;
        short lacking = 0; ///< POLLIN or POLLOUT; 0: it was made, and no octet is the orderly end
    };
    [[nodiscard]] Result<Attempt> read_once(char* buffer, std::size_t size);
    /// The code of the failure of a handshake in which a client has spoken HTTP without TLS.
    static constexpr const char* k_plain_http = "plain_http";
    /// Goes on without TLS, for the answer to that.
    void leave_tls() { m_tls.reset(); }
    /// After an attempt that lacks something the next one must begin with the same octets.
    [[nodiscard]] Result<Attempt> write_once(std::string_view octets);
    /// True for plain connections, and once the handshake is over.
    [[nodiscard]] bool is_established() const;

    /// Octets that TLS has taken off the socket and nobody has read, be they a whole record or not: no poll on the descriptor would tell.
    [[nodiscard]] bool has_pending() const;
    [[nodiscard]] int descriptor() const { return m_socket.get(); }
    /// Says that no more will be written; best effort.
    void shutdown_write() noexcept;
    /// What was written and has not arrived is thrown away with the connection, instead of being kept for a peer that does not read it.
    void give_up_writes() noexcept;

private:
    [[nodiscard]] Result<Attempt> after_tls(int outcome, std::size_t moved) const;
    template <typename Call> [[nodiscard]] Result<std::size_t> transfer(SteadyTime deadline, Call call);
    [[nodiscard]] Result<void> wait(short mode, SteadyTime deadline) const;

    UniqueFd m_socket;
    std::shared_ptr<ssl_st> m_tls; ///< null: plain; ends before the socket
};

} // namespace keyfob::platform::http
