#include "server/signin/opaque_token.h"

#include "platform/digest.h"
#include "platform/encoding.h"

namespace keyfob::server::signin {
namespace {

constexpr std::size_t k_random_letters = 43;
constexpr std::size_t k_checksum_octets = 3;

std::string checksum(std::string_view text) {
    return platform::hex_encode(platform::sha256(text).substr(0, k_checksum_octets));
}

} // namespace

std::string make_opaque_token(std::string_view prefix, platform::Random& random) {
    const std::string value = std::string(prefix) + random.token();
    return value + checksum(value);
}

bool is_opaque_token(std::string_view prefix, std::string_view value) {
    const std::size_t end = prefix.size() + k_random_letters;
    return value.size() == end + 2 * k_checksum_octets && value.starts_with(prefix) &&
           value.substr(end) == checksum(value.substr(0, end));
}

} // namespace keyfob::server::signin
