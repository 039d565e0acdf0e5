#include "server/signin/code_challenge.h"

#include "platform/digest.h"
#include "platform/encoding.h"

namespace keyfob::server::signin {

namespace {
constexpr std::size_t k_shortest_verifier = 43;
constexpr std::size_t k_longest_verifier = 128;
} // namespace

bool is_code_challenge(const std::string& text) {
    const auto octets = platform::base64url_decode(text);
    return octets && octets->size() == 32;
}

bool is_verifier_of(const std::string& challenge, const std::string& verifier) {
    return verifier.size() >= k_shortest_verifier && verifier.size() <= k_longest_verifier &&
           platform::constant_time_equal(platform::base64url_encode(platform::sha256(verifier)), challenge);
}

} // namespace keyfob::server::signin
