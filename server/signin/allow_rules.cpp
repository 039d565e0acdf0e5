#include "server/signin/allow_rules.h"

#include "platform/encoding.h"

#include <algorithm>

namespace keyfob::server::signin {
namespace {

/// The domain of a verified address with exactly one `@`; empty otherwise (RP-13).
std::string verified_domain(const Identity& identity) {
    const std::string& address = identity.email;
    const std::size_t at = address.find('@');
    if (!identity.email_verified || at == 0 || at == std::string::npos ||
        address.find('@', at + 1) != std::string::npos)
        return {};
    return address.substr(at + 1);
}

bool fits(const AllowRule::Anyone&, const Identity&) {
    return true;
}
bool fits(const AllowRule::User& rule, const Identity& identity) {
    return !rule.subject.empty() && identity.subject == rule.subject;
}
bool fits(const AllowRule::Email& rule, const Identity& identity) {
    return !rule.address.empty() && !verified_domain(identity).empty() &&
           platform::equal_ignoring_case(identity.email, rule.address);
}
bool fits(const AllowRule::EmailDomain& rule, const Identity& identity) {
    return !rule.domain.empty() && platform::equal_ignoring_case(verified_domain(identity), rule.domain);
}
bool fits(const AllowRule::Claim& rule, const Identity& identity) {
    const std::pair wanted{rule.name, rule.value};
    return !rule.name.empty() &&
           std::find(identity.claims.begin(), identity.claims.end(), wanted) != identity.claims.end();
}

} // namespace

bool AllowRules::allows(const std::string& provider, const Identity& identity) const {
    return std::any_of(m_rules.begin(), m_rules.end(), [&](const AllowRule& rule) {
        return rule.provider == provider && std::visit([&](const auto& who) { return fits(who, identity); }, rule.who);
    });
}

} // namespace keyfob::server::signin
