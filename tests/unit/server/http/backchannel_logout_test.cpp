#include "tests/unit/server/http/fixture.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http::tests;

namespace {

struct Bench : Site {
    Bench() {
        for (fakes::FakeProvider* provider : {company, elsewhere})
            provider->logout_expires_at = platform::to_unix(clock.now()) + 120;
    }

    Response log_out(const std::string& token, const std::string& provider = "company") {
        return send(post("/backchannel-logout/" + provider, parameters({{"logout_token", token}})));
    }
    int status_with(const std::string& cookie) {
        Request request = get(api::k_session_path);
        request.headers.set("Cookie", cookie);
        return send(request).status;
    }
};

} // namespace

TEST_CASE("RP-28 a provider's logout ends the session on the next request, and the renewal with it") {
    Bench bench;
    Visit ann(bench, *bench.company, "ann");
    Visit ben(bench, *bench.company, "ben");
    const std::string of_ann = ann.sign_in();
    const std::string of_ben = ben.sign_in();
    REQUIRE(bench.status_with(of_ann) == 200);
    const Response done = bench.log_out("ann - token-1");
    CHECK(done.status == 200);
    CHECK(done.body.empty());
    CHECK(bench.status_with(of_ann) == 401);
    CHECK(bench.status_with(of_ben) == 200);
    CHECK(bench.log_out("ann - token-1").status == 200); // a repetition has nothing to do
    CHECK(bench.log_out("nobody - token-2").status == 200);
    CHECK(bench.status_with(of_ben) == 200);
}

TEST_CASE("RP-28 what is no logout token is 400, and ends nothing") {
    Bench bench;
    Visit ann(bench, *bench.company, "ann");
    const std::string cookie = ann.sign_in();
    CHECK(bench.log_out("rubbish").status == 400);
    CHECK(bench.log_out("").status == 400);
    CHECK(bench.log_out("ann - t", "nobody").status == 404);
    CHECK(bench.log_out("ann - t", "elsewhere").status == 200); // where nobody of that name is known
    Request query = post("/backchannel-logout/company", {});
    query.query = "logout_token=ann+-+t";
    CHECK(bench.send(query).status == 400);
    Request json = post("/backchannel-logout/company", parameters({{"logout_token", "ann - t"}}));
    json.headers.set("Content-Type", "application/json");
    CHECK(bench.send(json).status == 400);
    bench.company->logout_expires_at =
        platform::to_unix(bench.clock.now()) + 7200; // would have to be remembered for too long
    CHECK(bench.log_out("ann - t").status == 400);
    CHECK(bench.status_with(cookie) == 200);
}
