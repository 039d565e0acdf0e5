#pragma once

#include "platform/encoding.h"
#include "platform/url.h"
#include "tests/support/tcp_socket.h"

#include <string>

namespace keyfob::tests {

/// One answer of HTTP as it came.
struct HttpAnswer {
    int status = 0;
    std::string head;
    std::string body;
    /// Empty if absent.
    [[nodiscard]] std::string header(const std::string& name) const {
        const std::string start = "\r\n" + platform::lower_case(name) + ": ";
        const std::size_t place = platform::lower_case(head).find(start);
        if (place == std::string::npos)
            return {};
        const std::size_t begin = place + start.size();
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

/// Sends these octets to a port of 127.0.0.1 and reads until the end of the stream.
inline HttpAnswer ask(TcpSocket socket, const std::string& octets) {
    socket.send(octets);
    HttpAnswer answer;
    answer.head = socket.read_until("\r\n\r\n");
    answer.body = socket.read_to_end();
    if (answer.head.starts_with("HTTP/1.1 "))
        answer.status = std::stoi(answer.head.substr(9, 3));
    return answer;
}
inline HttpAnswer ask(std::uint16_t port, const std::string& octets) {
    return ask(TcpSocket::connect(port), octets);
}

/// What a browser asks when a person goes to `url` of this machine. `headers` are whole lines.
inline HttpAnswer visit(const std::string& url, const std::string& headers = "", const std::string& method = "GET") {
    const auto parsed = platform::Url::parse(url).value();
    return ask(parsed.origin.port, method + " " + parsed.target() + " HTTP/1.1\r\nHost: " + parsed.origin.authority() +
                                       "\r\nConnection: close\r\n" + headers + "\r\n");
}

} // namespace keyfob::tests
