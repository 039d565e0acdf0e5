#include "tests/unit/server/storage/fixture.h"

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;

namespace {

constexpr const char* k_issuer = "https://issuer.example";

signin::LogoutNotice notice(const std::string& name, const std::string& session) {
    return {k_issuer, name.empty() ? "" : "subject of " + name, session, "token", k_now + 120};
}

struct Bench : Fixture {
    /// Signs in with that session at the provider, as the pairing says.
    signin::SessionWithUser sign_in(const std::string& name, const std::string& upstream) {
        auto owner = journey(name).to_session();
        const auto set = other()->write([&](storage::Connection& connection) {
            return connection.execute("UPDATE sessions SET upstream_session = '" + upstream +
                                      "' WHERE id = 'session of " + name + "'");
        });
        REQUIRE(set);
        return owner;
    }
    int end(const signin::LogoutNotice& what, const std::string& token) {
        const auto ended = store->end_upstream(what, token, k_now + 1);
        REQUIRE(ended);
        return *ended;
    }
    bool is_live(const std::string& name) {
        const auto found = store->find_cookie("cookie of " + name, k_now - 1, k_now + 1);
        REQUIRE(found);
        return *found != nullptr;
    }
};

} // namespace

TEST_CASE("RP-28 a logout ends that person's sessions, at once and once") {
    Bench bench;
    bench.sign_in("anna", "s1");
    bench.sign_in("bert", "s2");
    CHECK(bench.end(notice("anna", ""), "token 1") == 1);
    CHECK_FALSE(bench.is_live("anna"));
    CHECK(bench.is_live("bert"));
    CHECK(bench.number("SELECT COUNT(*) FROM audit WHERE event = 'session_revoked' AND detail = 'the provider ended "
                       "its session'") == 1);
    CHECK(bench.end(notice("bert", ""), "token 1") == 0); // a repetition
    CHECK(bench.is_live("bert"));
    CHECK(bench.end(notice("bert", ""), "token 2") == 1);
    CHECK(bench.end(notice("bert", ""), "token 3") == 0); // nothing is left
}

TEST_CASE("RP-28 where the token names a session it is that one, and no other person's or issuer's") {
    Bench bench;
    bench.sign_in("anna", "s1");
    bench.sign_in("bert", "s1"); // two providers' persons may have the same
    CHECK(bench.end(notice("anna", "s2"), "token 1") == 0);
    CHECK(bench.end({"https://other.example", "subject of anna", "s1", "t", k_now + 120}, "token 2") == 0);
    CHECK(bench.end({"https://other.example", "", "s1", "t", k_now + 120}, "token 3") == 0);
    CHECK(bench.end(notice("anna", "s1"), "token 4") == 1);
    CHECK(bench.is_live("bert"));
    CHECK(bench.end(notice("", ""), "token 5") == 0); // never everybody
    CHECK(bench.end(notice("", "s1"), "token 6") == 1);
    CHECK_FALSE(bench.is_live("bert"));
}

TEST_CASE("RP-28 what is not redeemed yet does not come alive after the logout") {
    Bench bench;
    const Pairing identified = bench.journey("anna").to_identified();
    const Pairing approved = bench.journey("bert").to_approved();
    CHECK(bench.end(notice("anna", ""), "token 1") == 0);
    CHECK(bench.end(notice("bert", ""), "token 2") == 0);
    CHECK(bench.journey("anna").flow().state == PairingState::denied);
    const auto redeemed =
        bench.store->redeem(approved.id, make_session("bert", approved.user_id), "cookie of bert", k_now + 600, k_now);
    REQUIRE(redeemed);
    CHECK_FALSE(*redeemed);
}

TEST_CASE("RP-28 the provider's session goes with the sign-in into ours") {
    Bench bench;
    const Pairing pairing = bench.journey("anna").to_proven();
    signin::Identity identity;
    identity.issuer = k_issuer;
    identity.subject = "subject of anna";
    identity.session_id = "upstream-1";
    REQUIRE(*bench.store->identify(pairing.id, "company", identity, k_now));
    REQUIRE(*bench.store->approve(pairing.id, "code", k_now + 60, k_now));
    const Pairing approved = bench.journey("anna").flow();
    REQUIRE(
        *bench.store->redeem(pairing.id, make_session("anna", approved.user_id), "cookie of anna", k_now + 600, k_now));
    CHECK(bench.end(notice("", "upstream-2"), "token 1") == 0);
    CHECK(bench.end(notice("", "upstream-1"), "token 2") == 1);
    CHECK_FALSE(bench.is_live("anna"));
}
