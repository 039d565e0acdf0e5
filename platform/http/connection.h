#pragma once

#include "platform/http/channel.h"
#include "platform/http/request_parser.h"
#include "platform/http/server.h"

#include <optional>
#include <string>

namespace keyfob::platform::http {

/// One connection of the server: reads requests, writes responses. Knows no threads: whoever holds it drives it.
class Connection {
public:
    Connection(Channel channel, std::string peer_address, std::uint16_t peer_port, bool tls,
               const ServerOptions& options);

    /// A request that is complete, or the response that takes its place.
    struct Received {
        Request request;
        Pool pool = Pool::fast;
        std::optional<Response> refusal;
        bool keep_alive = true;
    };
    /// Waits for one request within the limits. nullopt: the connection is over and nobody waits for an answer.
    [[nodiscard]] std::optional<Received> receive(Application& application);

    /// Writes the response to `request`. False: the connection is of no use any more.
    [[nodiscard]] bool respond(const Request& request, Response response, bool keep_alive);

    /// The last answer of a connection that nobody has a thread for; does not wait for a peer that reads slowly.
    void refuse_now(int status);

    /// Ends it so that the peer can still read the last answer: what it goes on sending is read and thrown away for a moment.
    void close_gently();

    [[nodiscard]] bool has_buffered() const { return !m_buffer.empty() || m_channel.has_pending(); }
    [[nodiscard]] int descriptor() const { return m_channel.descriptor(); }

private:
    [[nodiscard]] std::string octets_of(const Request& request, Response response, bool keep_alive) const;
    [[nodiscard]] std::variant<RequestHead, Refusal, std::monostate> read_head();
    [[nodiscard]] bool read_body(const RequestHead& head, std::string& body);
    [[nodiscard]] bool fill(SteadyTime deadline);
    [[nodiscard]] bool is_our_host(const Request& request) const;
    [[nodiscard]] Received refuse(const Request& request, int status, const std::string& reason) const;

    Channel m_channel;
    const ServerOptions& m_options;
    std::string m_peer_address;
    std::uint16_t m_peer_port;
    bool m_tls;
    std::string m_buffer; ///< read and not used yet
};

/// The JSON body of every answer that the front gives itself. `description` is our own words, never the request's.
[[nodiscard]] Response front_error(int status, const std::string& request_id,
                                   const std::string& description = "the request was refused");

} // namespace keyfob::platform::http
