#include "agent/vault/account.h"

#include "agent/api/error_code.h"
#include "agent/vault/account_choice.h"
#include "agent/vault/account_store.h"
#include "tests/fakes/fake_keychain.h"

#include <catch2/catch.hpp>

namespace {

using namespace keyfob;
using agent::vault::Account;
using agent::vault::AccountPtr;
using platform::Result;

constexpr std::int64_t k_now = 1'800'000'000;

Account account(const std::string& server, const std::string& subject, const std::string& email,
                const std::string& session = "s", std::int64_t now = k_now) {
    server::api::SessionGrant grant;
    grant.session_id = session;
    grant.user = {"https://issuer.example", subject, "Ann", email, "company"};
    grant.cookie = {"keyfob", platform::SecretString("cookie-of-" + session), "challenge", 600, now + 2'592'000};
    return agent::vault::make_account(platform::Url::parse(server + "/")->origin, std::move(grant),
                                      platform::jose::EcKey::generate(), now);
}

std::vector<AccountPtr> accounts() {
    std::vector<AccountPtr> all;
    all.push_back(std::make_shared<Account>(account("https://a.example", "1", "ann@example.com")));
    all.push_back(std::make_shared<Account>(account("https://a.example", "2", "ben@example.com")));
    all.push_back(std::make_shared<Account>(account("https://b.example:8443", "1", "ann@example.com")));
    return all;
}

std::optional<platform::Origin> origin(const std::string& text) {
    return platform::Url::parse(text + "/")->origin;
}

} // namespace

TEST_CASE("an account survives the keychain", "[vault]") {
    const Account before = account("https://a.example", "1", "ann@example.com");
    const auto item = agent::vault::to_item(before);
    REQUIRE(item.label == "Keyfob: ann@example.com@a.example");
    REQUIRE(item.attributes.at("server") == "https://a.example");
    const auto after = agent::vault::from_item(item);
    REQUIRE(after);
    REQUIRE(after->id == before.id);
    REQUIRE(after->cookie.reveal() == before.cookie.reveal());
    REQUIRE(after->key.thumbprint() == before.key.thumbprint());
    REQUIRE(after->session_expires_at == before.session_expires_at);
}

TEST_CASE("a damaged keychain item is no account, and harms no other", "[vault]") {
    fakes::FakeKeychain keychain;
    const Account good = account("https://a.example", "1", "ann@example.com");
    keychain.secrets.emplace(good.id, agent::vault::to_item(good).secret.reveal());
    keychain.secrets.emplace("broken",
                             GENERATE(std::string("{"), std::string("{}"), std::string(R"({"version":2})"),
                                      std::string(R"({"version":1,"server":"https://a.example","device_key":"x"})")));
    agent::vault::AccountStore store(keychain);
    store.when_loaded([](const Result<void>& loaded) { REQUIRE(loaded); });
    REQUIRE(store.all().size() == 1);
}

TEST_CASE("SE-02 a new sign-in of the same user replaces the old account and names it", "[vault]") {
    fakes::FakeKeychain keychain;
    agent::vault::AccountStore store(keychain);
    store.when_loaded([](const Result<void>&) {});
    store.add(account("https://a.example", "1", "ann@example.com", "old"),
              [](const Result<AccountPtr>& replaced) { REQUIRE(*replaced == nullptr); });
    store.add(account("https://a.example", "1", "ann@new.example", "new"),
              [](const Result<AccountPtr>& replaced) { REQUIRE((*replaced)->session_id == "old"); });
    REQUIRE(store.all().size() == 1);
    REQUIRE(keychain.secrets.size() == 1);
}

TEST_CASE("a keychain that fails is no empty keychain: the next reading finds the accounts", "[vault]") {
    fakes::FakeKeychain keychain;
    const Account kept = account("https://a.example", "1", "ann@example.com");
    keychain.secrets.emplace(kept.id, agent::vault::to_item(kept).secret.reveal());
    keychain.failure = platform::Error{platform::ErrorKind::locked, "locked", "", agent::api::k_keychain_locked};
    agent::vault::AccountStore store(keychain);
    store.when_loaded(
        [](const Result<void>& loaded) { REQUIRE(loaded.error().code == agent::api::k_keychain_locked); });
    keychain.failure.reset();
    store.when_loaded([](const Result<void>& loaded) { REQUIRE(loaded); });
    REQUIRE(store.all().size() == 1);
}

TEST_CASE("what the keychain did not take is not there", "[vault]") {
    fakes::FakeKeychain keychain;
    agent::vault::AccountStore store(keychain);
    store.when_loaded([](const Result<void>&) {});
    keychain.failure = platform::Error{platform::ErrorKind::denied, "no", "", agent::api::k_keychain_denied};
    store.add(account("https://a.example", "1", ""), [](const Result<AccountPtr>& added) { REQUIRE_FALSE(added); });
    REQUIRE(store.all().empty());
}

TEST_CASE("AG-08 an account is chosen for its own origin only", "[vault]") {
    const auto all = accounts();
    const auto wrong = GENERATE(std::string("http://a.example"), std::string("https://a.example:8443"),
                                std::string("https://b.example"), std::string("https://www.a.example"),
                                std::string("https://a.example.evil.example"));
    const auto chosen = agent::vault::choose_account(all, "", origin(wrong));
    REQUIRE_FALSE(chosen);
    REQUIRE(chosen.error().code == agent::api::k_sign_in_needed);
}

TEST_CASE("an account is found by name, by user, by server, if that is unambiguous", "[vault]") {
    const auto all = accounts();
    const auto choose = [&](const std::string& name) { return agent::vault::choose_account(all, name, std::nullopt); };
    REQUIRE((*choose("ann@example.com@a.example"))->server.host == "a.example");
    REQUIRE((*choose("ben@example.com"))->user.subject == "2");
    REQUIRE((*choose("b.example:8443"))->server.port == 8443);
    REQUIRE(choose("ann@example.com").error().code == agent::api::k_usage);
    REQUIRE(choose("a.example").error().code == agent::api::k_usage);
    REQUIRE(choose("").error().code == agent::api::k_usage);
    REQUIRE(choose("nobody").error().code == agent::api::k_sign_in_needed);
    REQUIRE((*agent::vault::choose_account(all, "", origin("https://b.example:8443")))->server.port == 8443);
}

TEST_CASE("S14 of several that fit, one that has ended is not meant", "[vault]") {
    auto all = accounts();
    all[0]->ended = true;
    const auto at_a = origin("https://a.example");
    REQUIRE((*agent::vault::choose_account(all, "", at_a))->user.subject == "2");
    REQUIRE((*agent::vault::choose_account(all, "ann@example.com", std::nullopt))->server.port == 8443);
    REQUIRE((*agent::vault::choose_account(all, "ann@example.com@a.example", std::nullopt))->ended); // named, it is
    all[1]->ended = true;
    REQUIRE(agent::vault::choose_account(all, "", at_a).error().code == agent::api::k_usage);
}

TEST_CASE("S14 accounts of one name are told apart by their providers, then by their subjects", "[vault]") {
    fakes::FakeKeychain keychain;
    agent::vault::AccountStore store(keychain);
    store.when_loaded([](const Result<void>&) {});
    const auto add = [&](const std::string& subject, const std::string& provider) {
        Account made = account("https://a.example", subject, "ann@x.example");
        made.user.provider = provider;
        store.add(std::move(made), [](const Result<AccountPtr>&) {});
    };
    const auto name = [&](const std::string& subject) {
        for (const AccountPtr& one : store.all())
            if (one->user.subject == subject)
                return one->name();
        return std::string();
    };
    const auto choose = [&](const std::string& text) {
        const auto chosen = agent::vault::choose_account(store.all(), text, std::nullopt);
        return chosen ? (*chosen)->user.subject : chosen.error().code;
    };
    add("1", "company");
    REQUIRE(name("1") == "ann@x.example@a.example");
    REQUIRE(choose("company:ann@x.example@a.example") == "1"); // good before it is needed
    add("2", "github");
    REQUIRE(name("1") == "company:ann@x.example@a.example");
    REQUIRE(name("2") == "github:ann@x.example@a.example");
    REQUIRE(choose("ann@x.example@a.example") == agent::api::k_usage);
    REQUIRE(choose(name("1")) == "1");
    REQUIRE(choose("github:ann@x.example") == "2");
    for (const AccountPtr& one : store.all())
        REQUIRE(keychain.labels.at(one->id) == "Keyfob: " + one->name());
    agent::vault::AccountStore next(keychain);
    next.when_loaded([](const Result<void>&) {});
    REQUIRE(next.all().at(0)->name().find(':') != std::string::npos);
    add("3", "github");
    REQUIRE(name("2") == "github:2@a.example");
    REQUIRE(name("3") == "github:3@a.example");
    REQUIRE(choose(name("3")) == "3");
    const auto forget = [&](const std::string& subject) {
        store.forget(account("https://a.example", subject, "").id, [](const Result<void>&) {});
    };
    forget("2");
    forget("3");
    REQUIRE(name("1") == "ann@x.example@a.example");
    REQUIRE(keychain.labels.at(store.all().at(0)->id) == "Keyfob: ann@x.example@a.example");
}

TEST_CASE("times beyond all reason are cut to what can be reckoned with", "[vault]") {
    const std::int64_t wild = GENERATE(INT64_MAX, INT64_MAX - k_now, INT64_MIN, std::int64_t{-1});
    Account one = account("https://a.example", "1", "ann@example.com");
    agent::vault::renew_account(one, {"keyfob", platform::SecretString("c"), "challenge", wild, wild}, k_now);
    CHECK(one.cookie_expires_at >= k_now);
    CHECK(one.session_expires_at >= 0);
    one.cookie_expires_at = one.session_expires_at = one.cookie_renewed_at = wild;
    const auto read = agent::vault::from_item(agent::vault::to_item(one));
    REQUIRE(read);
    for (const std::int64_t time : {read->cookie_expires_at, read->session_expires_at, read->cookie_renewed_at}) {
        CHECK(time >= 0);
        CHECK(time < 300'000'000'000);
    }
}
