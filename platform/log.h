#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace keyfob::platform::log {

enum class Level { info, warning, error };

/// The one way to log: one JSON object a line on stderr, fields escaped by printable() (OP-01). Thread-safe.
/// A SecretString does not convert to a field, so it cannot be logged.
using Field = std::pair<std::string_view, std::string>;

void set_level(Level level);
[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

/// The request that this thread works on: every line that it writes meanwhile names it, whoever writes the line. One at a time in a thread.
class Context {
public:
    explicit Context(std::string request_id);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context();
};

// What the context of this thread says; empty outside of one.
[[nodiscard]] std::string request_id();
[[nodiscard]] std::string client_address();
/// Whose request it is, as far as trusted proxies tell; until the end of the context. For the audit, which has it in every record.
void set_client_address(std::string address);

inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

} // namespace keyfob::platform::log
