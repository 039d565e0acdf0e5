#pragma once

#include "platform/poller.h"
#include "platform/unique_fd.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::agent::ipc {

/// One connected command. Reads lines and writes answers on the main loop, never waiting; what it sends too fast, or does not fetch, closes
/// it. Main loop thread only.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    using OnLine = std::function<void(const std::shared_ptr<Connection>&, std::string_view line)>;
    using OnClosed = std::function<void(Connection*)>;

    /// `poller` outlives it, and has it as tag.
    Connection(platform::Poller& poller, platform::UniqueFd socket, OnLine on_line, OnClosed on_closed);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    void start();    ///< begins to read; call once, when it is owned by a shared_ptr
    void on_ready(); ///< what the poller told
    void send(std::string line);
    void close();
    [[nodiscard]] bool is_open() const { return static_cast<bool>(m_socket); }
    /// Called once when the connection ends, whoever ended it; at once when it has ended.
    void when_closed(std::function<void()> action);
    void count_bad_line(); ///< closes after too many

private:
    void read();
    void take_lines();
    void append(const std::string& line);
    void write();
    void watch(short events);

    platform::Poller& m_poller;
    platform::UniqueFd m_socket;
    OnLine m_on_line;
    OnClosed m_on_closed;
    std::string m_input;
    std::string m_output;
    bool m_first_line = true;
    int m_bad_lines = 0;
    bool m_taking_lines = false; ///< answers wait, so that those to several requests leave together
    short m_watched = 0;
    std::vector<std::function<void()>> m_when_closed;
};

} // namespace keyfob::agent::ipc
