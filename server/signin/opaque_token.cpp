#include "server/signin/opaque_token.h"

#include "platform/encoding.h"

#include <Poco/Checksum.h>

#include <algorithm>

namespace keyfob::server::signin {
namespace {

constexpr std::size_t k_random_letters = 43;
constexpr int k_checksum_digits = 8;

/// CRC-32, which is against slips and for scanners; the hash that is looked up is what nobody can guess.
std::string checksum(std::string_view text) {
    Poco::Checksum crc(Poco::Checksum::TYPE_CRC32);
    crc.update(text.data(), static_cast<unsigned>(text.size()));
    return platform::hex_number(crc.checksum(), k_checksum_digits);
}

} // namespace

std::string make_opaque_token(std::string_view prefix, platform::Random& random) {
    const std::string value = std::string(prefix) + random.token();
    return value + checksum(value);
}

bool is_opaque_token(std::string_view prefix, std::string_view value) {
    const std::size_t end = prefix.size() + k_random_letters;
    return value.size() == end + k_checksum_digits && value.starts_with(prefix) &&
           value.substr(end) == checksum(value.substr(0, end));
}

} // namespace keyfob::server::signin
