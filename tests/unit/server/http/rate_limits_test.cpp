#include "server/http/rate_limits.h"

#include "server/http/route_table.h"
#include "tests/unit/server/http/fixture.h"

#include <set>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;
using namespace std::chrono_literals;

namespace {

constexpr RequestLimits k_tight{{3, 30s}, {4, 30s}, {2, 30s}, {1, 30s}};
constexpr const char* k_proxy = "10.0.0.7";

struct Bench {
    int let_through(Limit limit, const std::string& address, bool is_crowded = false) {
        int count = 0;
        while (!limits.refuse(limit, address, is_crowded))
            ++count;
        return count;
    }
    fakes::ManualClock clock;
    platform::SystemRandom random;
    RateLimits limits{k_tight, clock, random};
};

/// The site with limits that a test can reach.
struct TightSite : Site {
    explicit TightSite(storage::StoreOptions options = {}) : Site(k_issuer, {k_proxy}, std::move(options)) {}

    Response ask(Request request, const std::string& address) {
        request.peer_address = address;
        return tight_router.handle(request);
    }
    /// Pushes of keys of their own until one is refused; how many were not, and the refusal.
    std::pair<int, Response> push_from(const std::string& address) {
        for (int count = 0;; ++count) {
            const Device device;
            Response response = ask(proven(device, api::k_par_path, push_form(device)), address);
            if (response.status != 201)
                return {count, std::move(response)};
        }
    }
    std::int64_t rows(const std::string& table) const { return database.number("SELECT COUNT(*) FROM " + table); }

    RateLimits tight{k_tight, clock, random};
    Router tight_router{services, tight, must(TrustedProxies::parse({k_proxy}))};
};

} // namespace

TEST_CASE("OP-03: each kind of request has a limit of its own, for each address of its own") {
    Bench bench;
    CHECK(bench.let_through(Limit::agent, "192.0.2.1") == 3);
    CHECK(bench.let_through(Limit::browser, "192.0.2.1") == 4);
    CHECK(bench.let_through(Limit::renewal, "192.0.2.1") == 2);
    CHECK(bench.let_through(Limit::agent, "192.0.2.2") == 3);
    for (int i = 0; i < 1'000; ++i)
        REQUIRE_FALSE(bench.limits.refuse(Limit::none, "192.0.2.1", true));
}

TEST_CASE("OP-03: other spellings of an address, and other addresses of its /64, share its limit") {
    Bench bench;
    CHECK(bench.let_through(Limit::agent, "192.0.2.1") == 3);
    CHECK(bench.let_through(Limit::agent, "::ffff:192.0.2.1") == 0);
    CHECK(bench.let_through(Limit::agent, "2001:db8:1:2::1") == 3);
    CHECK(bench.let_through(Limit::agent, "2001:db8:1:2:ffff::") == 0);
    CHECK(bench.let_through(Limit::agent, "2001:DB8:1:2::3") == 0);
    CHECK(bench.let_through(Limit::agent, "2001:db8:1:3::1") == 3);
}

TEST_CASE("OP-03: who has a whole /48 gets ten times one limit, not 65,536 times") {
    Bench bench;
    int total = 0;
    for (int network = 0; network < 1'000; ++network)
        total += bench.let_through(Limit::agent, "2001:db8:1:" + std::to_string(network) + "::1");
    CHECK(total == 30);
    CHECK(bench.let_through(Limit::agent, "2001:db8:2::1") == 3);
}

TEST_CASE("OP-03: all whom a proxy does not name share a wider limit, and take nothing from who is named") {
    Bench bench;
    CHECK(bench.let_through(Limit::agent, "unknown") == 30);
    CHECK(bench.let_through(Limit::agent, "192.0.2.1") == 3);
}

TEST_CASE("OP-03: in a crowd an address gets a little, and what it asked before does not count against it") {
    Bench bench;
    REQUIRE_FALSE(bench.limits.refuse(Limit::agent, "192.0.2.1", false));
    CHECK(bench.let_through(Limit::agent, "192.0.2.1", true) == 1);
    CHECK(bench.let_through(Limit::agent, "192.0.2.2", true) == 1);
    CHECK(bench.let_through(Limit::browser, "192.0.2.1", true) == 4); // these leave nothing behind
}

TEST_CASE("OP-04: nothing is written or verified for an agent that asks too often, and it is told when to come again") {
    TightSite site;
    const auto [count, refusal] = site.push_from("192.0.2.1");
    CHECK(count == 3);
    CHECK(refusal.status == 429);
    CHECK(error_of(refusal) == "rate_limited");
    CHECK(header(refusal, "Retry-After") == "10");
    CHECK_FALSE(header(refusal, "DPoP-Nonce").empty());
    const Device device;
    for (const char* path : {api::k_par_path, api::k_token_path, api::k_cancel_path, api::k_revoke_path}) {
        CHECK(site.ask(site.proven(device, path, Site::push_form(device)), "192.0.2.1").status == 429);
        CHECK(site.ask(post(path, {}), "192.0.2.1").status == 429); // before even the client is looked at
    }
    CHECK(site.rows("proofs") == 3);
    CHECK(site.rows("pairings") == 3);
    CHECK(site.push_from("192.0.2.2").first == 3);
    site.advance(10);
    CHECK(site.push_from("192.0.2.1").first == 1);
}

TEST_CASE("OP-03: requests without a proof count, and requests through a proxy count for who sent them") {
    TightSite site;
    for (int i = 0; i < 3; ++i)
        CHECK(site.ask(post(api::k_par_path, {}), "192.0.2.1").status == 400);
    CHECK(site.ask(post(api::k_par_path, {}), "192.0.2.1").status == 429);
    Request forwarded = post(api::k_par_path, {});
    forwarded.headers.set("X-Forwarded-For", "192.0.2.9, 192.0.2.1"); // the client's own words do not count
    CHECK(site.ask(forwarded, k_proxy).status == 429);
    forwarded.headers.set("X-Forwarded-For", "192.0.2.1, 192.0.2.9");
    CHECK(site.ask(forwarded, k_proxy).status == 400);
}

TEST_CASE("OP-03: a browser gets a page that tries again by itself, but for a form") {
    TightSite site;
    for (int i = 0; i < 4; ++i)
        CHECK(site.ask(get(api::k_authorize_path), "192.0.2.1").status == 400);
    const Response page = site.ask(get("/callback/company", "code=secret&state=x"), "192.0.2.1");
    CHECK(page.status == 429);
    CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
    CHECK(header(page, "Retry-After") == "8"); // a quarter of 30 seconds, rounded up
    CHECK(header(page, "Refresh") == "8");
    CHECK(page.body.find("secret") == std::string::npos);
    const Response form = site.ask(own_post(api::k_confirm_path, {}), "192.0.2.1");
    CHECK(form.status == 429);
    CHECK(header(form, "Refresh").empty());
    CHECK(form.body.find("wait 8 seconds") != std::string::npos);
}

TEST_CASE("OP-03: a renewal that comes too often is told when, and never that the session is over") {
    TightSite site;
    Request request = post(api::k_refresh_path, {});
    request.headers.set("Sec-Secure-Session-Id", "unknown");
    for (int i = 0; i < 2; ++i)
        CHECK(site.ask(request, "192.0.2.1").status != 429);
    const Response refused = site.ask(request, "192.0.2.1");
    CHECK(refused.status == 429);
    CHECK(error_of(refused) == "rate_limited");
    CHECK(header(refused, "Retry-After") == "15");
}

TEST_CASE("OP-03: where many networks have filled half of the room, the rest is for those who come newly") {
    storage::StoreOptions options;
    SECTION("of proofs") {
        options.crowded_proofs = 6;
    }
    SECTION("of sign-ins") {
        options.crowded_pairings = 6;
    }
    TightSite site(options);
    int attackers = 0;
    while (!site.services.store.is_crowded())
        (void)site.push_from("192.0.2." + std::to_string(++attackers));
    const std::int64_t crowded_at = site.rows("proofs");
    CHECK(crowded_at >= 6);
    CHECK(crowded_at <= 9);
    site.advance(30); // whoever was at the ordinary limit is so no more
    for (int i = 1; i <= attackers; ++i)
        site.push_from("192.0.2." + std::to_string(i));
    CHECK(site.rows("proofs") - crowded_at <= attackers); // one each
    CHECK(site.push_from("198.51.100.7").first == 1);     // and one for who has not asked before
    must(site.database.store->remove_expired(site.clock.unix_seconds() + 5'000, 100));
    site.advance(5'000);
    site.push_from("198.51.100.8"); // which sees that there is room again
    CHECK_FALSE(site.services.store.is_crowded());
    CHECK(site.push_from("198.51.100.9").first == 3);
}

TEST_CASE("KS-08: what one address can make the server remember is a small share") {
    const RequestLimits limits;
    const storage::StoreOptions options;
    constexpr std::chrono::seconds k_proof_life = 660s + 60s; // signin/dpop_gate, and the pause of housekeeping
    CHECK(limits.agent.most_within(k_proof_life) <= options.proofs / 20);
    CHECK(limits.agent.most_within(k_proof_life) * k_wide_factor < options.crowded_proofs); // one IPv6 /48
    CHECK(options.pairings_per_address <= options.crowded_pairings / 20);
    CHECK(options.pairings_without_address <= options.crowded_pairings / 2);
    // How many networks must work together until nobody else gets in.
    const std::chrono::seconds k_pairing_life{signin::Settings{}.pairing_seconds};
    CHECK((options.pairings - options.crowded_pairings) / limits.crowded.most_within(k_pairing_life) == 1'500);
    CHECK((options.proofs - options.crowded_proofs) / limits.crowded.most_within(k_proof_life) == 4'545);
}

TEST_CASE("OP-04: whoever makes the server verify or write is counted") {
    for (const Route& route : routes()) {
        INFO(route.method << " " << route.path);
        const bool is_agents =
            route.caller == Caller::agent || route.caller == Caller::client || route.caller == Caller::provider;
        CHECK((route.limit == Limit::agent) == is_agents);
        CHECK((route.limit == Limit::browser) == (route.caller == Caller::browser));
        CHECK((route.limit == Limit::renewal) == (route.caller == Caller::device));
    }
}
