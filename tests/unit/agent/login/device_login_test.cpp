#include "agent/api/error_code.h"
#include "agent/login/login_service.h"
#include "tests/fakes/agent_parts.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using agent::login::StartedLogin;
using agent::vault::AccountPtr;
using platform::Result;
using server::api::k_cancel_path;
using server::api::k_device_authorization_path;
using server::api::k_metadata_path;
using server::api::k_par_path;
using server::api::k_revoke_path;
using server::api::k_token_path;
using tests::run_until;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

/// The agent's parts, a server where nobody has typed the code yet, and a command that waits for it.
struct Fixture : fakes::AgentParts {
    std::optional<Result<AccountPtr>> outcome; ///< first: the end of the command below is an outcome too
    std::optional<fakes::Command> command{std::in_place};

    Fixture() {
        transport.always(k_metadata_path, fakes::metadata(k_server));
        transport.always(k_device_authorization_path, fakes::device_authorization(k_server, 1));
        transport.always(k_token_path, pending());
        transport.always(k_par_path, fakes::pushed());
        for (const char* path : {k_cancel_path, k_revoke_path})
            transport.always(path, fakes::response(200, "{}"));
    }
    static platform::http::ClientResponse pending() {
        return fakes::response(400, R"({"error":"authorization_pending","error_description":"not yet"})");
    }
    Result<StartedLogin> start(bool by_device_grant = true, std::chrono::seconds timeout = std::chrono::seconds(600)) {
        std::optional<Result<StartedLogin>> started;
        logins.start({platform::Url::parse(k_server)->origin, 0, timeout, "", by_device_grant}, command->connection,
                     [&](const Result<StartedLogin>& result) { started = result; });
        run_until([&] { return started.has_value(); });
        return *started;
    }
    StartedLogin wait_for(const Result<StartedLogin>& started) {
        REQUIRE(started);
        logins.wait((*started).id, [this](const Result<AccountPtr>& result) { outcome = result; });
        return *started;
    }
    [[nodiscard]] std::size_t questions() const { return transport.requests(k_token_path).size(); }
    std::string code() {
        run_until([&] { return outcome.has_value(); });
        return *outcome ? "" : outcome->error().code;
    }
};

} // namespace

TEST_CASE("DG-04 the server is asked until somebody has finished, and the session is kept", "[login]") {
    Fixture f;
    const StartedLogin login = f.wait_for(f.start());
    REQUIRE(login.user_code == "BCDF-GHJK");
    REQUIRE(login.verification_uri == k_server + "/device");
    REQUIRE(login.start_url.empty());
    run_until([&] { return f.questions() == 1; });
    f.transport.always(k_token_path, fakes::granted(k_server));
    REQUIRE(f.code().empty());
    REQUIRE(f.questions() == 2);
    REQUIRE(f.keychain.secrets.size() == 1);
}

TEST_CASE("DG-07 a declined sign-in by a code ends with that", "[login]") {
    Fixture f;
    f.wait_for(f.start());
    f.transport.always(k_token_path, fakes::response(400, R"({"error":"access_denied","error_description":"no"})"));
    REQUIRE(f.code() == agent::api::k_cancelled);
    REQUIRE(f.accounts.all().empty());
}

TEST_CASE("DG-09 a server without the device grant ends it at once", "[login]") {
    Fixture f;
    f.transport.always(k_device_authorization_path, fakes::response(404, R"({"error":"not_found"})"));
    const auto started = f.start();
    REQUIRE_FALSE(started);
    REQUIRE(started.error().hint.find("--device") != std::string::npos);
}

TEST_CASE("AG-10 sign-ins by a code are joined by their like alone", "[login]") {
    Fixture f;
    const StartedLogin first = f.wait_for(f.start());
    const StartedLogin second = *f.start();
    REQUIRE(second.joined);
    REQUIRE(second.user_code == first.user_code);
    const StartedLogin other = *f.start(false);
    REQUIRE_FALSE(other.joined);
    REQUIRE(other.user_code.empty());
    REQUIRE(f.transport.requests(k_device_authorization_path).size() == 1);
}

TEST_CASE("a sign-in by a code that is given up is told to the server, and asked about no more", "[login]") {
    Fixture f;
    const bool is_killed = GENERATE(true, false);
    const StartedLogin login = f.wait_for(f.start());
    if (is_killed)
        f.command.reset();
    else
        REQUIRE(f.logins.cancel(login.id));
    REQUIRE(f.code() == agent::api::k_cancelled);
    run_until([&] { return !f.transport.requests(k_cancel_path).empty(); });
    REQUIRE(f.accounts.all().empty());
}

TEST_CASE("a sign-in by a code ends when its time is over", "[login]") {
    Fixture f;
    f.wait_for(f.start(true, std::chrono::seconds(0)));
    REQUIRE(f.code() == agent::api::k_timed_out);
    run_until([&] { return !f.transport.requests(k_cancel_path).empty(); });
}

TEST_CASE("a session by a code that comes after the end is revoked", "[login]") {
    Fixture f;
    const StartedLogin login = f.wait_for(f.start());
    f.transport.always(k_token_path, fakes::granted(k_server));
    f.keychain.holds = true;
    run_until([&] { return f.keychain.held() == 1; });
    REQUIRE(f.logins.cancel(login.id));
    f.keychain.release();
    REQUIRE(f.code() == agent::api::k_cancelled);
    run_until([&] { return !f.transport.requests(k_revoke_path).empty(); });
    run_until([&] { return f.keychain.secrets.empty(); });
    REQUIRE(f.accounts.all().empty());
}
