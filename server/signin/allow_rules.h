#pragma once

#include "server/signin/identity_provider.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace keyfob::server::signin {

/// One `[[allow]]` of the configuration. It speaks about one provider only: what another provider says about an e-mail is another thing. Each
/// kind of rule is the key of the configuration that it is named after.
struct AllowRule {
    struct Anyone {
        static constexpr const char* k_key = "anyone";
    };
    struct User {
        static constexpr const char* k_key = "user";
        std::string value; ///< a subject
    };
    struct Email {
        static constexpr const char* k_key = "email";
        std::string value; ///< compared without case, and only if verified (RP-13)
    };
    struct EmailDomain {
        static constexpr const char* k_key = "email_domain";
        std::string value; ///< exact, without case; never a suffix
    };
    struct HostedDomain {
        static constexpr const char* k_key = "hosted_domain";
        std::string value; ///< Google's (RP-14)
    };
    struct Group {
        static constexpr const char* k_key = "group";
        std::string value; ///< octet by octet
    };
    struct Organization {
        static constexpr const char* k_key = "organization";
        std::string value; ///< GitHub's, without case
    };
    struct Team {
        static constexpr const char* k_key = "team";
        std::string value; ///< GitHub's `organization/team`, without case
    };
    struct Claim {
        static constexpr const char* k_key = "claim";
        std::string name;
        std::string value;
    };
    using Who = std::variant<Anyone, User, Email, EmailDomain, HostedDomain, Group, Organization, Team, Claim>;
    std::string provider;
    Who who;
    std::string where = {}; ///< FILE:LINE, for who asks why
};

/// The rule as the configuration has it, in one line.
[[nodiscard]] std::string to_text(const AllowRule& rule);

/// What one rule says of one person.
struct Verdict {
    const AllowRule* rule; ///< lives as long as the rules
    std::string misfit;    ///< why it does not let the person in; empty: it does
};

/// Default deny (S15): somebody gets in when at least one rule of the provider fits. Immutable, thread-safe.
class AllowRules {
public:
    explicit AllowRules(std::vector<AllowRule> rules) : m_rules(std::move(rules)) {}
    [[nodiscard]] bool allows(const std::string& provider, const Identity& identity) const;
    /// What each rule of the provider says, in the order of the configuration; allows() is whether one fits.
    [[nodiscard]] std::vector<Verdict> verdicts(const std::string& provider, const Identity& identity) const;

private:
    std::vector<AllowRule> m_rules;
};

} // namespace keyfob::server::signin
