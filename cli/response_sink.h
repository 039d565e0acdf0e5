#pragma once

#include "cli/console.h"
#include "cli/output_file.h"
#include "platform/http/client.h"
#include "platform/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace keyfob::cli {

/// Where a response goes, piece by piece: stdout, or a file, which it replaces when it is complete and its status is below 400. What is behind
/// a higher status is not what the file is for: it is dropped.
class ResponseSink {
public:
    /// `file`: empty or `-` for stdout. `with_head`: status line and header fields come first.
    ResponseSink(Console& console, std::string file, bool with_head)
        : m_console(console), m_file(file == "-" ? "" : std::move(file)), m_with_head(with_head) {}

    // False: stop, it cannot be delivered; error() says why, unless the reader of stdout has just gone away.
    [[nodiscard]] bool begin(const platform::http::ClientResponse& head);
    [[nodiscard]] bool write(std::string_view piece);
    /// After the last piece.
    [[nodiscard]] bool finish();
    [[nodiscard]] bool stopped() const { return m_error || m_console.output_gone(); }
    [[nodiscard]] bool dropped() const { return m_dropped; }
    [[nodiscard]] std::optional<platform::Error> error() const { return m_error ? m_error : m_console.output_error(); }

private:
    bool check(const platform::Result<void>& written);

    Console& m_console;
    std::string m_file;
    bool m_with_head;
    bool m_dropped = false;
    std::optional<OutputFile> m_output;
    std::optional<platform::Error> m_error;
};

} // namespace keyfob::cli
