#include "agent/vault/account_store.h"

#include "tests/fakes/fake_keychain.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using agent::vault::Account;
using agent::vault::AccountPtr;
using agent::vault::AccountStore;
using platform::Result;

namespace {

constexpr std::int64_t k_now = 1'800'000'000;

Account account(const std::string& email, const std::string& session = "session-1", std::int64_t now = k_now) {
    server::api::SessionGrant grant;
    grant.session_id = session;
    grant.user = {"https://issuer.example", "42", "Ann", email, "company"};
    grant.cookie = {"__Host-keyfob", platform::SecretString("cookie"), "challenge", 600, now + 2'592'000};
    return agent::vault::make_account(platform::Url::parse("https://a.example/")->origin, std::move(grant),
                                      platform::jose::EcKey::generate(), now);
}

void put(fakes::FakeKeychain& keychain, const Account& one) {
    keychain.secrets.emplace(one.id, agent::vault::to_item(one).secret.reveal());
}

std::string load(AccountStore& store) {
    std::string code = "none yet";
    store.when_loaded([&](const Result<void>& loaded) { code = loaded ? "" : loaded.error().code; });
    return code;
}

} // namespace

TEST_CASE("the keychain is read once, whoever waits for it", "[vault]") {
    fakes::FakeKeychain keychain;
    put(keychain, account("ann@example.com"));
    keychain.holds = true;
    AccountStore store(keychain);
    std::vector<int> order;
    for (int i = 0; i < 3; ++i)
        store.when_loaded([&, i](const Result<void>& loaded) {
            if (loaded && store.all().size() == 1)
                order.push_back(i);
        });
    REQUIRE(order.empty());
    keychain.release();
    REQUIRE(order == std::vector<int>{0, 1, 2});
    REQUIRE(load(store).empty());
    REQUIRE(keychain.loads == 1);
}

TEST_CASE("each way in which the keychain cannot be read is passed on, and the next caller reads again", "[vault]") {
    for (const auto& failure : fakes::keychain_failures()) {
        fakes::FakeKeychain keychain;
        put(keychain, account("ann@example.com"));
        keychain.failure = failure;
        AccountStore store(keychain);
        REQUIRE(load(store) == failure.code);
        REQUIRE(load(store) == failure.code);
        REQUIRE(store.all().empty());
        keychain.failure.reset();
        REQUIRE(load(store).empty());
        REQUIRE(store.all().size() == 1);
        REQUIRE(keychain.loads == 3);
    }
}

TEST_CASE("whoever is told of a failure may ask again from within", "[vault]") {
    fakes::FakeKeychain keychain;
    put(keychain, account("ann@example.com"));
    keychain.failure = fakes::keychain_failures().front();
    AccountStore store(keychain);
    std::string second;
    store.when_loaded([&](const Result<void>&) {
        keychain.failure.reset();
        second = load(store);
    });
    REQUIRE(second.empty());
    REQUIRE(store.all().size() == 1);
}

TEST_CASE("a new account that could not be stored leaves the one before", "[vault]") {
    fakes::FakeKeychain keychain;
    put(keychain, account("ann@example.com", "old"));
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    keychain.store_failure = fakes::keychain_failures().front();
    std::string code;
    store.add(account("ann@example.com", "new"),
              [&](const Result<AccountPtr>& added) { code = added ? "" : added.error().code; });
    REQUIRE(code == keychain.store_failure->code);
    REQUIRE(store.all().at(0)->session_id == "old");
}

TEST_CASE("an account that could not be erased is still there", "[vault]") {
    fakes::FakeKeychain keychain;
    const Account kept = account("ann@example.com");
    put(keychain, kept);
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    keychain.erase_failure = fakes::keychain_failures().front();
    std::string code;
    store.forget(kept.id, [&](const Result<void>& forgotten) { code = forgotten ? "" : forgotten.error().code; });
    REQUIRE(code == keychain.erase_failure->code);
    REQUIRE(store.find(kept.id));
    keychain.erase_failure.reset();
    store.forget(kept.id, [&](const Result<void>& forgotten) { REQUIRE(forgotten); });
    REQUIRE_FALSE(store.find(kept.id));
}

TEST_CASE("of two keychain items of one account the newest counts, and forgetting removes both", "[vault]") {
    const bool newest_first = GENERATE(true, false);
    fakes::FakeKeychain keychain;
    const Account older = account("ann@old.example", "old", k_now - 600);
    const Account newer = account("ann@new.example", "new", k_now);
    REQUIRE(older.id == newer.id); // the user is the same, whatever the e-mail address
    put(keychain, newest_first ? newer : older);
    put(keychain, newest_first ? older : newer);
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    REQUIRE(store.all().size() == 1);
    REQUIRE(store.all()[0]->session_id == "new");
    store.forget(newer.id, [](const Result<void>& forgotten) { REQUIRE(forgotten); });
    REQUIRE(keychain.secrets.empty());
    AccountStore next(keychain);
    REQUIRE(load(next).empty());
    REQUIRE(next.all().empty());
}

TEST_CASE("AG-13 an account that was forgotten does not come back by a renewal that ends late", "[vault]") {
    fakes::FakeKeychain keychain;
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    store.add(account("ann@example.com"), [](const Result<AccountPtr>&) {});
    const AccountPtr late = store.all().at(0);
    keychain.holds = GENERATE(false, true); // while it is being erased, too
    store.forget(late->id, [](const Result<void>&) {});
    store.save(*late);
    keychain.release();
    REQUIRE(keychain.secrets.empty());
}

TEST_CASE("SE-02 what comes late for the session before touches nothing of the one after", "[vault]") {
    fakes::FakeKeychain keychain;
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    store.add(account("ann@example.com", "old"), [](const Result<AccountPtr>&) {});
    const AccountPtr old = store.all().at(0);
    store.add(account("ann@example.com", "new"), [](const Result<AccountPtr>&) {});
    SECTION("its renewal") {
        store.save(*old);
    }
    SECTION("the news that the server has ended it") {
        store.mark_ended(*old);
        REQUIRE(old->ended);
    }
    REQUIRE_FALSE(store.all().at(0)->ended);
    AccountStore next(keychain);
    REQUIRE(load(next).empty());
    REQUIRE(next.all().at(0)->session_id == "new");
}

TEST_CASE("writes of one account reach the keychain one after the other", "[vault]") {
    fakes::FakeKeychain keychain;
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    keychain.holds = true;
    store.add(account("ann@example.com"), [](const Result<AccountPtr>&) {});
    store.forget(account("ann@example.com").id, [](const Result<void>&) {});
    REQUIRE(keychain.held() == 1);
    REQUIRE(store.is_writing());
    keychain.release();
    REQUIRE_FALSE(store.is_writing());
}

TEST_CASE("SE-02 a renewal of the session before, asked for while the new one is written, does not bring it back",
          "[vault]") {
    fakes::FakeKeychain keychain;
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    store.add(account("ann@example.com", "old"), [](const Result<AccountPtr>&) {});
    keychain.holds = true;
    store.add(account("ann@example.com", "new"), [](const Result<AccountPtr>&) {});
    const bool ended = GENERATE(true, false);
    if (ended)
        store.mark_ended(*store.all().at(0));
    else
        store.save(*store.all().at(0));
    keychain.release();
    AccountStore next(keychain);
    REQUIRE(load(next).empty());
    REQUIRE(next.all().at(0)->session_id == "new");
}

TEST_CASE("what is taken back leaves what it replaced, in memory and in the keychain", "[vault]") {
    fakes::FakeKeychain keychain;
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    if (GENERATE(true, false))
        store.add(account("ann@example.com", "old"), [](const Result<AccountPtr>&) {});
    const std::size_t before = store.all().size();
    AccountPtr replaced;
    store.add(account("ann@example.com", "new"), [&](const Result<AccountPtr>& result) { replaced = *result; });
    const AccountPtr added = store.all().at(0);
    store.take_back(added, replaced);
    store.take_back(added, replaced); // nothing is left to be taken back
    AccountStore next(keychain);
    REQUIRE(load(next).empty());
    REQUIRE(store.all().size() == before);
    REQUIRE(next.all().size() == before);
    if (before > 0) {
        REQUIRE(store.all()[0]->session_id == "old");
        REQUIRE(next.all()[0]->session_id == "old");
    }
}

TEST_CASE("a new account that the keychain takes after its time was up does not stay there", "[vault]") {
    fakes::FakeKeychain keychain;
    AccountStore store(keychain);
    REQUIRE(load(store).empty());
    store.add(account("ann@example.com", "old"), [](const Result<AccountPtr>&) {});
    keychain.store_failure =
        platform::Error{platform::ErrorKind::timed_out, "the keychain did not answer", "", "timed_out"};
    keychain.takes_late = true;
    store.add(account("ann@example.com", "new"), [&](const Result<AccountPtr>& added) {
        REQUIRE_FALSE(added);
        keychain.store_failure.reset();
    });
    AccountStore next(keychain);
    REQUIRE(load(next).empty());
    REQUIRE(next.all().at(0)->session_id == "old");
}
