#include "agent/ipc/connection.h"

#include "agent/api/messages.h"
#include "platform/secret_string.h"

#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

namespace keyfob::agent::ipc {
namespace {

constexpr std::size_t k_piece = 16 * 1024;
constexpr std::size_t k_usual_output = 2 * 1024;
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

Connection::Connection(platform::Poller& poller, platform::UniqueFd socket, OnLine on_line, OnClosed on_closed)
    : m_poller(poller), m_socket(std::move(socket)), m_on_line(std::move(on_line)), m_on_closed(std::move(on_closed)) {}

Connection::~Connection() {
    watch(0);
    platform::wipe(m_output);
}

void Connection::start() {
    const auto self = shared_from_this(); // lives through its own callbacks
    read();                               // whoever connects has something to say, and waits for the answer
    if (is_open() && m_watched == 0)
        watch(POLLIN);
}

void Connection::on_ready() {
    const auto self = shared_from_this();
    if (!m_output.empty())
        write();
    if (is_open())
        read();
}

void Connection::watch(short events) {
    if (events == m_watched)
        return;
    if (events == 0)
        m_poller.remove(m_socket.get());
    else if (m_watched == 0)
        m_poller.add(m_socket.get(), events, this);
    else
        m_poller.change(m_socket.get(), events, this);
    m_watched = events;
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
    m_taking_lines = true;
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
    m_taking_lines = false;
    m_input.erase(0, std::min(begin, m_input.size()));
    if (!m_output.empty())
        write();
    if (m_input.size() >= api::k_longest_line)
        close();
}

void Connection::send(std::string line) {
    if (is_open() && m_output.size() + line.size() > k_most_output)
        close();
    if (is_open())
        append(line);
    platform::wipe(line);
    if (!is_open())
        return;
    const bool is_being_written = (m_watched & POLLOUT) != 0;
    if (!m_taking_lines && !is_being_written)
        write();
}

/// Grows without leaving a copy behind: hand-outs are among what waits (AG-07).
void Connection::append(const std::string& line) {
    const std::size_t needed = m_output.size() + line.size();
    if (needed > m_output.capacity()) {
        std::string larger;
        larger.reserve(std::max({needed, 2 * m_output.capacity(), k_usual_output}));
        larger.append(m_output);
        platform::wipe(m_output);
        m_output.swap(larger);
    }
    m_output += line;
}

void Connection::write() {
    if (!is_open())
        return;
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
        platform::wipe(m_output);
    if (m_output.empty() && m_output.capacity() > k_piece)
        std::string().swap(m_output);
    watch(static_cast<short>(m_output.empty() ? POLLIN : POLLIN | POLLOUT));
}

void Connection::close() {
    if (!is_open())
        return;
    const auto self = weak_from_this().lock();
    watch(0);
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
    if (++m_bad_lines < k_most_bad_lines)
        return;
    write(); // what is wrong it is told
    close();
}

} // namespace keyfob::agent::ipc
