#pragma once

#include "platform/http/server.h"
#include "tests/support/tcp_socket.h"

#include <catch2/catch.hpp>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace keyfob::platform::http::tests {

using keyfob::tests::TcpSocket;

/// An application of functions. Without them every request is answered 200 with its method and path.
struct TestApplication final : Application {
    std::function<Admission(const Request&)> on_admit;
    std::function<Response(const Request&)> on_handle;

    Admission admit(const Request& head) override { return on_admit ? on_admit(head) : Admission{}; }
    Response handle(const Request& request) override {
        {
            const std::lock_guard lock(m_mutex);
            m_requests.push_back(request);
        }
        return on_handle ? on_handle(request) : text(request.method + " " + request.path);
    }
    [[nodiscard]] std::vector<Request> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }
    static Response text(std::string body, int status = 200) {
        Response response;
        response.status = status;
        response.body = std::move(body);
        return response;
    }

private:
    mutable std::mutex m_mutex;
    std::vector<Request> m_requests;
};

/// Limits that no slow machine reaches.
inline Limits patient_limits() {
    Limits limits;
    limits.head_deadline = limits.body_deadline = limits.idle = limits.handshake_deadline = limits.write_deadline =
        limits.stop_deadline = std::chrono::minutes{10};
    return limits;
}

inline ServerOptions options_of(const Limits& limits = patient_limits()) {
    ServerOptions options;
    options.limits = limits;
    options.access_log = false;
    options.request_id = [] { return std::string("request-1"); };
    return options;
}

inline std::unique_ptr<Server> start(ServerOptions options, Application& application) {
    auto server = Server::start(std::move(options), application);
    if (!server)
        FAIL(server.error().message);
    return std::move(server).value();
}

/// One response as it was read from a socket.
struct Answer {
    int status = 0; ///< 0: the connection ended without one
    std::string head;
    std::string body;

    [[nodiscard]] bool has(const std::string& line) const {
        return head.find("\r\n" + line + "\r\n") != std::string::npos;
    }
};

inline Answer read_answer(TcpSocket& socket, bool has_body = true) {
    Answer answer;
    answer.head = socket.read_until("\r\n\r\n");
    if (answer.head.size() < 12)
        return answer;
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::string name = "\r\nContent-Length: ";
    if (const std::size_t place = answer.head.find(name); has_body && place != std::string::npos)
        answer.body = socket.read_exactly(std::stoul(answer.head.substr(place + name.size())));
    return answer;
}

inline Answer ask(TcpSocket& socket, const std::string& request) {
    socket.send(request);
    return read_answer(socket);
}

inline std::string get(const std::string& path, const std::string& lines = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body, const std::string& lines = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + lines +
           "\r\n" + body;
}

/// Returns when nobody can connect any more.
inline void wait_until_closed(std::uint16_t port) {
    try {
        while (true)
            TcpSocket::connect(port);
    } catch (const std::runtime_error&) {
        // that is what was waited for
    }
}

} // namespace keyfob::platform::http::tests
