#pragma once

#include <string>
#include <string_view>

namespace keyfob::platform {

/// Octets that are wiped when they go, that no stream or log can print, and that are not copied by accident (OP-01, AG-07).
/// Use `reveal()` at the one place that must send or store them.
class SecretString {
public:
    SecretString() = default;
    explicit SecretString(std::string value);
    SecretString(const SecretString&) = delete;
    SecretString& operator=(const SecretString&) = delete;
    SecretString(SecretString&& other) noexcept;
    SecretString& operator=(SecretString&& other) noexcept;
    ~SecretString();

    [[nodiscard]] std::string_view reveal() const { return m_value; }
    [[nodiscard]] SecretString duplicate() const { return SecretString(m_value); }
    [[nodiscard]] bool empty() const { return m_value.empty(); }

private:
    std::string m_value;
};

/// Overwrites the string's memory, including a short string's inline buffer, and empties it.
void wipe(std::string& value);

} // namespace keyfob::platform
