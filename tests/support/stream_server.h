#pragma once

#include "platform/unique_fd.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyfob::tests {

/// Serves a listening socket in a thread of its own until it is destroyed: `on_input` gets all that a connection has said and not yet been
/// answered for, takes from it what it understands and returns the octets to send. With `end` set it closes the connection.
class StreamServer {
public:
    using OnInput = std::function<std::string(std::string& input, bool& end)>;

    StreamServer(platform::UniqueFd listener, OnInput on_input)
        : m_listener(std::move(listener)), m_on_input(std::move(on_input)) {
        int ends[2];
        if (::pipe(ends) != 0)
            throw std::runtime_error("cannot make a pipe");
        m_stop_reading.reset(ends[0]);
        m_stop_writing.reset(ends[1]);
        m_thread = std::thread([this] { run(); });
    }
    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;
    ~StreamServer() {
        m_stop_writing.reset();
        m_thread.join();
    }

private:
    void run() {
        std::map<int, std::string> inputs;
        std::vector<platform::UniqueFd> connections;
        while (true) {
            std::vector<pollfd> watched{{m_stop_reading.get(), POLLIN, 0}, {m_listener.get(), POLLIN, 0}};
            for (const auto& connection : connections)
                watched.push_back({connection.get(), POLLIN, 0});
            ::poll(watched.data(), watched.size(), -1);
            if (watched[0].revents != 0)
                return;
            for (std::size_t i = connections.size(); i > 0; --i)
                if (watched[i + 1].revents != 0 && !serve(connections[i - 1].get(), inputs[watched[i + 1].fd])) {
                    inputs.erase(watched[i + 1].fd);
                    connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(i) - 1);
                }
            if (watched[1].revents != 0)
                if (platform::UniqueFd accepted(::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); accepted)
                    connections.push_back(std::move(accepted));
        }
    }

    bool serve(int fd, std::string& input) {
        char piece[65536];
        const ssize_t count = ::recv(fd, piece, sizeof piece, 0);
        if (count <= 0)
            return false;
        input.append(piece, static_cast<std::size_t>(count));
        bool end = false;
        const std::string answer = m_on_input(input, end);
        for (std::size_t sent = 0; sent < answer.size();) {
            const ssize_t part = ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
            if (part <= 0)
                return false;
            sent += static_cast<std::size_t>(part);
        }
        return !end;
    }

    platform::UniqueFd m_listener;
    OnInput m_on_input;
    platform::UniqueFd m_stop_reading;
    platform::UniqueFd m_stop_writing;
    std::thread m_thread;
};

} // namespace keyfob::tests
