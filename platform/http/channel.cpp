#include "platform/http/channel.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SecureStreamSocketImpl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

#include <openssl/ssl.h>
#include <poll.h>

namespace keyfob::platform::http {
namespace {

using Poco::Net::SecureStreamSocket;

Error lost(const std::string& why) {
    return {ErrorKind::unreachable, "the connection was lost: " + why};
}

/// Poco 1.11 returns -1 when a plain non-blocking socket has nothing to read, but throws when it
/// cannot take more; later versions return -1 there too.
bool would_block(const Poco::Exception& exception) {
    return exception.code() == EAGAIN || exception.code() == EWOULDBLOCK;
}

/// Maps what Poco throws; the seam of every socket call.
Error from_exception(const std::exception& exception) {
    if (const auto* poco = dynamic_cast<const Poco::Exception*>(&exception)) {
        if (dynamic_cast<const Poco::TimeoutException*>(poco) != nullptr)
            return {ErrorKind::timed_out, "the other side did not answer in time"};
        if (dynamic_cast<const Poco::Net::CertificateValidationException*>(poco) != nullptr)
            return {ErrorKind::denied, "the server's certificate was not accepted: " + poco->message()};
        if (dynamic_cast<const Poco::Net::SSLException*>(poco) != nullptr) {
            const bool certificate = poco->message().find("certificate") != std::string::npos;
            return {certificate ? ErrorKind::denied : ErrorKind::unreachable, "TLS failed: " + poco->message()};
        }
        return lost(poco->displayText());
    }
    return lost(exception.what());
}

} // namespace

Channel::Channel(Poco::Net::StreamSocket socket) : m_socket(std::move(socket)), m_tls(m_socket.secure()) {
    m_socket.setBlocking(false);
}

Result<void> Channel::wait(int mode, SteadyTime deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return Error{ErrorKind::timed_out, "the other side did not answer in time"};
        pollfd descriptor_state{descriptor(), static_cast<short>(mode), 0};
        const int ready = ::poll(&descriptor_state, 1, static_cast<int>(std::min<long>(left.count(), 3'600'000)));
        if (ready > 0)
            return {};
        if (ready < 0 && errno != EINTR)
            return lost("poll failed");
    }
}

template <typename Call> Result<std::size_t> Channel::transfer(int mode, SteadyTime deadline, Call call) {
    while (true) {
        if (std::chrono::steady_clock::now() >=
            deadline) // a peer that always has something to say must not outlast it either
            return Error{ErrorKind::timed_out, "the other side did not answer in time"};
        int moved = 0;
        errno = 0;
        try {
            moved = call();
        } catch (const Poco::IOException& exception) {
            if (m_tls || !would_block(exception))
                return from_exception(exception);
            moved = -1;
        } catch (const std::exception& exception) {
            return from_exception(exception);
        }
        if (moved >= 0)
            return static_cast<std::size_t>(moved);
        // Poco: -1 is "would block" on a plain socket; on TLS it says which direction it lacks.
        const int lacking = m_tls ? (moved == SecureStreamSocket::ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN) : mode;
        KEYFOB_TRY(wait(lacking, deadline));
    }
}

Result<std::size_t> Channel::read(char* buffer, std::size_t size, SteadyTime deadline) {
    return transfer(POLLIN, deadline, [&] { return m_socket.receiveBytes(buffer, static_cast<int>(size)); });
}

Result<void> Channel::write(std::string_view octets, SteadyTime deadline) {
    while (!octets.empty()) {
        const auto piece = static_cast<int>(std::min<std::size_t>(octets.size(), 1U << 20U));
        KEYFOB_TRY_ASSIGN(const std::size_t sent,
                          transfer(POLLOUT, deadline, [&] { return m_socket.sendBytes(octets.data(), piece); }));
        octets.remove_prefix(sent);
    }
    return {};
}

bool Channel::has_pending() const {
    if (!m_tls)
        return false;
    try {
        return const_cast<Poco::Net::StreamSocket&>(m_socket).available() > 0;
    } catch (const Poco::Exception&) {
        return false; // the next read tells what is wrong
    }
}

int Channel::descriptor() const {
    return m_socket.impl()->sockfd();
}

void Channel::shutdown_write() noexcept {
    try {
        m_socket.shutdownSend();
    } catch (const std::exception&) {
        // the peer has gone already
    }
}

} // namespace keyfob::platform::http
