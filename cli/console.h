#pragma once

#include "platform/json_value.h"
#include "platform/paths.h"
#include "platform/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::cli {

/// The only place that prints: data to stdout, talk to stderr. Everything but write() makes its text harmless to a terminal first (CL-02),
/// so that texts of servers and of the agent can be given as they came. Colour only on a terminal and without NO_COLOR.
/// Nothing is buffered. One thread.
class Console {
public:
    Console(int out, int err, const platform::Environment& environment);

    // stdout. False: nobody takes it (any more); see output_error().
    bool write(std::string_view octets);                 ///< unchanged
    bool print(std::string_view text);                   ///< one line
    bool print_json(const platform::json::Value& value); ///< one line of ASCII

    // stderr
    void say(std::string_view text); ///< one line
    void note(std::string_view text);
    void warning(std::string_view text);
    void hint(std::string_view text);
    void error(const platform::Error& error); ///< `error: …` and, if there is one, `hint: …`
    /// Lines of block characters, black on white. False: there is no terminal for them, or it is too narrow or not of UTF-8.
    bool picture(const std::vector<std::string>& rows, std::size_t columns);

    [[nodiscard]] bool person_reads() const { return m_person; }   ///< stderr is a terminal
    [[nodiscard]] bool shows_data() const { return m_shows_data; } ///< stdout is a terminal
    [[nodiscard]] bool output_gone() const { return m_output_errno != 0; }
    /// Why stdout failed; nullopt also when its reader has just gone away (EPIPE), which is no error.
    [[nodiscard]] std::optional<platform::Error> output_error() const;

private:
    void talk(const std::string& head, std::string_view text);
    void labelled(const char* colour, const char* label, std::string_view text);

    int m_out;
    int m_err;
    bool m_person;
    bool m_shows_data;
    bool m_one_terminal;         ///< for both
    bool m_line_is_open = false; ///< the last octet on stdout ended no line
    bool m_colour;
    bool m_utf8;
    int m_output_errno = 0;
};

} // namespace keyfob::cli
