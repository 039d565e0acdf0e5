#pragma once

#include "platform/http/limits.h"
#include "platform/http/message.h"
#include "platform/http/tls_context.h"
#include "platform/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::platform::http {

/// Which threads run a handler. `loop`: those that read and write, so it takes microseconds and waits for nothing, not even for a lock that is held
/// longer. `fast`: it may wait for this machine, as for a disk. `upstream`: it may wait for others.
enum class Pool { loop, fast, upstream };

/// What the front asks of a program. All members are called from several threads at once.
class Application {
public:
    virtual ~Application() = default;
    /// Decides before the body is read. Must not block.
    struct Admission {
        Pool pool = Pool::fast;
        std::optional<std::size_t> body_bytes = {}; ///< a longer body is answered 413; unset: limits.body_bytes
        std::optional<Response> refusal;            ///< answered at once, the body is never read
    };
    [[nodiscard]] virtual Admission admit(const Request& head) = 0;
    /// Answers one request. An exception is answered 500 with the request id and logged once.
    [[nodiscard]] virtual Response handle(const Request& request) = 0;
};

/// Called once per connection before a byte is read; false: 403 and close, nothing is handled.
using AdmitPeer =
    std::function<bool(const std::string& peer_address, std::uint16_t peer_port, std::uint16_t local_port)>;

struct ServerOptions {
    std::string address = "127.0.0.1"; ///< numeric
    std::uint16_t port = 0;            ///< 0: the system chooses
    TlsContextPtr tls;                 ///< null: plain
    Limits limits;
    /// Values of the Host header that are ours (`host` or `host:port`, lower case). Any other is answered 421. Empty: no check.
    std::vector<std::string> hosts;
    AdmitPeer admit_peer; ///< empty: everybody
    /// Whether an address is a proxy, which brings many clients and has no limit of its own; empty: none is.
    std::function<bool(const std::string& peer_address)> is_proxy;
    /// One line per request in the log, without its query; none for a request that Pool::loop has answered with 2xx.
    bool access_log = true;
    /// Makes request ids; required.
    std::function<std::string()> request_id;
};

/// A listening HTTP/1.1 server on Poco's sockets. Event loops (event_loop.h) accept, read and write, and no peer however slow holds a thread; two
/// bounded pools of threads run what takes longer. It never closes a connection silently where an answer is possible.
/// Thread-safe; start and stop once each.
class Server {
public:
    /// `application` must outlive the server.
    /// Errors: invalid (address), denied (privileged port), failed (port in use: the message says which).
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Application& application);
    virtual ~Server() = default; ///< stops

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Accepts no more, answers what has begun (limits.stop_deadline) and what comes on idle connections at once (limits.stop_grace), closes the
    /// rest, joins its threads. Idempotent.
    virtual void stop() = 0;
};

} // namespace keyfob::platform::http
