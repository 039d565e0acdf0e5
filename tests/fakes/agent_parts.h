#pragma once

#include "agent/handlers/methods.h"
#include "agent/login/login_service.h"
#include "agent/vault/renewer.h"
#include "tests/fakes/fake_keychain.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_transport.h"
#include "tests/fakes/server_answers.h"
#include "tests/support/local_peer.h"
#include "tests/support/main_loop.h"

#include <memory>
#include <string>

namespace keyfob::fakes {

/// A command's connection to the agent, which nobody reads.
struct Command {
    Command() : Command(tests::LocalPeer::pair()) {}
    ~Command() { connection->close(); }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    tests::LocalPeer peer;
    agent::ipc::PollerSource source{platform::Poller::create().value(),
                                    [](void* tag) { static_cast<agent::ipc::Connection*>(tag)->on_ready(); }};
    std::shared_ptr<agent::ipc::Connection> connection;

private:
    explicit Command(std::pair<tests::LocalPeer, platform::UniqueFd> ends) : peer(std::move(ends.first)) {
        connection = std::make_shared<agent::ipc::Connection>(
            source.poller(), std::move(ends.second), [](const auto&, std::string_view) {},
            [](agent::ipc::Connection*) {});
        connection->start();
    }
};

/// The agent without its socket: what is inside is real, what is outside (keychain, servers, time) is made up.
struct AgentParts {
    ManualClock clock;
    platform::SystemRandom random;
    ScriptedTransport transport;
    FakeKeychain keychain;
    agent::vault::AccountStore accounts{keychain};
    agent::ipc::Workers workers;
    agent::vault::Renewer renewer{accounts, workers, transport, clock, random};
    agent::login::LoginService logins{accounts, keychain, workers, transport, clock, random};
    int stops = 0;
    agent::handlers::Services services{
        "/run/keyfob/agent.sock", keychain, accounts, renewer, logins, workers, transport, clock, random,
        [this] { ++stops; }};

    AgentParts() = default;
    AgentParts(const AgentParts&) = delete;
    AgentParts& operator=(const AgentParts&) = delete;
    /// What still comes back from the workers comes while everything is there.
    ~AgentParts() {
        workers.stop();
        tests::settle();
    }

    /// Somebody is signed in.
    agent::vault::AccountPtr add_account(const std::string& server, const std::string& subject,
                                         const std::string& email, const std::string& session = "session-1") {
        server::api::SessionGrant grant;
        grant.session_id = session;
        grant.user = {"https://issuer.example", subject, "Ann", email, "company"};
        grant.cookie = {"keyfob", platform::SecretString("cookie-of-" + session), "challenge-1", 600,
                        clock.unix_seconds() + 2'592'000};
        auto account = agent::vault::make_account(platform::Url::parse(server + "/")->origin, std::move(grant),
                                                  platform::jose::EcKey::generate(), clock.unix_seconds());
        const std::string id = account.id;
        accounts.when_loaded([](const platform::Result<void>&) {});
        accounts.add(std::move(account), [](const auto&) {});
        return accounts.find(id);
    }
};

} // namespace keyfob::fakes
