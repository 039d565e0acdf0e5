#include "agent/login/login.h"

#include "agent/api/error_code.h"
#include "tests/fakes/agent_parts.h"
#include "tests/support/plain_http.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using agent::login::LoginRequest;
using agent::login::StartedLogin;
using agent::vault::AccountPtr;
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::http::ClientRequest;
using server::api::k_cancel_path;
using server::api::k_metadata_path;
using server::api::k_par_path;
using server::api::k_revoke_path;
using server::api::k_token_path;
using tests::run_until;
using tests::visit;
using tests::while_loop_runs;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

/// The agent's parts, a server that says yes, and a command that signs in.
struct Fixture : fakes::AgentParts {
    std::optional<Result<AccountPtr>> outcome; ///< first: the end of the command below is an outcome too
    std::optional<fakes::Command> command;
    StartedLogin login;

    Fixture() {
        command.emplace();
        transport.always(k_metadata_path, fakes::metadata(k_server));
        transport.always(k_par_path, fakes::pushed());
        transport.always(k_token_path, fakes::granted(k_server));
        for (const char* path : {k_cancel_path, k_revoke_path})
            transport.always(path, fakes::response(200, "{}"));
    }
    Result<StartedLogin> try_start(std::chrono::seconds timeout = std::chrono::seconds(600), std::uint16_t port = 0) {
        std::optional<Result<StartedLogin>> started;
        logins.start({platform::Url::parse(k_server)->origin, port, timeout, "this device"}, command->connection,
                     [&](const Result<StartedLogin>& result) { started = result; });
        run_until([&] { return started.has_value(); });
        return *started;
    }
    void start() {
        auto started = try_start();
        REQUIRE(started);
        login = *started;
        logins.wait(login.id, [this](const Result<AccountPtr>& result) { outcome = result; });
    }
    /// The browser goes to the start page; where it comes back.
    std::string open() {
        REQUIRE(while_loop_runs([&] { return visit(login.start_url); }).status == 303);
        return fakes::callback_of(transport.requests(k_par_path).back(), k_server);
    }
    tests::HttpAnswer come_back(const std::string& url) {
        return while_loop_runs([&] { return visit(url); });
    }
    /// The browser comes back while the keychain does not answer.
    std::future<tests::HttpAnswer> come_back_to_silent_keychain() {
        const std::string url = open();
        keychain.holds = true;
        auto browser = std::async(std::launch::async, [url] { return visit(url); });
        run_until([&] { return keychain.held() == 1; });
        return browser;
    }
    [[nodiscard]] bool is_listening() const {
        try {
            tests::TcpSocket::connect(platform::Url::parse(login.start_url)->origin.port);
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    /// The workers, who close it, wake the loop when they have.
    void require_listener_goes() {
        run_until([&] { return !is_listening(); });
    }
    std::string code() {
        run_until([&] { return outcome.has_value(); });
        return *outcome ? "" : outcome->error().code;
    }
};

/// The ways in which a sign-in is given up.
enum class GivenUp { cancelled, command_gone };
void give_up(Fixture& f, GivenUp how) {
    if (how == GivenUp::cancelled)
        REQUIRE(f.logins.cancel(f.login.id));
    else
        f.command.reset();
}

} // namespace

TEST_CASE("a sign-in: the session is in the keychain, the command has the account, the browser its last page",
          "[login]") {
    Fixture f;
    f.start();
    REQUIRE(f.login.expires_in == std::chrono::seconds(600));
    const auto answer = f.come_back(f.open());
    REQUIRE(answer.status == 303);
    REQUIRE(f.code().empty());
    REQUIRE((**f.outcome)->name() == "ann@example.com@127.0.0.1:8420");
    REQUIRE(f.keychain.secrets.size() == 1);
    REQUIRE(f.accounts.all().size() == 1);
    REQUIRE(fakes::form_of(f.transport.requests(k_par_path).at(0)).get("device_name") == "this device");
    const auto page = f.come_back(answer.header("Location"));
    REQUIRE(page.body.find("ann@example.com@127.0.0.1:8420") != std::string::npos);
    f.require_listener_goes();
}

TEST_CASE("the last page can be fetched after the command has gone, and then nobody listens", "[login]") {
    Fixture f;
    f.start();
    const auto answer = f.come_back(f.open());
    REQUIRE(f.code().empty());
    f.command.reset();
    REQUIRE(f.come_back(answer.header("Location")).status == 200);
    f.require_listener_goes();
    REQUIRE(f.accounts.all().size() == 1);
    REQUIRE(f.transport.requests(k_cancel_path).empty());
}

TEST_CASE("a sign-in that waits for its last page ends with the agent", "[login]") {
    std::uint16_t port = 0;
    {
        Fixture f;
        f.start();
        f.come_back(f.open());
        REQUIRE(f.code().empty());
        f.command.reset();
        REQUIRE(f.is_listening());
        port = platform::Url::parse(f.login.start_url)->origin.port;
    }
    REQUIRE_THROWS(tests::TcpSocket::connect(port));
}

TEST_CASE("the keychain is asked first: what could not be kept is not begun", "[login]") {
    for (const Error& failure : fakes::keychain_failures()) {
        Fixture f;
        f.keychain.failure = failure;
        const auto started = f.try_start();
        REQUIRE_FALSE(started);
        REQUIRE(started.error().code == failure.code);
        REQUIRE(started.error().hint == failure.hint);
        REQUIRE(f.transport.requests().empty());
    }
}

TEST_CASE("AG-12 a server whose metadata point elsewhere is not signed in at", "[login]") {
    const auto member = GENERATE(values<std::string>({"issuer", "authorization_endpoint", "token_endpoint",
                                                      "pushed_authorization_request_endpoint", "revocation_endpoint",
                                                      "keyfob_session_refresh_endpoint", "keyfob_cancel_endpoint"}));
    const auto value = GENERATE(values<std::string>({"https://evil.example/x", "http://127.0.0.1:8421/x",
                                                     "http://localhost:8420/x", "https://127.0.0.1:8420/x", "/x", ""}));
    CAPTURE(member, value);
    Fixture f;
    f.transport.always(k_metadata_path, fakes::metadata(k_server, member, value));
    const auto started = f.try_start();
    REQUIRE_FALSE(started);
    REQUIRE(started.error().code == agent::api::k_failed);
    REQUIRE(f.transport.requests().size() == 1); // nobody else was asked
}

TEST_CASE("AG-12 what is no keyfob server is said to be none", "[login]") {
    const auto answer = GENERATE(fakes::response(404, ""), fakes::response(200, "<html>"), fakes::response(302, ""),
                                 fakes::response(500, "{}"));
    Fixture f;
    f.transport.always(k_metadata_path, answer);
    const auto started = f.try_start();
    REQUIRE_FALSE(started);
    REQUIRE(started.error().code == agent::api::k_failed);
    REQUIRE(started.error().message.find("no keyfob server") != std::string::npos);
}

TEST_CASE("S11 the browser is never sent to where /par says", "[login]") {
    Fixture f;
    f.transport.always(k_par_path, fakes::pushed("https://evil.example/authorize?x"));
    f.start();
    const auto answer = f.come_back(f.login.start_url);
    REQUIRE(answer.header("Location").starts_with(k_server + "/authorize?"));
}

TEST_CASE("a port that somebody has is said at once", "[login]") {
    const tests::TcpListener other;
    Fixture f;
    const auto started = f.try_start(std::chrono::seconds(600), other.port());
    REQUIRE_FALSE(started);
    REQUIRE(started.error().code == agent::api::k_failed);
    REQUIRE(started.error().hint.find("--port") != std::string::npos);
    REQUIRE(f.transport.requests(k_par_path).empty());
}

TEST_CASE("S9 a refusal ends the sign-in with its own code, and nobody listens afterwards", "[login]") {
    const auto row = GENERATE(table<std::string, std::string>({{"access_denied", agent::api::k_cancelled},
                                                               {"keyfob_not_allowed", agent::api::k_refused},
                                                               {"temporarily_unavailable", agent::api::k_failed},
                                                               {"server_error", agent::api::k_failed}}));
    Fixture f;
    f.start();
    const std::string url = f.open();
    const std::size_t query = url.find("?code=code-1");
    f.come_back(url.substr(0, query) + "?error=" + std::get<0>(row) + "&error_description=reasons" +
                url.substr(query + 12));
    REQUIRE(f.code() == std::get<1>(row));
    REQUIRE(f.outcome->error().message.find("reasons") != std::string::npos);
    REQUIRE(f.accounts.all().empty());
    f.require_listener_goes(); // no page is left to be fetched
    REQUIRE(f.transport.requests(k_cancel_path).empty());
}

TEST_CASE("a sign-in that nobody finishes ends with timed_out, and the listener goes", "[login]") {
    Fixture f;
    const auto started = f.try_start(std::chrono::seconds(0));
    REQUIRE(started);
    f.login = *started;
    f.logins.wait(f.login.id, [&f](const Result<AccountPtr>& result) { f.outcome = result; });
    REQUIRE(f.code() == agent::api::k_timed_out);
    f.require_listener_goes();
    REQUIRE(f.transport.requests(k_par_path).empty());
}

TEST_CASE("a sign-in that is given up before the browser came costs the server nothing", "[login]") {
    const auto how = GENERATE(GivenUp::cancelled, GivenUp::command_gone);
    Fixture f;
    f.start();
    give_up(f, how);
    f.require_listener_goes();
    REQUIRE(f.transport.requests().size() == 1); // the metadata
    if (how == GivenUp::cancelled)
        REQUIRE(f.code() == agent::api::k_cancelled);
}

TEST_CASE("a sign-in that is given up while the browser is away is cancelled at the server", "[login]") {
    const auto how = GENERATE(GivenUp::cancelled, GivenUp::command_gone);
    Fixture f;
    f.start();
    f.open();
    give_up(f, how);
    run_until([&] { return f.transport.requests(k_cancel_path).size() == 1; });
    f.require_listener_goes();
    REQUIRE(f.accounts.all().empty());
}

TEST_CASE("a session that comes after the sign-in was given up is revoked, not kept", "[login]") {
    const auto how = GENERATE(GivenUp::cancelled, GivenUp::command_gone);
    Fixture f;
    f.start();
    const std::string url = f.open();
    std::promise<void> gate;
    f.transport.then([opened = gate.get_future().share()](const ClientRequest&) {
        agent::ipc::run_on_main_loop([] {}); // wakes the test
        opened.wait();
        return fakes::granted(k_server);
    });
    auto browser = std::async(std::launch::async, [&] { return visit(url); });
    run_until([&] { return f.transport.requests(k_token_path).size() == 1; });
    give_up(f, how);
    gate.set_value();
    run_until([&] { return f.transport.requests(k_revoke_path).size() == 1; });
    REQUIRE(browser.get().status != 303);
    REQUIRE(f.accounts.all().empty());
    REQUIRE(f.keychain.secrets.empty());
}

TEST_CASE("a session that the keychain stores after the sign-in was given up is forgotten and revoked", "[login]") {
    const auto how = GENERATE(GivenUp::cancelled, GivenUp::command_gone);
    Fixture f;
    f.start();
    auto browser = f.come_back_to_silent_keychain();
    REQUIRE_FALSE(f.outcome); // not before it is kept
    give_up(f, how);
    run_until([&] { return f.transport.requests(k_revoke_path).size() == 1; }); // nobody waits for the keychain
    REQUIRE(browser.get().status != 303);
    f.keychain.release();
    REQUIRE(f.accounts.all().empty());
    REQUIRE(f.keychain.secrets.empty());
}

TEST_CASE("a new sign-in that is given up while the keychain writes leaves the one before", "[login]") {
    const auto how = GENERATE(GivenUp::cancelled, GivenUp::command_gone);
    Fixture f;
    f.add_account(k_server, "42", "ann@example.com", "session-0");
    f.start();
    auto browser = f.come_back_to_silent_keychain();
    give_up(f, how);
    f.keychain.release();
    run_until([&] { return f.transport.requests(k_revoke_path).size() == 1; });
    browser.get();
    REQUIRE(fakes::form_of(f.transport.requests(k_revoke_path)[0]).get("token") == "session-1");
    REQUIRE(f.accounts.all().at(0)->session_id == "session-0");
    REQUIRE(f.keychain.secrets.size() == 1);
    REQUIRE(f.keychain.secrets.begin()->second.find("session-0") != std::string::npos);
    REQUIRE_FALSE(f.accounts.is_writing());
}

TEST_CASE("a session that the keychain does not take is revoked, and the command hears why", "[login]") {
    for (const Error& failure : fakes::keychain_failures()) {
        Fixture f;
        f.start();
        const std::string url = f.open();
        f.keychain.store_failure = failure;
        REQUIRE(f.come_back(url).body.find("It did not work") != std::string::npos);
        REQUIRE(f.code() == failure.code);
        REQUIRE(fakes::form_of(f.transport.requests(k_revoke_path).at(0)).get("token") == "session-1");
        REQUIRE(f.accounts.all().empty());
    }
}

TEST_CASE("SE-02 the session before this one ends at the server", "[login]") {
    Fixture f;
    f.add_account(k_server, "42", "ann@old.example", "session-0");
    f.add_account(k_server, "43", "ben@example.com", "session-9");
    f.start();
    f.come_back(f.open());
    REQUIRE(f.code().empty());
    run_until([&] { return f.transport.requests(k_revoke_path).size() == 1; });
    REQUIRE(fakes::form_of(f.transport.requests(k_revoke_path)[0]).get("token") == "session-0");
    REQUIRE(f.accounts.all().size() == 2);
}

TEST_CASE("the end of a sign-in can be asked for again and by several, before and after it", "[login]") {
    Fixture f;
    f.start();
    int told = 0;
    const auto count = [&](const Result<AccountPtr>& result) { told += result ? 1 : 0; };
    f.logins.wait(f.login.id, count);
    f.logins.wait(f.login.id, count);
    f.come_back(f.open());
    REQUIRE(f.code().empty());
    REQUIRE(told == 2);
    f.logins.wait(f.login.id, count);
    REQUIRE(told == 3);
    REQUIRE(f.logins.cancel(f.login.id)); // stays as it is
    REQUIRE(f.transport.requests(k_cancel_path).empty());
    REQUIRE(f.accounts.all().size() == 1);
}
