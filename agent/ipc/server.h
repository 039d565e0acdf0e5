#pragma once

#include "agent/ipc/connection.h"
#include "agent/ipc/json_rpc.h"
#include "agent/ipc/main_loop.h"
#include "platform/poller.h"
#include "platform/result.h"
#include "platform/unique_fd.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace keyfob::agent::ipc {

using Answer = platform::Result<platform::json::Value>; ///< an object

/// One request of a command, as a method handler sees it.
struct Call {
    std::string method;
    std::shared_ptr<const platform::json::Value> parameters;
    std::shared_ptr<Connection> connection;
    std::function<void(const Answer&)> answer; ///< exactly once, now or later; on the main loop thread
};

/// Accepts commands on the agent's socket. Another user is refused before a byte is read (AG-09). Main loop thread only.
class Server {
public:
    using Dispatch = std::function<void(Call)>;
    Server(platform::Poller poller, platform::UniqueFd listener, Dispatch dispatch);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

private:
    void take(void* tag);
    void accept();
    void handle(const std::shared_ptr<Connection>& connection, std::string_view line);

    PollerSource m_source; ///< outlives the connections in it
    platform::UniqueFd m_listener;
    Dispatch m_dispatch;
    std::map<Connection*, std::shared_ptr<Connection>> m_connections;
};

} // namespace keyfob::agent::ipc
