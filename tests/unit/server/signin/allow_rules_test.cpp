#include "server/signin/allow_rules.h"

#include <catch2/catch.hpp>

using namespace keyfob::server::signin;

namespace {

Identity ann(const std::string& email = "ann@example.com", bool verified = true) {
    Identity identity;
    identity.issuer = "https://company";
    identity.subject = "248289761001";
    identity.name = "Ann";
    identity.email = email;
    identity.email_verified = verified;
    identity.claims = {{"groups", "staff"}, {"groups", "admins"}, {"hd", "example.com"}};
    return identity;
}

bool allowed(decltype(AllowRule::who) who, const Identity& identity) {
    return AllowRules({{"company", std::move(who)}}).allows("company", identity);
}

} // namespace

TEST_CASE("S15: without a rule nobody gets in") {
    CHECK_FALSE(AllowRules({}).allows("company", ann()));
}

TEST_CASE("S15: a rule speaks of its own provider only") {
    const AllowRules rules({{"company", AllowRule::Anyone{}}, {"elsewhere", AllowRule::User{"1"}}});
    CHECK(rules.allows("company", ann()));
    CHECK_FALSE(rules.allows("elsewhere", ann()));
    CHECK_FALSE(rules.allows("Company", ann()));
    CHECK_FALSE(rules.allows("", ann()));
}

TEST_CASE("S15: one fitting rule of several is enough") {
    const AllowRules rules(
        {{"company", AllowRule::User{"another"}}, {"company", AllowRule::EmailDomain{"example.com"}}});
    CHECK(rules.allows("company", ann()));
}

TEST_CASE("RP-12: a user rule compares the whole subject, with case") {
    CHECK(allowed(AllowRule::User{"248289761001"}, ann()));
    for (const char* other : {"24828976100", "2482897610011", "", "ann@example.com", " 248289761001"})
        CHECK_FALSE(allowed(AllowRule::User{other}, ann()));
    Identity nobody = ann();
    nobody.subject.clear();
    CHECK_FALSE(allowed(AllowRule::User{""}, nobody));
}

TEST_CASE("RP-13: an e-mail counts only if verified") {
    CHECK(allowed(AllowRule::Email{"ann@example.com"}, ann()));
    CHECK(allowed(AllowRule::Email{"ANN@Example.Com"}, ann()));
    CHECK(allowed(AllowRule::EmailDomain{"EXAMPLE.com"}, ann("ann@Example.COM")));
    CHECK_FALSE(allowed(AllowRule::Email{"ann@example.com"}, ann("ann@example.com", false)));
    CHECK_FALSE(allowed(AllowRule::EmailDomain{"example.com"}, ann("ann@example.com", false)));
}

TEST_CASE("RP-13: a domain is compared whole, never by its end") {
    for (const char* address :
         {"ann@evil-example.com", "ann@sub.example.com", "ann@example.com.evil", "ann@evil@example.com",
          "ann@example.com@evil", "@example.com", "example.com", "ann", "", "ann@", "ann@example.com ",
          "ann@.example.com", "ann@example.co", "ann@\xD0\xB5xample.com", "ann@example.com."}) {
        INFO(address);
        CHECK_FALSE(allowed(AllowRule::EmailDomain{"example.com"}, ann(address)));
        CHECK_FALSE(allowed(AllowRule::Email{"ann@example.com"}, ann(address)));
    }
}

TEST_CASE("RP-13: an empty rule fits nobody, also nobody without an e-mail") {
    CHECK_FALSE(allowed(AllowRule::Email{""}, ann("")));
    CHECK_FALSE(allowed(AllowRule::EmailDomain{""}, ann("")));
    CHECK_FALSE(allowed(AllowRule::EmailDomain{""}, ann("ann@")));
    CHECK_FALSE(allowed(AllowRule::Claim{"", ""}, ann()));
}

TEST_CASE("RP-14: a claim rule fits name and value of one claim, exactly") {
    CHECK(allowed(AllowRule::Claim{"groups", "admins"}, ann()));
    CHECK(allowed(AllowRule::Claim{"hd", "example.com"}, ann()));
    for (const auto& [name, value] : {std::pair{"groups", "admin"},
                                      {"groups", "Admins"},
                                      {"group", "admins"},
                                      {"groups", "example.com"},
                                      {"hd", "staff"},
                                      {"groups", ""}})
        CHECK_FALSE(allowed(AllowRule::Claim{name, value}, ann()));
}

TEST_CASE("S15: groups, organizations, teams and a hosted domain are what the provider says they are") {
    Identity identity = ann();
    identity.hosted_domain = "example.com";
    identity.groups = {"staff", "company/platform"};
    identity.organizations = {"Octo-Org"};
    identity.teams = {"Octo-Org/Platform"};
    CHECK(allowed(AllowRule::HostedDomain{"EXAMPLE.com"}, identity));
    CHECK(allowed(AllowRule::Group{"company/platform"}, identity));
    CHECK(allowed(AllowRule::Organization{"octo-org"}, identity)); // GitHub's names have no case
    CHECK(allowed(AllowRule::Team{"octo-org/platform"}, identity));
    CHECK_FALSE(allowed(AllowRule::HostedDomain{"ample.com"}, identity));
    CHECK_FALSE(allowed(AllowRule::Group{"Staff"}, identity));
    CHECK_FALSE(allowed(AllowRule::Group{"company"}, identity));
    CHECK_FALSE(allowed(AllowRule::Organization{"octo"}, identity));
    CHECK_FALSE(allowed(AllowRule::Team{"octo-org"}, identity));
    CHECK_FALSE(allowed(AllowRule::Team{"other/platform"}, identity));
}

TEST_CASE("CVE-2021-21411: who is in no group fits no rule, nor does a rule without a value fit anybody") {
    const Identity nobody;
    for (const AllowRule::Who& who : {AllowRule::Who(AllowRule::Group{"staff"}), AllowRule::Who(AllowRule::Group{""}),
                                      AllowRule::Who(AllowRule::Organization{""}), AllowRule::Who(AllowRule::Team{""}),
                                      AllowRule::Who(AllowRule::HostedDomain{""}), AllowRule::Who(AllowRule::User{""})})
        CHECK_FALSE(allowed(who, nobody));
    Identity empty;
    empty.groups = {""};
    CHECK_FALSE(allowed(AllowRule::Group{""}, empty));
}

TEST_CASE("each rule says why it does not fit, and the decision is theirs") {
    const AllowRules rules({{"company", AllowRule::EmailDomain{"example.org"}, "f:1"},
                            {"elsewhere", AllowRule::Anyone{}, "f:2"},
                            {"company", AllowRule::Group{"staff"}, "f:3"},
                            {"company", AllowRule::Claim{"hd", "example.com"}, "f:4"}});
    const Identity identity = ann();
    const auto verdicts = rules.verdicts("company", identity);
    REQUIRE(verdicts.size() == 3);
    CHECK(verdicts[0].rule->where == "f:1");
    CHECK(verdicts[0].misfit == "the domain is \"example.com\"");
    CHECK(verdicts[1].misfit == "the provider names no groups");
    CHECK(verdicts[2].misfit.empty());
    CHECK(rules.allows("company", identity));
    CHECK(to_text(*verdicts[0].rule) == "email_domain = \"example.org\"");
    CHECK(to_text(*verdicts[2].rule) == "claim = \"hd\", value = \"example.com\"");
    CHECK(rules.verdicts("company", ann("ann@example.org", false))[0].misfit ==
          "the provider does not say that \"ann@example.org\" is verified");
    CHECK(rules.verdicts("company", ann(""))[0].misfit == "the provider gives no e-mail address");
}
