#pragma once

#include "tests/support/stream_server.h"

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <netinet/in.h>

namespace keyfob::tests {

/// A web server on 127.0.0.1 that sends the very octets that the test says, good HTTP or not, and closes the connection.
class CannedHttpServer {
public:
    /// Gets the whole request, head and body.
    using Respond = std::function<std::string(const std::string& request)>;

    explicit CannedHttpServer(Respond respond)
        : m_respond(std::move(respond)),
          m_server(listen(), [this](std::string& input, bool& end) { return take(input, end); }) {}

    [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(m_port); }
    [[nodiscard]] std::vector<std::string> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }

    static std::string response(const std::string& status, const std::string& headers, const std::string& body) {
        return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               body;
    }

private:
    platform::UniqueFd listen() {
        platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(fd.get(), generic, length) != 0 || ::listen(fd.get(), 64) != 0 ||
            ::getsockname(fd.get(), generic, &length) != 0)
            throw std::runtime_error("cannot listen");
        m_port = ::ntohs(address.sin_port);
        return fd;
    }

    static std::size_t body_length(const std::string& head) {
        const std::string name = "\r\nContent-Length: ";
        const std::size_t place = head.find(name);
        return place == std::string::npos ? 0 : std::stoul(head.substr(place + name.size()));
    }

    std::string take(std::string& input, bool& end) {
        const std::size_t head = input.find("\r\n\r\n");
        if (head == std::string::npos || input.size() < head + 4 + body_length(input.substr(0, head + 2)))
            return {};
        {
            const std::lock_guard lock(m_mutex);
            m_requests.push_back(input);
        }
        end = true;
        return m_respond(input);
    }

    Respond m_respond;
    std::uint16_t m_port = 0;
    mutable std::mutex m_mutex;
    std::vector<std::string> m_requests;
    StreamServer m_server; ///< last: its thread uses the others
};

} // namespace keyfob::tests
