#include "platform/random.h"

#include "platform/encoding.h"

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

namespace keyfob::platform {

std::string Random::token(std::size_t count) {
    return base64url_encode(bytes(count));
}

std::string SystemRandom::bytes(std::size_t count) {
    std::string octets(count, '\0');
    std::size_t filled = 0;
    while (filled < count) {
        const ssize_t got = ::getrandom(octets.data() + filled, count - filled, 0);
        if (got > 0)
            filled += static_cast<std::size_t>(got);
        else if (errno != EINTR)
            std::abort(); // a secret without randomness is worse than no answer
    }
    return octets;
}

} // namespace keyfob::platform
