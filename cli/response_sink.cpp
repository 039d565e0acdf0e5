#include "cli/response_sink.h"

#include "platform/encoding.h"

#include <limits>

namespace keyfob::cli {
namespace {

constexpr int k_first_error = 400;
constexpr std::size_t k_no_limit = std::numeric_limits<std::size_t>::max();

/// Header fields are text of the server for a terminal, unlike the body.
std::string head_text(const platform::http::ClientResponse& head) {
    std::string text = "HTTP/1.1 " + std::to_string(head.status) + " " + platform::printable(head.reason) + "\r\n";
    for (const auto& [name, value] : head.headers.fields())
        text += platform::printable(name) + ": " + platform::printable(value, k_no_limit) + "\r\n";
    return text + "\r\n";
}

} // namespace

bool ResponseSink::check(const platform::Result<void>& written) {
    if (!written)
        m_error = written.error();
    return written.has_value();
}

bool ResponseSink::begin(const platform::http::ClientResponse& head) {
    m_dropped = !m_file.empty() && head.status >= k_first_error;
    if (!m_file.empty() && !m_dropped) {
        auto output = OutputFile::create(m_file);
        if (!output) {
            m_error = output.error();
            return false;
        }
        m_output.emplace(std::move(*output));
    }
    return !m_with_head || write(head_text(head));
}

bool ResponseSink::write(std::string_view piece) {
    if (m_dropped)
        return true;
    return m_output ? check(m_output->write(piece)) : m_console.write(piece);
}

bool ResponseSink::finish() {
    if (m_output && !check(m_output->commit()))
        return false;
    return !stopped();
}

} // namespace keyfob::cli
