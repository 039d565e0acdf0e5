#include "server/signin/session_cookie.h"

#include "platform/digest.h"
#include "platform/encoding.h"

namespace keyfob::server::signin {
namespace {

constexpr std::string_view k_prefix = "kfs_";
constexpr std::size_t k_checksum_octets = 3;
constexpr std::size_t k_length = 4 + 43 + 2 * k_checksum_octets;

std::string checksum(std::string_view text) {
    return platform::hex_encode(platform::sha256(text).substr(0, k_checksum_octets));
}

} // namespace

std::string make_session_cookie(platform::Random& random) {
    const std::string value = std::string(k_prefix) + random.token();
    return value + checksum(value);
}

bool is_session_cookie(std::string_view value) {
    if (value.size() != k_length || !value.starts_with(k_prefix))
        return false;
    const std::size_t end = k_length - 2 * k_checksum_octets;
    return value.substr(end) == checksum(value.substr(0, end));
}

} // namespace keyfob::server::signin
