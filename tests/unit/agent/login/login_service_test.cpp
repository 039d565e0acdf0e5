#include "agent/login/login_service.h"

#include "agent/api/error_code.h"
#include "tests/fakes/agent_parts.h"

#include <catch2/catch.hpp>

#include <set>

using namespace keyfob;
using agent::login::StartedLogin;
using agent::vault::AccountPtr;
using platform::Result;
using tests::run_until;

namespace {

const std::string k_server = "http://127.0.0.1:8420";
constexpr int k_most_logins = 32;

struct Fixture : fakes::AgentParts {
    int servers = 0;

    Fixture() {
        transport.always(server::api::k_metadata_path, [](const platform::http::ClientRequest& request) {
            return fakes::metadata(request.url.origin.text());
        });
    }
    /// At a server of its own, so that nobody is joined.
    Result<StartedLogin> start(const fakes::Command& command) {
        const platform::Origin server{"http", "127.0.0.1", static_cast<std::uint16_t>(8420 + servers++)};
        std::optional<Result<StartedLogin>> started;
        logins.start({server, 0, std::chrono::seconds(600), ""}, command.connection,
                     [&](const Result<StartedLogin>& result) { started = result; });
        run_until([&] { return started.has_value(); });
        return *started;
    }
    std::string wait_code(const std::string& id) {
        const auto code = std::make_shared<std::string>("none yet"); // the answer may come after we have gone
        logins.wait(id, [code](const Result<AccountPtr>& result) { *code = result ? "" : result.error().code; });
        return *code;
    }
};

} // namespace

TEST_CASE("a sign-in that does not exist cannot be waited for or cancelled", "[login]") {
    Fixture f;
    const fakes::Command command;
    REQUIRE(f.start(command));
    for (const char* id : {"", "x", "../../etc"}) {
        REQUIRE(f.wait_code(id) == agent::api::k_usage);
        REQUIRE(f.logins.cancel(id).error().code == agent::api::k_usage);
    }
}

TEST_CASE("sign-ins have ids that cannot be guessed, and ports of their own", "[login]") {
    Fixture f;
    const fakes::Command command;
    std::set<std::string> ids;
    std::set<std::string> urls;
    for (int i = 0; i < 4; ++i) {
        const auto started = f.start(command);
        REQUIRE(started);
        REQUIRE(started->id.size() == 16);
        ids.insert(started->id);
        urls.insert(started->start_url.substr(0, started->start_url.find("/s/")));
    }
    REQUIRE(ids.size() == 4);
    REQUIRE(urls.size() == 4);
}

TEST_CASE("a sign-in ends with its connection, and others do not", "[login]") {
    Fixture f;
    const fakes::Command stays;
    const auto kept = f.start(stays);
    std::string ended;
    {
        const fakes::Command goes;
        ended = f.start(goes)->id;
    }
    REQUIRE(f.wait_code(ended) == agent::api::k_usage);
    REQUIRE(f.wait_code(kept->id) == "none yet");
    REQUIRE(f.logins.cancel(kept->id));
    REQUIRE(f.wait_code(kept->id) == agent::api::k_cancelled);
}

TEST_CASE("a command that goes while its sign-in begins leaves nothing behind", "[login]") {
    Fixture f;
    bool told = false;
    {
        const fakes::Command goes;
        f.keychain.holds = GENERATE(true, false);
        f.logins.start({platform::Url::parse(k_server)->origin, 0, std::chrono::seconds(600), ""}, goes.connection,
                       [&](const Result<StartedLogin>&) { told = true; });
    }
    f.keychain.release();
    f.workers.stop();
    tests::settle();
    REQUIRE_FALSE(told);
}

TEST_CASE("only so many sign-ins run at once, and one that has ended makes place", "[login]") {
    Fixture f;
    const fakes::Command command;
    std::string last;
    for (int i = 0; i < k_most_logins; ++i) {
        const auto started = f.start(command);
        REQUIRE(started);
        last = started->id;
    }
    const auto refused = f.start(command);
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().code == agent::api::k_failed);
    REQUIRE(f.logins.cancel(last));
    REQUIRE(f.start(command));
    REQUIRE(f.wait_code(last) == agent::api::k_cancelled); // its end can still be asked for
}

TEST_CASE("sign-ins that could not begin take no place", "[login]") {
    Fixture f;
    const fakes::Command command;
    f.keychain.failure = fakes::keychain_failures().front();
    for (int i = 0; i < 2 * k_most_logins; ++i)
        REQUIRE(f.start(command).error().code == agent::api::k_keychain_locked);
    f.keychain.failure.reset();
    REQUIRE(f.start(command));
}
