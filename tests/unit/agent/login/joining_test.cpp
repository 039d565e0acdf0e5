#include "agent/api/error_code.h"
#include "agent/login/login_service.h"
#include "tests/fakes/agent_parts.h"
#include "tests/support/plain_http.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <list>
#include <set>

using namespace keyfob;
using agent::login::LoginRequest;
using agent::login::StartedLogin;
using agent::vault::AccountPtr;
using platform::Result;
using server::api::k_cancel_path;
using server::api::k_metadata_path;
using server::api::k_par_path;
using server::api::k_token_path;
using tests::run_until;
using tests::visit;
using tests::while_loop_runs;

namespace {

const std::string k_server = "http://127.0.0.1:8420";
constexpr int k_commands = 20;
constexpr int k_most_callers = 256;

/// One `cli login`: what it has been told so far.
struct Attendant {
    std::optional<Result<StartedLogin>> started;
    std::optional<Result<AccountPtr>> outcome;
    std::optional<bool> reached;
    std::optional<fakes::Command> command{std::in_place}; ///< last: its end is an outcome

    [[nodiscard]] bool has_begun() const { return started && *started; }
    [[nodiscard]] std::string code() const {
        if (!outcome)
            return "none yet";
        return *outcome ? "" : outcome->error().code;
    }
};

/// The agent's parts, servers that say yes to everything, and any number of commands that sign in.
struct Fixture : fakes::AgentParts {
    std::list<Attendant> attendants;

    Fixture() {
        transport.always(k_metadata_path, [](const platform::http::ClientRequest& request) {
            return fakes::metadata(request.url.origin.text());
        });
        transport.always(k_par_path, fakes::pushed());
        transport.always(k_token_path, fakes::granted(k_server));
        transport.always(k_cancel_path, fakes::response(200, "{}"));
    }
    /// Asks for a sign-in, and does not wait for the answer.
    Attendant& ask(std::uint16_t port = 0, std::chrono::seconds timeout = std::chrono::seconds(600)) {
        Attendant& one = attendants.emplace_back();
        logins.start({platform::Url::parse(k_server)->origin, port, timeout, ""}, one.command->connection,
                     [&one](const Result<StartedLogin>& result) { one.started = result; });
        return one;
    }
    Attendant& join(std::uint16_t port = 0, std::chrono::seconds timeout = std::chrono::seconds(600)) {
        Attendant& one = ask(port, timeout);
        run_until([&] { return one.started.has_value(); });
        REQUIRE(*one.started);
        logins.wait(id(one), [&one](const Result<AccountPtr>& result) { one.outcome = result; });
        logins.await_browser(id(one), [&one](bool reached) { one.reached = reached; });
        return one;
    }
    static std::string id(const Attendant& one) { return one.started->value().id; }
    static std::string url(const Attendant& one) { return one.started->value().start_url; }
    static std::uint16_t port(const Attendant& one) { return platform::Url::parse(url(one))->origin.port; }

    void open(const Attendant& one) {
        REQUIRE(while_loop_runs([&] { return visit(url(one)); }).status == 303);
    }
    /// The browser goes all the way.
    void sign_in(const Attendant& one) {
        open(one);
        const std::string back = fakes::callback_of(transport.requests(k_par_path).back(), k_server);
        REQUIRE(while_loop_runs([&] { return visit(back); }).status == 303);
    }
    [[nodiscard]] std::size_t begun() const { return transport.requests(k_metadata_path).size(); }
    void await_cancel() {
        run_until([&] { return !transport.requests(k_cancel_path).empty(); });
    }
};

} // namespace

TEST_CASE("AG-10 who asks for a server where a sign-in runs joins it, and all end together", "[login]") {
    Fixture f;
    Attendant& first = f.join();
    Attendant& second = f.join();
    REQUIRE_FALSE(first.started->value().joined);
    REQUIRE(second.started->value().joined);
    REQUIRE(Fixture::url(first) == Fixture::url(second));
    REQUIRE(Fixture::id(first) != Fixture::id(second));
    REQUIRE(f.begun() == 1);
    f.sign_in(second);
    REQUIRE(first.code().empty());
    REQUIRE(second.code().empty());
    REQUIRE(first.outcome->value()->session_id == second.outcome->value()->session_id);
    REQUIRE(f.accounts.all().size() == 1);
}

TEST_CASE("AG-10 of twenty that ask before anything has begun one is the first, and one sign-in begins", "[login]") {
    Fixture f;
    f.keychain.holds = GENERATE(true, false);
    for (int i = 0; i < k_commands; ++i)
        f.ask();
    f.keychain.release();
    run_until([&] {
        return std::all_of(f.attendants.begin(), f.attendants.end(), [](const auto& one) { return one.has_begun(); });
    });
    std::set<std::string> urls;
    int joined = 0;
    for (const Attendant& one : f.attendants) {
        urls.insert(Fixture::url(one));
        joined += one.started->value().joined ? 1 : 0;
    }
    REQUIRE(urls.size() == 1);
    REQUIRE(joined == k_commands - 1);
    REQUIRE(f.begun() == 1);
}

TEST_CASE("AG-10 a sign-in that cannot begin is told to everybody who asked, and the next one begins anew", "[login]") {
    Fixture f;
    f.transport.then([](const auto&) { return fakes::response(404, ""); });
    const Attendant& first = f.ask();
    const Attendant& second = f.ask();
    run_until([&] { return first.started && second.started; });
    REQUIRE_FALSE(*first.started);
    REQUIRE_FALSE(*second.started);
    REQUIRE(first.started->error().message == second.started->error().message);
    REQUIRE_FALSE(f.join().started->value().joined);
}

TEST_CASE("AG-10 other servers, and sign-ins that are over, are not joined", "[login]") {
    Fixture f;
    Attendant& first = f.join();
    REQUIRE(f.logins.cancel(Fixture::id(first)));
    Attendant& second = f.join();
    REQUIRE_FALSE(second.started->value().joined);
    f.sign_in(second);
    REQUIRE_FALSE(f.join().started->value().joined); // while its listener still waits for the last page
    std::optional<Result<StartedLogin>> elsewhere;
    f.logins.start({platform::Url::parse("http://127.0.0.1:8421")->origin, 0, std::chrono::seconds(600), ""},
                   first.command->connection, [&](const Result<StartedLogin>& result) { elsewhere = result; });
    run_until([&] { return elsewhere.has_value(); });
    REQUIRE_FALSE(elsewhere->value().joined);
}

TEST_CASE("AG-10 whoever leaves leaves alone, also the first; the last one ends it at the server", "[login]") {
    const bool is_killed = GENERATE(true, false);
    Fixture f;
    Attendant& first = f.join();
    Attendant& second = f.join();
    Attendant& third = f.join();
    f.open(first);
    const auto leave = [&](Attendant& one) {
        if (is_killed)
            one.command.reset();
        else
            REQUIRE(f.logins.cancel(Fixture::id(one)));
    };
    leave(first);
    leave(third);
    REQUIRE(first.code() == agent::api::k_cancelled);
    REQUIRE(third.code() == agent::api::k_cancelled);
    REQUIRE(second.code() == "none yet");
    REQUIRE(while_loop_runs([&] { return visit(Fixture::url(second)); }).status == 303); // it goes on
    REQUIRE(f.transport.requests(k_cancel_path).empty());
    leave(second);
    f.await_cancel();
    REQUIRE(second.code() == agent::api::k_cancelled);
}

TEST_CASE("AG-10 the first may go while it begins; the next in the row is the first then", "[login]") {
    Fixture f;
    f.keychain.holds = true;
    Attendant& first = f.ask();
    const Attendant& second = f.ask();
    const Attendant& third = f.ask();
    first.command.reset();
    f.keychain.release();
    run_until([&] { return second.has_begun() && third.has_begun(); });
    REQUIRE_FALSE(first.started);
    REQUIRE_FALSE(second.started->value().joined);
    REQUIRE(third.started->value().joined);
}

TEST_CASE("AG-10 nobody joins a sign-in whose only command went while it began", "[login]") {
    Fixture f;
    f.keychain.holds = true;
    f.ask().command.reset();
    f.keychain.release();
    REQUIRE_FALSE(f.join().started->value().joined);
    REQUIRE(f.begun() == 1);
}

TEST_CASE("AG-10 the message says whether leaving has ended it", "[login]") {
    Fixture f;
    Attendant& first = f.join();
    Attendant& second = f.join();
    REQUIRE(f.logins.cancel(Fixture::id(second)));
    REQUIRE(second.outcome->error().message.find("another one still waits") != std::string::npos);
    REQUIRE(f.logins.cancel(Fixture::id(second))); // once more: nothing changes
    REQUIRE(first.code() == "none yet");
    REQUIRE(f.logins.cancel(Fixture::id(first)));
    REQUIRE(first.outcome->error().message == "the sign-in was cancelled");
}

TEST_CASE("AG-10 a joiner who wants another port is told of the one that runs, which goes on", "[login]") {
    Fixture f;
    Attendant& first = f.join();
    const auto other = static_cast<std::uint16_t>(Fixture::port(first) == 40123 ? 40124 : 40123);
    const Attendant& refused = f.ask(other);
    REQUIRE(refused.started);
    REQUIRE(refused.started->error().code == agent::api::k_usage);
    REQUIRE(refused.started->error().message.find(std::to_string(Fixture::port(first))) != std::string::npos);
    REQUIRE(refused.started->error().hint.find("--port") != std::string::npos);
    REQUIRE(f.join(Fixture::port(first)).started->value().joined); // the same is welcome
    REQUIRE(first.code() == "none yet");
}

TEST_CASE("AG-10 a joiner's timeout is its own, and bounded by the end of the sign-in", "[login]") {
    Fixture f;
    Attendant& first = f.join(0, std::chrono::seconds(100));
    f.clock.advance(std::chrono::seconds(40));
    Attendant& patient = f.join(0, std::chrono::seconds(600));
    REQUIRE(patient.started->value().expires_in == std::chrono::seconds(60));
    Attendant& hasty = f.join(0, std::chrono::seconds(0));
    REQUIRE(hasty.started->value().expires_in == std::chrono::seconds(0));
    run_until([&] { return hasty.outcome.has_value(); });
    REQUIRE(hasty.code() == agent::api::k_timed_out);
    REQUIRE(first.code() == "none yet");
    f.sign_in(first);
    REQUIRE(patient.code().empty());
    REQUIRE(hasty.code() == agent::api::k_timed_out);
}

TEST_CASE("AG-10 the end of the sign-in is the end of everybody's waiting", "[login]") {
    Fixture f;
    const Attendant& first = f.ask(0, std::chrono::seconds(0));
    run_until([&] { return first.started.has_value(); });
    std::string code = "none yet";
    f.logins.wait(Fixture::id(first), [&](const Result<AccountPtr>& result) { code = result.error().code; });
    Attendant& second = f.join();
    run_until([&] { return second.outcome.has_value(); });
    REQUIRE(code == agent::api::k_timed_out);
    REQUIRE(second.code() == agent::api::k_timed_out);
}

TEST_CASE("only so many commands wait at once", "[login]") {
    Fixture f;
    for (int i = 0; i < k_most_callers; ++i)
        f.join();
    const Attendant& refused = f.ask();
    REQUIRE(refused.started);
    REQUIRE(refused.started->error().code == agent::api::k_failed);
    REQUIRE(f.logins.cancel(Fixture::id(f.attendants.front())));
    f.join();
}

TEST_CASE("CL-05 everybody hears when a browser has come, also who joins later", "[login]") {
    Fixture f;
    Attendant& first = f.join();
    Attendant& second = f.join();
    REQUIRE_FALSE(first.reached);
    REQUIRE(visit(Fixture::url(first), "Origin: https://evil.example\r\n").status == 403); // nobody's own navigation
    REQUIRE(visit(Fixture::url(first) + "x").status == 404);
    tests::settle();
    REQUIRE_FALSE(first.reached);
    f.open(first);
    run_until([&] { return first.reached && second.reached; });
    REQUIRE(*first.reached);
    REQUIRE(*second.reached);
    REQUIRE(f.join().reached == true);
}

TEST_CASE("CL-05 the end of a sign-in that no browser has reached answers too", "[login]") {
    Fixture f;
    Attendant& one = f.join();
    REQUIRE(f.logins.cancel(Fixture::id(one)));
    REQUIRE(one.reached == false);
    bool told = false;
    f.logins.await_browser(Fixture::id(one), [&](bool reached) { told = !reached; });
    REQUIRE(told);
}
