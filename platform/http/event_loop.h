#pragma once

#include "platform/http/connection.h"
#include "platform/http/connection_counts.h"
#include "platform/http/server.h"
#include "platform/poller.h"
#include "platform/thread_pool.h"
#include "platform/unique_fd.h"

#include <Poco/Net/ServerSocket.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace keyfob::platform::http {

/// What the event loops of one server share. All references outlive them.
struct Front {
    const ServerOptions& options;
    Application& application;
    Poco::Net::ServerSocket socket;
    std::uint16_t port = 0;
    ConnectionCounts& counts;
    ThreadPool& fast;
    ThreadPool& upstream;
    std::atomic<std::size_t> accepting; ///< loops that still accept; the last one closes the socket
};

/// One thread that drives the connections that it has accepted: it polls them, reads, hands complete requests to the handlers, and writes their
/// responses. Nobody else touches a connection; a handler on another thread gets the request and leaves the response in the mailbox.
class EventLoop {
public:
    EventLoop(Front& front, Poller poller);
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop(); ///< begin_stop() and join()

    void begin_stop(); ///< any thread
    void join();       ///< returns when the last connection has ended, or limits.stop_deadline has passed

private:
    struct Driven;
    using DeadlineQueue = std::multimap<SteadyTime, Driven*>;
    /// A connection and what the loop knows of it.
    struct Driven {
        Driven(Connection own, std::string group, bool counted)
            : connection(std::move(own)), address_group(std::move(group)), is_counted(counted) {}
        Connection connection;
        std::string address_group;
        bool is_counted;               ///< in Front::counts; otherwise it is one that is being refused
        bool is_waiting_again = false; ///< it stands in m_again
        short polled = 0;              ///< for what; 0: not at all
        SteadyTime deadline;
        std::optional<DeadlineQueue::iterator> due;
    };
    struct Finished {
        Driven* driven = nullptr;
        Request request;
        Response response;
        bool keep_alive = true;
    };

    void run();
    [[nodiscard]] std::chrono::milliseconds time_to_wait() const;
    void accept_some();
    void accept_one(UniqueFd socket, const Poco::Net::SocketAddress& peer);
    /// Why a new connection is not served; 0: it is.
    [[nodiscard]] int admission(const Poco::Net::SocketAddress& peer, const std::string& group);
    void pause_accepting(const std::string& reason);
    void go_on_accepting();

    void wake_up(Driven& driven);
    void begin(std::unique_ptr<Driven> driven, int refusal);
    template <typename First> void drive(Driven& driven, First first);
    void go_on(Driven& driven);
    [[nodiscard]] bool dispatch(Driven& driven, Connection::Received& received);
    [[nodiscard]] bool submit(ThreadPool& pool, Driven& driven, Connection::Received& received);
    void refuse(Driven& driven, const Connection::Received& refused);
    void respond(Driven& driven, const Request& request, const Response& response, bool keep_alive);
    void settle(Driven& driven);
    void poll_for(Driven& driven, short events);
    void set_due(Driven& driven, SteadyTime deadline);
    void drop(Driven& driven);

    void take_finished();
    void take_turns();
    void expire_due();
    void begin_ending();

    Front& m_front;
    Poller m_poller;
    std::unordered_map<Driven*, std::unique_ptr<Driven>> m_connections;
    DeadlineQueue m_deadlines;                ///< each no later than its connection's own
    std::vector<Driven*> m_again;             ///< had their turn, and have more to say
    std::optional<SteadyTime> m_accept_again; ///< set while nobody is accepted
    bool m_starving = false;                  ///< that was logged
    std::size_t m_refused = 0;                ///< connections that are only told so
    std::optional<SteadyTime> m_stop_begun;
    std::atomic<bool> m_stopping{false};
    std::mutex m_mailbox_mutex;
    std::vector<Finished> m_mailbox;
    std::thread m_thread; ///< last: it uses the rest
};

} // namespace keyfob::platform::http
