#include "platform/poll_until.h"

#include "platform/system_error.h"

#include <algorithm>

#include <poll.h>

namespace keyfob::platform {

Result<void> poll_until(int descriptor, short events, SteadyTime deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return Error{ErrorKind::timed_out, "the time is over"};
        const auto now = std::min<std::chrono::milliseconds>(left, std::chrono::hours{1}); // what an int can hold
        pollfd state{descriptor, events, 0};
        const int ready = ::poll(&state, 1, static_cast<int>(now.count()));
        if (ready > 0)
            return {};
        if (ready < 0 && errno != EINTR)
            return system_error("wait for a descriptor");
    }
}

} // namespace keyfob::platform
