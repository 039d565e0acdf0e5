#include "server/signin/opaque_token.h"

#include <Poco/Checksum.h>

#include <algorithm>
#include <cstdint>

namespace keyfob::server::signin {
namespace {

constexpr std::size_t k_random_letters = 43;
constexpr std::size_t k_checksum_digits = 8;

/// CRC-32, which is against slips and for scanners; the hash that is looked up is what nobody can guess.
std::string checksum(std::string_view text) {
    constexpr std::string_view k_hex = "0123456789abcdef";
    Poco::Checksum crc(Poco::Checksum::TYPE_CRC32);
    crc.update(text.data(), static_cast<unsigned>(text.size()));
    std::string digits(k_checksum_digits, '0');
    std::uint32_t rest = crc.checksum();
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, rest >>= 4U)
        *digit = k_hex[rest & 0xFU];
    return digits;
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
