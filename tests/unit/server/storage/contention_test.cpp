#include "tests/unit/server/storage/fixture.h"

#include <atomic>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;

namespace {

constexpr int k_threads = 100;

/// Runs `attempt(i)` in k_threads threads at once; how many said true. None may fail.
int count_true(const std::function<keyfob::platform::Result<bool>(int)>& attempt) {
    std::atomic<int> winners = 0;
    std::atomic<int> failures = 0;
    std::latch start(k_threads);
    std::vector<std::thread> threads;
    for (int i = 0; i < k_threads; ++i)
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            const auto outcome = attempt(i);
            if (!outcome)
                ++failures;
            else if (*outcome)
                ++winners;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(failures == 0);
    return winners;
}

} // namespace

TEST_CASE("AS-04: a hundred parallel redeems make exactly one session row") {
    Fixture fixture;
    const auto second = open_store(fixture.options, fixture.random); // half of them come through another server
    const Pairing pairing = fixture.journey("anna").to_approved();
    const int winners = count_true([&](int i) {
        const std::string name = "attempt " + std::to_string(i);
        signin::Store& store = i % 2 == 0 ? *fixture.store : *second;
        return store.redeem(pairing.id, make_session(name, pairing.user_id), "cookie of " + name, k_now + 600, k_now);
    });
    CHECK(winners == 1);
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 1);
    CHECK(fixture.number("SELECT COUNT(*) FROM cookies") == 1);
}

TEST_CASE("AS-10: of a hundred equal proofs one is taken") {
    Fixture fixture;
    CHECK(count_true([&](int) { return fixture.store->remember_proof("jti", k_now + 660); }) == 1);
}

TEST_CASE("of a hundred renewals with one challenge one succeeds") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    CHECK(count_true([&](int i) {
              return fixture.store->renew(anna.session.row, "challenge of anna", "next " + std::to_string(i),
                                          "cookie " + std::to_string(i), k_now + 600, k_now);
          }) == 1);
    CHECK(fixture.number("SELECT COUNT(*) FROM cookies") == 2);
}

TEST_CASE("of a hundred openings of one request_uri one begins the flow") {
    Fixture fixture;
    const std::string hash = fixture.journey("anna").push().request_uri_hash;
    CHECK(count_true([&](int i) -> keyfob::platform::Result<bool> {
              KEYFOB_TRY_ASSIGN(const auto begun,
                                fixture.store->begin_flow(
                                    hash, {"flow " + std::to_string(i), "secret", "address", k_now + 30}, k_now));
              return begun.has_value();
          }) == 1);
}

TEST_CASE("KS-08: a hundred pushes at once do not pass the cap") {
    storage::StoreOptions options;
    options.pairings_per_address = 7;
    Fixture fixture(options);
    std::atomic<int> refused = 0;
    const int added = count_true([&](int i) -> keyfob::platform::Result<bool> {
        const auto pushed = fixture.store->add_pairing(make_pairing(std::to_string(i)));
        if (!pushed && pushed.error().kind == keyfob::platform::ErrorKind::denied) {
            ++refused;
            return false;
        }
        KEYFOB_TRY(pushed);
        return true;
    });
    CHECK(added == 7);
    CHECK(refused == k_threads - 7);
}

TEST_CASE("KS-09: while another process holds the write lock a few writers wait, and the others fail at once") {
    storage::StoreOptions options;
    options.waiting_writers = 3;
    options.patience = k_long;
    options.stuck_after = std::chrono::milliseconds{0};
    Fixture fixture(options);
    constexpr int k_writers = 16;
    constexpr int k_refused = k_writers - 1 - 3; // one has its turn, and waits for the lock itself
    std::latch refused(k_refused);
    std::atomic<int> written = 0;
    std::vector<std::thread> threads;
    const auto held = fixture.other()->write([&](storage::Connection&) {
        for (int i = 0; i < k_writers; ++i)
            threads.emplace_back([&, i] {
                if (fixture.store->remember_proof(std::to_string(i), k_now + 660))
                    ++written;
                else
                    refused.count_down();
            });
        refused.wait(); // for ever, if more of them wait
        return true;
    });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(held);
    CHECK(written == k_writers - k_refused);
}

TEST_CASE("a secret that a hundred ask for at once is one secret") {
    Fixture fixture;
    std::vector<std::string> secrets(k_threads);
    count_true([&](int i) -> keyfob::platform::Result<bool> {
        KEYFOB_TRY_ASSIGN(secrets[static_cast<std::size_t>(i)], fixture.store->shared_secret("name"));
        return true;
    });
    for (const std::string& secret : secrets)
        CHECK(secret == secrets[0]);
}
