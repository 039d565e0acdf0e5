#pragma once

#include "cli/console.h"
#include "platform/http/client.h"
#include "platform/result.h"
#include "platform/unique_fd.h"

#include <optional>
#include <string>
#include <string_view>

namespace keyfob::cli {

/// Where a response goes, piece by piece: stdout, or a file that is made when the first response to keep begins.
class ResponseSink {
public:
    /// `file`: empty or `-` for stdout. `with_head`: status line and header fields come first.
    ResponseSink(Console& console, std::string file, bool with_head)
        : m_console(console), m_file(file == "-" ? "" : std::move(file)), m_with_head(with_head) {}

    // False: stop, it cannot be delivered; error() says why, unless the reader of stdout has just gone away.
    [[nodiscard]] bool begin(const platform::http::ClientResponse& head);
    [[nodiscard]] bool write(std::string_view piece);
    /// After the last piece: some file systems tell of a full disk only now.
    [[nodiscard]] bool finish();
    [[nodiscard]] bool stopped() const { return m_error || m_console.output_gone(); }
    [[nodiscard]] std::optional<platform::Error> error() const { return m_error ? m_error : m_console.output_error(); }

private:
    bool failed();

    Console& m_console;
    std::string m_file;
    bool m_with_head;
    platform::UniqueFd m_fd;
    std::optional<platform::Error> m_error;
};

} // namespace keyfob::cli
