#include "agent/api/client.h"

#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "platform/encoding.h"
#include "platform/peer_credentials.h"
#include "platform/unix_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyfob::agent::api {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::json::Value;

constexpr std::int64_t k_hello_id = 0;
constexpr std::size_t k_piece = 16 * 1024;

Error unreachable(const std::string& why, ErrorKind kind = ErrorKind::unreachable) {
    return {kind, "the agent " + why, "is keyfob-agent running? see its log", k_agent_unreachable};
}

std::string line_of(std::int64_t id, const std::string& method, const Value& parameters) {
    const Value request =
        platform::json::make_object("jsonrpc", "2.0", "id", id, "method", method, "params", parameters);
    return platform::json::to_text(request) + "\n";
}

ErrorKind kind_of(const std::string& word) {
    if (word == k_cancelled)
        return ErrorKind::cancelled;
    if (word == k_timed_out)
        return ErrorKind::timed_out;
    return word == k_keychain_locked ? ErrorKind::locked : ErrorKind::failed;
}

Error error_of(const Value& error) {
    const Value* data = platform::json::get_object(error, "data");
    const auto text = [](const Value* object, const char* name) {
        return object == nullptr ? std::string()
                                 : platform::printable(platform::json::get_string(*object, name).value_or(""));
    };
    const std::string word = text(data, "code");
    return {kind_of(word),
            platform::printable(platform::json::get_string(error, "message").value_or("the agent refused")),
            text(data, "hint"), word};
}

/// By name, not by the number that the kernel knows: that is the service manager's where it holds the socket.
std::string pkill(const std::string& option) {
    return "`pkill " + option + "-u " + std::to_string(::getuid()) + " keyfob-agent`";
}

Error no_agent(const Error& error) {
    return {error.kind, "no agent: " + error.message,
            error.kind == ErrorKind::timed_out ? "is it stopped? " + pkill("-CONT ") + " lets it go on" : error.hint,
            k_agent_unreachable};
}

Error other_protocol(const Value& error) {
    Error said = error_of(error);
    said.code = k_agent_unreachable;
    said.hint = pkill("") + " ends the agent that runs; the next command starts one of its own version";
    return said;
}

} // namespace

Result<Client> Client::connect(const std::string& socket_path, std::string client_name) {
    auto socket = platform::connect_unix(socket_path);
    if (!socket)
        return no_agent(socket.error());
    // The agent checks us; we check it, because the URL to open and what we ask for should not come from or go to a stranger.
    if (const auto peer = platform::peer_credentials(socket->get()); !peer || peer->uid != ::getuid())
        return Error{ErrorKind::denied, "the agent at " + socket_path + " is not yours", "", k_agent_unreachable};
    return Client(std::move(*socket), std::move(client_name));
}

Result<void> Client::write(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t count = ::send(m_socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return unreachable("has gone away");
        octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<std::int64_t> Client::send(const std::string& method, const Value& parameters) {
    std::string text;
    if (m_last_id == 0) {
        text =
            line_of(k_hello_id, k_hello, platform::json::make_object("client", m_name, "protocol", k_protocol_version));
    }
    const std::int64_t id = ++m_last_id;
    const std::string line = line_of(id, method, parameters);
    if (line.size() > k_longest_line)
        return Error{ErrorKind::invalid, "the request is too long for the agent", "", k_usage};
    KEYFOB_TRY(write(text + line));
    return id;
}

Result<void> Client::wait(Deadline deadline, const Patience& patience) const {
    std::array<pollfd, 3> watched{pollfd{m_socket.get(), POLLIN, 0}, pollfd{patience.interrupt, POLLIN, 0},
                                  pollfd{patience.event, POLLIN, 0}};
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return unreachable("does not answer", ErrorKind::timed_out);
        const auto now = std::min<std::chrono::milliseconds>(left, std::chrono::hours{1}); // what an int can hold
        const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(now.count()));
        if (ready < 0 && errno != EINTR)
            return unreachable("cannot be waited for");
        if (ready > 0 && watched[1].revents != 0)
            return Error{ErrorKind::cancelled, "interrupted", "", k_interrupted};
        if (ready > 0 && watched[0].revents == 0)
            return Error{ErrorKind::cancelled, "something else has happened", "", k_event};
        if (ready > 0)
            return {};
    }
}

Result<Value> Client::read_answer(Deadline deadline, const Patience& patience) {
    while (true) {
        const std::size_t end = m_buffer.find('\n');
        if (end < k_longest_answer) {
            auto answer = platform::json::parse_value(std::string_view(m_buffer).substr(0, end));
            m_buffer.erase(0, end + 1);
            if (!answer)
                return unreachable("answered something that is no JSON");
            return answer;
        }
        if (m_buffer.size() >= k_longest_answer)
            return unreachable("answered a line that is too long");
        KEYFOB_TRY(wait(deadline, patience));
        std::array<char, k_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
        const ssize_t count = ::recv(m_socket.get(), piece.data(), piece.size(), 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return unreachable("has gone away");
        m_buffer.append(piece.data(), static_cast<std::size_t>(count));
    }
}

Result<void> Client::keep(Value answer) {
    const auto id = platform::json::get_integer(answer, "id");
    const Value* error = platform::json::get_object(answer, "error");
    if ((!id || *id == k_hello_id) && error != nullptr)
        return other_protocol(*error);
    if (id && *id > k_hello_id && *id <= m_last_id)
        m_answers.insert_or_assign(*id, std::move(answer));
    return {};
}

Result<Value> Client::receive(std::int64_t id, const Patience& patience) {
    const Deadline deadline = std::chrono::steady_clock::now() + patience.longest;
    while (m_answers.count(id) == 0) {
        KEYFOB_TRY_ASSIGN(Value answer, read_answer(deadline, patience));
        KEYFOB_TRY(keep(std::move(answer)));
    }
    const Value answer = std::move(m_answers.extract(id).mapped());
    if (const Value* error = platform::json::get_object(answer, "error"); error != nullptr)
        return error_of(*error);
    const Value* result = platform::json::get_object(answer, "result");
    if (result == nullptr)
        return unreachable("answered neither a result nor an error");
    return *result;
}

Result<Value> Client::call(const std::string& method, const Value& parameters) {
    KEYFOB_TRY_ASSIGN(const std::int64_t id, send(method, parameters));
    return receive(id);
}

} // namespace keyfob::agent::api
