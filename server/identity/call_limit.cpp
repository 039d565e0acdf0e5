#include "server/identity/call_limit.h"

namespace keyfob::server::identity {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

Result<CallLimit::Permit> CallLimit::enter() {
    std::unique_lock lock(m_mutex);
    if (!m_left.wait_for(lock, m_patience, [&] { return m_free > 0; }))
        return Error{ErrorKind::unreachable, "too many sign-ins wait for it", "try again in a moment"};
    --m_free;
    return Permit(this);
}

void CallLimit::leave() {
    {
        const std::lock_guard lock(m_mutex);
        ++m_free;
    }
    m_left.notify_one();
}

} // namespace keyfob::server::identity
