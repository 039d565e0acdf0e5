#pragma once

#include <string>

namespace keyfob::platform {

/// What stands for the address of a client that a trusted proxy does not tell.
inline constexpr const char* k_unknown_address = "unknown";

/// Who counts as one when requests are counted by address (OP-03): an IPv4 address, also when it is written inside an IPv6 one; of IPv6 the
/// /64, which one host has to itself. A text that is no address stands for itself.
[[nodiscard]] std::string address_group(const std::string& address);
/// Who may have many of those groups: of IPv6 the /48, which one customer is given. Everything else is as for address_group().
[[nodiscard]] std::string wide_address_group(const std::string& address);

} // namespace keyfob::platform
