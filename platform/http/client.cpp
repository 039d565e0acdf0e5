#include "platform/http/client.h"

#include "platform/http/channel.h"
#include "platform/http/connect.h"
#include "platform/http/response_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <unistd.h>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_body_piece = 64 * 1024;

Error unreachable(const Origin& origin, const Error& why) {
    return {why.kind, "cannot reach " + origin.authority() + ": " + why.message};
}

Result<Channel> open_channel(const Origin& origin, const ClientOptions& options) {
    auto addresses = resolve(origin.host, origin.port);
    if (!addresses)
        return unreachable(origin, addresses.error());
    if (options.allow_address) {
        std::erase_if(*addresses, [&](const SocketAddress& address) { return !options.allow_address(address.ip()); });
        if (addresses->empty())
            return Error{ErrorKind::denied, "the address of " + origin.authority() + " is not allowed"};
    }
    auto socket = connect_any(*addresses, options.connect_deadline);
    if (!socket)
        return unreachable(origin, socket.error());
    if (origin.scheme == "http")
        return Channel(std::move(*socket));
    if (!options.tls)
        return Error{ErrorKind::failed, "no TLS context for " + origin.text()};
    return Channel(std::move(*socket), *options.tls, origin.host);
}

/// Until when the next wait may last: the end of the whole, or one silence.
class Patience {
public:
    explicit Patience(const ClientOptions& options)
        : m_silence(options.silence_deadline), m_bounded(options.total_deadline.count() > 0),
          m_end(std::chrono::steady_clock::now() + options.total_deadline) {}
    SteadyTime operator()() const { return m_bounded ? m_end : std::chrono::steady_clock::now() + m_silence; }

private:
    std::chrono::milliseconds m_silence;
    bool m_bounded;
    SteadyTime m_end;
};

Result<std::string> head_text(const ClientRequest& request) {
    std::string text =
        request.method + " " + request.url.target() + " HTTP/1.1\r\nHost: " + request.url.origin.authority() + "\r\n";
    for (const auto& [name, value] : request.headers.fields()) {
        if (!is_token(name) || !is_header_value(value))
            return Error{ErrorKind::invalid, "a header field is not valid: " + (is_token(name) ? name : "its name")};
        text += name + ": " + value + "\r\n";
    }
    const std::uint64_t length = request.body_file >= 0 ? request.body_length : request.body.size();
    if (length > 0 || (request.method != "GET" && request.method != "HEAD"))
        text += "Content-Length: " + std::to_string(length) + "\r\n";
    return text + "Connection: close\r\n\r\n";
}

/// Sends the request, and listens meanwhile: whoever refuses a body may say so without reading it.
class Sender {
public:
    Sender(Channel& channel, ResponseReader& reader, const Patience& patience)
        : m_channel(channel), m_reader(reader), m_patience(patience) {}

    Result<void> send(const ClientRequest& request) {
        KEYFOB_TRY_ASSIGN(const std::string head, head_text(request));
        if (request.body_file < 0)
            return send(head + request.body);
        KEYFOB_TRY(send(head));
        return send_file(request);
    }

private:
    /// A 2xx that comes early refuses nothing: then the rest is sent, and nobody listens any more.
    Result<void> send(std::string_view octets) {
        while (!octets.empty() && !m_refused) {
            KEYFOB_TRY_ASSIGN(const std::size_t sent, m_channel.write_some(octets, !m_reader.has_head(), m_patience()));
            octets.remove_prefix(sent);
            if (!octets.empty())
                KEYFOB_TRY(listen());
        }
        return {};
    }
    Result<void> send_file(const ClientRequest& request) {
        std::array<char, k_body_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
        for (std::uint64_t left = request.body_length; left > 0 && !m_refused;) {
            const ssize_t count = ::read(request.body_file, piece.data(), std::min<std::uint64_t>(left, piece.size()));
            if (count < 0 && errno == EINTR)
                continue;
            if (count <= 0)
                return Error{ErrorKind::failed, "the body to send ended too early"};
            KEYFOB_TRY(send({piece.data(), static_cast<std::size_t>(count)}));
            left -= static_cast<std::uint64_t>(count);
            if (left > 0)
                KEYFOB_TRY(listen());
        }
        return {};
    }
    Result<void> listen() {
        KEYFOB_TRY_ASSIGN(m_refused, m_reader.refused_early());
        return {};
    }

    Channel& m_channel;
    ResponseReader& m_reader;
    const Patience& m_patience;
    bool m_refused = false;
};

Error named(Error error, const Origin& origin) {
    if (error.message.find(origin.host) == std::string::npos)
        error.message = origin.authority() + ": " + error.message;
    return error;
}

Result<ClientResponse> exchange(const ClientOptions& options, const ClientRequest& request,
                                const std::function<bool(const ClientResponse& head)>& on_head,
                                const std::function<bool(std::string_view piece)>& on_body) {
    const Patience patience(options);
    KEYFOB_TRY_ASSIGN(Channel channel, open_channel(request.url.origin, options));
    ResponseReader reader(channel, options, patience);
    const Result<void> sent = Sender(channel, reader, patience).send(request);
    if (!sent && sent.error().kind != ErrorKind::unreachable)
        return sent.error();
    auto head = reader.read_head(); // also when sending broke off: the server may have refused the body and said why
    if (!head)
        return sent ? std::move(head).error() : sent.error();
    if (on_head && !on_head(*head))
        return Error{ErrorKind::cancelled, "stopped"};
    KEYFOB_TRY(reader.read_body(request.method, *head, on_body));
    return head;
}

} // namespace

Client::Client(ClientOptions options) : m_options(std::move(options)) {}

Result<ClientResponse> Client::fetch(const ClientRequest& request) const {
    std::string body;
    bool too_long = false;
    auto response = exchange(m_options, request, nullptr, [&](std::string_view piece) {
        too_long = body.size() + piece.size() > m_options.response_body_bytes;
        if (!too_long)
            body.append(piece);
        return !too_long;
    });
    if (too_long)
        return named({ErrorKind::invalid, "the answer is too long"}, request.url.origin);
    if (!response)
        return named(std::move(response).error(), request.url.origin);
    response->body = std::move(body);
    return response;
}

Result<ClientResponse> Client::stream(const ClientRequest& request,
                                      const std::function<bool(const ClientResponse& head)>& on_head,
                                      const std::function<bool(std::string_view piece)>& on_body) const {
    auto response = exchange(m_options, request, on_head, on_body);
    if (!response && response.error().kind != ErrorKind::cancelled)
        return named(std::move(response).error(), request.url.origin);
    return response;
}

} // namespace keyfob::platform::http
