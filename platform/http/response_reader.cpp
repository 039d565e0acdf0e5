#include "platform/http/response_reader.h"

#include "platform/encoding.h"
#include "platform/http/field_lines.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_response_piece = 64 * 1024;
constexpr std::size_t k_most_fields = 200;
constexpr std::size_t k_longest_line = 1024; ///< of the chunked coding
constexpr int k_most_interim = 8;            ///< 1xx answers before the final one

Error malformed(const char* what) {
    return {ErrorKind::invalid, std::string("the answer is not valid HTTP: ") + what};
}
Error truncated() {
    return {ErrorKind::invalid, "the answer ended too early"};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// `HTTP/1.1 200 OK`
Result<ClientResponse> parse_status_line(std::string_view line) {
    const bool valid = line.size() >= 12 && (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) &&
                       line[9] >= '1' && line[9] <= '5' && is_digit(line[10]) && is_digit(line[11]) &&
                       (line.size() == 12 || line[12] == ' ');
    if (!valid)
        return malformed("its status line");
    ClientResponse response;
    response.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    response.reason = line.size() > 13 ? std::string(line.substr(13)) : std::string();
    return response;
}

Result<ClientResponse> parse_head(std::string_view text) {
    const auto line = take_line(text);
    if (!line)
        return malformed("its status line");
    KEYFOB_TRY_ASSIGN(ClientResponse response, parse_status_line(*line));
    auto fields = parse_fields(text, k_most_fields);
    if (const auto* wrong = std::get_if<Malformed>(&fields))
        return malformed(wrong->reason);
    response.headers = std::move(std::get<Headers>(fields));
    return response;
}

Result<std::size_t> parse_chunk_size(std::string_view line) {
    const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return malformed("a chunk's size");
    return size;
}

} // namespace

ResponseReader::ResponseReader(Channel& channel, const ClientOptions& options, Deadline deadline)
    : m_channel(channel), m_options(options), m_deadline(std::move(deadline)) {}

Result<void> ResponseReader::fill() {
    std::array<char, k_response_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    std::size_t count = 0;
    if (!m_ended) {
        KEYFOB_TRY_ASSIGN(count, m_channel.read(piece.data(), piece.size(), m_deadline()));
    }
    m_ended = count == 0;
    m_buffer.append(piece.data(), count);
    return {};
}

/// Moves the final head from the buffer to m_head, if the buffer holds the whole of it.
Result<void> ResponseReader::take_head() {
    while (!m_head) {
        const std::size_t length = head_length(m_buffer);
        if ((length == 0 ? m_buffer.size() : length) > m_options.response_head_bytes)
            return malformed("its head is too long");
        if (length == 0)
            return {};
        KEYFOB_TRY_ASSIGN(ClientResponse response, parse_head(std::string_view(m_buffer).substr(0, length)));
        m_buffer.erase(0, length);
        if (response.status >= 200)
            m_head = std::move(response);
        else if (++m_interim > k_most_interim)
            return malformed("too many interim answers");
    }
    return {};
}

Result<bool> ResponseReader::refused_early() {
    while (!m_head && !m_ended) { // TLS may have taken more than one record off the socket, of which poll will not tell
        std::array<char, k_response_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
        KEYFOB_TRY_ASSIGN(const auto count, m_channel.read_available(piece.data(), piece.size()));
        if (!count)
            break;
        m_ended = *count == 0U;
        m_buffer.append(piece.data(), *count);
        KEYFOB_TRY(take_head());
    }
    return m_head ? m_head->status >= 300 : m_ended;
}

Result<ClientResponse> ResponseReader::read_head() {
    while (true) {
        KEYFOB_TRY(take_head());
        if (m_head)
            return *m_head;
        if (m_ended)
            return m_buffer.empty() ? Error{ErrorKind::unreachable, "the connection was closed without an answer"}
                                    : truncated();
        KEYFOB_TRY(fill());
    }
}

Result<void> ResponseReader::read_body(const std::string& method, const ClientResponse& head, const OnPiece& on_piece) {
    if (method == "HEAD" || head.status == 204 || head.status == 304)
        return {};
    const auto codings = head.headers.all("Transfer-Encoding");
    const auto lengths = head.headers.all("Content-Length");
    if (!codings.empty()) {
        if (codings.size() > 1 || !lengths.empty() || !equal_ignoring_case(codings[0], "chunked"))
            return malformed("its length is ambiguous");
        return read_chunked(on_piece);
    }
    if (lengths.empty())
        return read_until_end(on_piece);
    const auto length = lengths.size() == 1 ? parse_content_length(lengths[0]) : std::nullopt;
    if (!length)
        return malformed("its length is ambiguous");
    return take(*length, on_piece);
}

Result<void> ResponseReader::take(std::size_t length, const OnPiece& on_piece) {
    while (length > 0) {
        if (m_buffer.empty()) {
            KEYFOB_TRY(fill());
            if (m_ended)
                return truncated();
        }
        const std::size_t now = std::min(length, m_buffer.size());
        if (!on_piece(std::string_view(m_buffer).substr(0, now)))
            return Error{ErrorKind::cancelled, "stopped"};
        m_buffer.erase(0, now);
        length -= now;
    }
    return {};
}

Result<std::string> ResponseReader::take_line() {
    while (true) {
        const std::size_t end = m_buffer.find("\r\n");
        if (end != std::string::npos) {
            std::string line = m_buffer.substr(0, end);
            m_buffer.erase(0, end + 2);
            return line;
        }
        if (m_buffer.size() > k_longest_line)
            return malformed("a line is too long");
        KEYFOB_TRY(fill());
        if (m_ended)
            return truncated();
    }
}

Result<void> ResponseReader::read_chunked(const OnPiece& on_piece) {
    while (true) {
        KEYFOB_TRY_ASSIGN(const std::string line, take_line());
        KEYFOB_TRY_ASSIGN(const std::size_t size, parse_chunk_size(line));
        if (size == 0)
            break;
        KEYFOB_TRY(take(size, on_piece));
        KEYFOB_TRY_ASSIGN(const std::string end, take_line());
        if (!end.empty())
            return malformed("a chunk's end");
    }
    for (std::size_t trailers = 0; trailers < k_most_fields; ++trailers) { // trailers are read and of no use
        KEYFOB_TRY_ASSIGN(const std::string line, take_line());
        if (line.empty())
            return {};
    }
    return malformed("too many trailers");
}

Result<void> ResponseReader::read_until_end(const OnPiece& on_piece) {
    while (true) {
        if (!m_buffer.empty() && !on_piece(m_buffer))
            return Error{ErrorKind::cancelled, "stopped"};
        m_buffer.clear();
        KEYFOB_TRY(fill());
        if (m_ended)
            return {};
    }
}

} // namespace keyfob::platform::http
