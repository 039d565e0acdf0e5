#include "server/signin/device_tries.h"

#include "platform/address_group.h"

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;

constexpr std::string_view k_everybody = "all";

Error too_many() {
    return {ErrorKind::denied, "too many wrong codes", "wait a few minutes", "slow_down"};
}

/// Where a proxy tells no address, all are one, and the limit of one would lock out everybody.
bool is_known(const std::string& address) {
    return address != platform::k_unknown_address;
}

} // namespace

platform::Result<CallLimit::Permit> DeviceTries::enter(const std::string& client_address) {
    auto permit = m_running.enter();
    if (!permit || m_of_all.peek(k_everybody).count() > 0)
        return too_many();
    if (!is_known(client_address))
        return permit;
    if (m_of_address.peek(platform::address_group(client_address)).count() > 0 ||
        m_of_wide.peek(platform::wide_address_group(client_address)).count() > 0)
        return too_many();
    return permit;
}

bool DeviceTries::count_wrong(const std::string& client_address) {
    if (is_known(client_address)) {
        m_of_address.charge(platform::address_group(client_address));
        m_of_wide.charge(platform::wide_address_group(client_address));
    }
    m_of_all.charge(k_everybody);
    if (m_of_all.peek(k_everybody).count() == 0)
        return false;
    const std::int64_t now = platform::to_unix(m_clock.now());
    const std::lock_guard lock(m_mutex);
    if (now < m_next_alarm)
        return false;
    m_next_alarm = now + k_user_code_seconds;
    return true;
}

} // namespace keyfob::server::signin
