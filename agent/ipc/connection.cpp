#include "agent/ipc/connection.h"

#include "agent/api/messages.h"
#include "platform/secret_string.h"

#include <array>
#include <cerrno>

#include <glib-unix.h>
#include <sys/socket.h>

namespace keyfob::agent::ipc {
namespace {

constexpr std::size_t k_piece = 16 * 1024;
constexpr std::size_t k_most_output = 1024 * 1024; ///< answers that wait to be fetched
constexpr int k_most_bad_lines = 8;

/// What a browser would send: it can be talked into connecting to many things, and must not get an answer from this one.
bool looks_like_http(std::string_view line) {
    for (const char* method :
         {"GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "PRI "})
        if (line.starts_with(method))
            return true;
    return line.find(" HTTP/") != std::string_view::npos;
}

} // namespace

Connection::Connection(platform::UniqueFd socket, OnLine on_line, OnClosed on_closed)
    : m_socket(std::move(socket)), m_on_line(std::move(on_line)), m_on_closed(std::move(on_closed)) {}

Connection::~Connection() {
    unwatch();
    platform::wipe(m_output);
}

void Connection::start() {
    watch();
}

void Connection::unwatch() {
    if (m_source != 0)
        g_source_remove(m_source);
    m_source = 0;
}

void Connection::watch() {
    unwatch();
    m_watches_output = !m_output.empty();
    const auto condition = static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR | (m_watches_output ? G_IO_OUT : 0));
    m_source = g_unix_fd_add(
        m_socket.get(), condition,
        [](int, GIOCondition ready, void* data) -> gboolean {
            const auto self = static_cast<Connection*>(data)->shared_from_this(); // lives through its own callbacks
            if ((ready & G_IO_OUT) != 0)
                self->write();
            if (self->is_open() && (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0)
                self->read();
            return G_SOURCE_CONTINUE; // a source that was removed meanwhile stays removed
        },
        this);
}

void Connection::read() {
    std::array<char, k_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const ssize_t count = ::recv(m_socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0)
        return close();
    m_input.append(piece.data(), static_cast<std::size_t>(count));
    take_lines();
}

void Connection::take_lines() {
    std::size_t begin = 0;
    while (is_open()) {
        const std::size_t end = m_input.find('\n', begin);
        if (end == std::string::npos)
            break;
        const std::string line = m_input.substr(begin, end - begin);
        begin = end + 1;
        if (line.size() >= api::k_longest_line || (m_first_line && looks_like_http(line)))
            return close();
        m_first_line = false;
        m_on_line(shared_from_this(), line);
    }
    m_input.erase(0, std::min(begin, m_input.size()));
    if (m_input.size() >= api::k_longest_line)
        close();
}

void Connection::send(std::string line) {
    if (!is_open())
        return;
    if (m_output.size() + line.size() > k_most_output)
        return close();
    if (!m_output.empty()) { // it is being written already
        m_output += line;
        return platform::wipe(line);
    }
    m_output = std::move(line);
    write();
}

void Connection::write() {
    while (!m_output.empty()) {
        const ssize_t count = ::send(m_socket.get(), m_output.data(), m_output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count <= 0)
            return close();
        m_output.erase(0, static_cast<std::size_t>(count));
    }
    if (m_output.empty())
        platform::wipe(m_output); // AG-07: hand-outs. What grew before leaves copies that cannot be found any more
    if (m_watches_output != !m_output.empty())
        watch();
}

void Connection::close() {
    if (!is_open())
        return;
    const auto self = weak_from_this().lock();
    unwatch();
    m_socket.reset();
    platform::wipe(m_output);
    const auto actions = std::move(m_when_closed);
    for (const auto& action : actions)
        action();
    m_on_closed(this);
}

void Connection::when_closed(std::function<void()> action) {
    if (!is_open())
        return action();
    m_when_closed.push_back(std::move(action));
}

void Connection::count_bad_line() {
    if (++m_bad_lines >= k_most_bad_lines)
        close();
}

} // namespace keyfob::agent::ipc
