#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <string>
#include <vector>

namespace keyfob::server::admin {

/// Where operator commands print: lines for people, or one JSON object a line. Names come from providers and devices, so that everything is
/// made harmless to a terminal first (CL-02). One thread.
class Output {
public:
    explicit Output(bool json) : m_json(json) {}
    [[nodiscard]] bool is_json() const { return m_json; }

    void say(const std::string& line) const;
    void object(const Poco::JSON::Object& object) const;
    /// Columns as wide as their widest cell, two spaces between; the first row is the head.
    void table(const std::vector<std::vector<std::string>>& rows) const;
    /// False: nobody reads any more.
    [[nodiscard]] bool is_read() const;

private:
    bool m_json;
};

/// `2026-11-25 09:30 UTC`; a dash for 0.
[[nodiscard]] std::string time_text(std::int64_t unix_seconds);

} // namespace keyfob::server::admin
