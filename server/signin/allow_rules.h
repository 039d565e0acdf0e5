#pragma once

#include "server/signin/identity_provider.h"

#include <string>
#include <variant>
#include <vector>

namespace keyfob::server::signin {

/// One `[[allow]]` of the configuration. It speaks about one provider only: what another provider says about an e-mail is another thing.
struct AllowRule {
    struct Anyone {};
    struct User {
        std::string subject;
    };
    struct Email {
        std::string address; ///< compared without case, and only if verified (RP-13)
    };
    struct EmailDomain {
        std::string domain; ///< exact, without case; never a suffix
    };
    struct Claim {
        std::string name;
        std::string value;
    };
    std::string provider;
    std::variant<Anyone, User, Email, EmailDomain, Claim> who;
};

/// Default deny (S15): somebody gets in when at least one rule of the provider fits. Immutable, thread-safe.
class AllowRules {
public:
    explicit AllowRules(std::vector<AllowRule> rules) : m_rules(std::move(rules)) {}
    [[nodiscard]] bool allows(const std::string& provider, const Identity& identity) const;

private:
    std::vector<AllowRule> m_rules;
};

} // namespace keyfob::server::signin
