#pragma once

#include <string>

namespace keyfob::server::storage {

/// Who counts as one when requests are counted by address (OP-03): an IPv4 address, also when it is written inside an IPv6 one; of IPv6 the
/// /64, which one host has to itself. A text that is no address stands for itself.
[[nodiscard]] std::string address_group(const std::string& address);

} // namespace keyfob::server::storage
