#include "platform/http/channel.h"

#include "platform/poll_until.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_most_at_once = 1U << 20U;

Error lost(const std::string& why) {
    return {ErrorKind::unreachable, "the connection was lost: " + why};
}
Error too_late() {
    return {ErrorKind::timed_out, "the other side did not answer in time"};
}

/// What a system call on a plain socket has moved, or why it has not.
Result<Channel::Attempt> after_plain(ssize_t moved, short lacking) {
    if (moved >= 0)
        return Channel::Attempt{static_cast<std::size_t>(moved), 0};
    if (errno == EAGAIN || errno == EINTR)
        return Channel::Attempt{0, lacking};
    return lost(std::generic_category().message(errno));
}

/// Why TLS failed. What the certificate is to blame for is `denied`: trying again will not help.
Error tls_failure(const SSL* connection, int error) {
    const long verification = SSL_get_verify_result(connection);
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (verification != X509_V_OK)
        return {ErrorKind::denied,
                std::string("the server's certificate was not accepted: ") +
                    X509_verify_cert_error_string(verification),
                "is it the right address? a private authority is named by SSL_CERT_FILE"};
    if (error == SSL_ERROR_SYSCALL && code == 0)
        return lost("it was closed");
    if (SSL_is_server(connection) == 1 && ERR_GET_LIB(code) == ERR_LIB_SSL &&
        ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST)
        return {ErrorKind::invalid, "plain HTTP instead of TLS", "", Channel::k_plain_http};
    const char* text = ERR_reason_error_string(code);
    return lost(std::string("TLS: ") + (text != nullptr ? text : "unknown reason"));
}

} // namespace

Channel::Channel(UniqueFd socket, const TlsContext& tls, const std::string& host)
    : m_socket(std::move(socket)), m_tls(tls.connect(descriptor(), host)) {}

Result<void> Channel::wait(short mode, SteadyTime deadline) const {
    const auto ready = poll_until(descriptor(), mode, deadline);
    if (ready)
        return {};
    return ready.error().kind == ErrorKind::timed_out ? too_late() : lost("poll failed");
}

Result<Channel::Attempt> Channel::after_tls(int outcome, std::size_t moved) const {
    if (outcome > 0)
        return Attempt{moved, 0};
    const int error = SSL_get_error(m_tls.get(), outcome);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return Attempt{0, static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)};
    if (error == SSL_ERROR_ZERO_RETURN)
        return Attempt{0, 0};
    return tls_failure(m_tls.get(), error);
}

Result<Channel::Attempt> Channel::read_once(char* buffer, std::size_t size) {
    if (m_tls) {
        ERR_clear_error();
        std::size_t moved = 0;
        const int outcome = SSL_read_ex(m_tls.get(), buffer, size, &moved);
        return after_tls(outcome, moved);
    }
    return after_plain(::recv(descriptor(), buffer, size, 0), POLLIN);
}

Result<Channel::Attempt> Channel::write_once(std::string_view octets) {
    if (m_tls) {
        ERR_clear_error();
        std::size_t moved = 0;
        const int outcome = SSL_write_ex(m_tls.get(), octets.data(), octets.size(), &moved);
        return after_tls(outcome, moved);
    }
    return after_plain(::send(descriptor(), octets.data(), octets.size(), MSG_NOSIGNAL), POLLOUT);
}

template <typename Call> Result<std::size_t> Channel::transfer(SteadyTime deadline, Call call) {
    while (true) {
        // Also before the first attempt: a peer that always has something to say must not outlast it either.
        if (std::chrono::steady_clock::now() >= deadline)
            return too_late();
        KEYFOB_TRY_ASSIGN(const Attempt attempt, call());
        if (attempt.lacking == 0)
            return attempt.moved;
        KEYFOB_TRY(wait(attempt.lacking, deadline));
    }
}

Result<std::size_t> Channel::read(char* buffer, std::size_t size, SteadyTime deadline) {
    return transfer(deadline, [&] { return read_once(buffer, size); });
}

Result<void> Channel::write(std::string_view octets, SteadyTime deadline) {
    while (!octets.empty()) {
        KEYFOB_TRY_ASSIGN(const std::size_t sent,
                          transfer(deadline, [&] { return write_once(octets.substr(0, k_most_at_once)); }));
        octets.remove_prefix(sent);
    }
    return {};
}

Result<std::size_t> Channel::write_some(std::string_view octets, bool until_readable, SteadyTime deadline) {
    if (std::chrono::steady_clock::now() >= deadline)
        return too_late();
    KEYFOB_TRY_ASSIGN(const Attempt attempt, write_once(octets.substr(0, k_most_at_once)));
    if (attempt.lacking != 0)
        KEYFOB_TRY(wait(static_cast<short>(attempt.lacking | (until_readable ? POLLIN : 0)), deadline));
    return attempt.moved;
}

Result<std::optional<std::size_t>> Channel::read_available(char* buffer, std::size_t size) {
    KEYFOB_TRY_ASSIGN(const Attempt attempt, read_once(buffer, size));
    return attempt.lacking != 0 ? std::nullopt : std::optional(attempt.moved);
}

bool Channel::is_established() const {
    return !m_tls || SSL_is_init_finished(m_tls.get()) == 1;
}

bool Channel::has_pending() const {
    return m_tls && SSL_has_pending(m_tls.get()) == 1;
}

void Channel::shutdown_write() noexcept {
    if (m_tls && SSL_is_init_finished(m_tls.get()) == 1) {
        ERR_clear_error();
        SSL_shutdown(m_tls.get());
    }
    ::shutdown(descriptor(), SHUT_WR);
}

void Channel::give_up_writes() noexcept {
    const linger at_once{1, 0};
    ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

} // namespace keyfob::platform::http
