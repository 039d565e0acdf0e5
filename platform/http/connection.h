#pragma once

#include "platform/http/channel.h"
#include "platform/http/request_parser.h"
#include "platform/http/server.h"

#include <memory>
#include <optional>
#include <string>

namespace keyfob::platform::http {

/// One connection of the server as a state machine: octets in, requests out, responses in, octets out. It never waits: whoever drives it polls
/// the descriptor for events(), and calls advance(), or expire() when deadline() has passed. One thread at a time.
class Connection {
public:
    struct Peer {
        std::string address; ///< numeric
        std::uint16_t port = 0;
        bool tls = false;
    };
    /// `options` must outlive it.
    Connection(Channel channel, Peer peer, const ServerOptions& options);

    /// A request that is complete, or the response that takes its place.
    struct Received {
        Request request;
        Pool pool = Pool::fast;
        std::optional<Response> refusal;
        bool keep_alive = true;
    };
    /// Goes on as far as that is possible without waiting. True: what has been `received` wants respond(); nothing moves before.
    [[nodiscard]] bool advance(Application& application, Received& received);
    /// Sends the response to `request`, at once or with later calls of advance().
    void respond(const Request& request, const Response& response, bool keep_alive);
    /// The last word to a peer of which nothing is read.
    void refuse(int status);
    /// The deadline has passed. True: `received` is a refusal that wants respond().
    [[nodiscard]] bool expire(Received& received);
    /// Ends it without another word.
    void give_up();
    /// To be called when the descriptor is ready.
    void now_readable() { m_drained = false; }

    [[nodiscard]] bool is_over() const { return m_phase == Phase::over; }
    [[nodiscard]] bool is_handling() const { return m_phase == Phase::handling; }
    /// Nothing of a request or of a response is on its way, as far as this side can tell.
    [[nodiscard]] bool is_idle() const { return m_phase == Phase::head && !m_head_begun; }
    [[nodiscard]] bool is_lingering() const { return m_phase == Phase::lingering; }
    /// POLLIN or POLLOUT; 0 while a request is handled.
    [[nodiscard]] short events() const { return m_phase == Phase::handling ? short{0} : m_lacking; }
    [[nodiscard]] SteadyTime deadline() const { return m_deadline; }
    [[nodiscard]] int descriptor() const { return m_channel.descriptor(); }
    [[nodiscard]] const Peer& peer() const { return m_peer; }

private:
    /// What it does. `head` and `body` read a request, `handling` waits for respond(), `lingering` throws away what a peer sends after the last
    /// answer, so that the answer is not lost with the connection.
    enum class Phase { head, body, handling, writing, lingering, over };
    /// A request whose body is on its way.
    struct Incoming {
        Received received;
        std::size_t length = 0;
    };

    // True: `received` is complete. It is passed along and filled in: a request is moved once, from its head.
    [[nodiscard]] bool next_request(Application& application, Received& received);
    [[nodiscard]] bool take_head(Application& application, Received& received);
    [[nodiscard]] bool examine(std::size_t content_length, Application& application, Received& received);
    [[nodiscard]] bool await_body(std::size_t length, std::size_t most, Received& received);
    [[nodiscard]] bool take_body(Received& received);
    [[nodiscard]] bool give();
    [[nodiscard]] bool refuse_request(Received& received, int status, const std::string& reason,
                                      const std::string& told = {});
    [[nodiscard]] bool is_our_host(const Request& request) const;
    [[nodiscard]] bool fill();
    void answer_plain_http();
    void send(std::string octets, Phase next);
    bool flush();
    void begin(Phase phase);
    void discard();
    void set_deadline(std::chrono::milliseconds from_now);

    Channel m_channel;
    const ServerOptions& m_options;
    const Peer m_peer;
    Phase m_phase = Phase::head;
    Phase m_after_writing = Phase::head;
    short m_lacking;
    bool m_drained = false;    ///< nothing more was there; the poller will tell
    bool m_handshaking;        ///< TLS, until its end
    bool m_head_begun = false; ///< also by an empty line, of which nothing is left
    SteadyTime m_deadline;
    std::string m_input;  ///< read and not used yet
    std::string m_output; ///< what is left to be written
    std::size_t m_written = 0;
    std::size_t m_discarded = 0;
    std::unique_ptr<Incoming> m_incoming; ///< phase body
};

} // namespace keyfob::platform::http
