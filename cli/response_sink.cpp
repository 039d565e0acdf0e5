#include "cli/response_sink.h"

#include "platform/encoding.h"
#include "platform/system_error.h"

#include <limits>

#include <fcntl.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

constexpr std::size_t k_no_limit = std::numeric_limits<std::size_t>::max();

/// Header fields are text of the server for a terminal, unlike the body.
std::string head_text(const platform::http::ClientResponse& head) {
    std::string text = "HTTP/1.1 " + std::to_string(head.status) + " " + platform::printable(head.reason) + "\r\n";
    for (const auto& [name, value] : head.headers.fields())
        text += platform::printable(name) + ": " + platform::printable(value, k_no_limit) + "\r\n";
    return text + "\r\n";
}

} // namespace

bool ResponseSink::failed() {
    m_error = platform::system_error("write " + m_file);
    return false;
}

bool ResponseSink::begin(const platform::http::ClientResponse& head) {
    if (!m_file.empty()) {
        m_fd.reset(::open(m_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (!m_fd)
            return failed();
    }
    return !m_with_head || write(head_text(head));
}

bool ResponseSink::write(std::string_view piece) {
    if (m_file.empty())
        return m_console.write(piece);
    while (!piece.empty()) {
        const ssize_t count = ::write(m_fd.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed();
        piece.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool ResponseSink::finish() {
    if (m_fd && ::close(m_fd.release()) != 0)
        return failed();
    return !stopped();
}

} // namespace keyfob::cli
