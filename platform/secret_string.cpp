#include "platform/secret_string.h"

#include <openssl/crypto.h>

#include <utility>

namespace keyfob::platform {

void wipe(std::string& value) {
    value.resize(value.capacity()); // the octets behind the end are ours too
    OPENSSL_cleanse(value.data(), value.size());
    value.clear();
}

SecretString::SecretString(std::string value) : m_value(std::move(value)) {}

SecretString::SecretString(SecretString&& other) noexcept : m_value(std::move(other.m_value)) {
    wipe(other.m_value);
}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
    if (this != &other) {
        wipe(m_value);
        m_value = std::move(other.m_value);
        wipe(other.m_value);
    }
    return *this;
}

SecretString::~SecretString() {
    wipe(m_value);
}

} // namespace keyfob::platform
