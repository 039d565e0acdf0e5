#pragma once

#include <stdexcept>

#include <unistd.h>

namespace keyfob::tests {

/// As long as it lives this process acts as another user, so that sockets made meanwhile are that user's. Only root can do so.
class OtherUser {
public:
    [[nodiscard]] static bool is_possible() { return ::getuid() == 0; }
    OtherUser() {
        if (::seteuid(k_nobody) != 0)
            throw std::runtime_error("cannot become another user");
    }
    OtherUser(const OtherUser&) = delete;
    OtherUser& operator=(const OtherUser&) = delete;
    ~OtherUser() { (void)!::seteuid(::getuid()); }

private:
    static constexpr uid_t k_nobody = 65534;
};

} // namespace keyfob::tests
