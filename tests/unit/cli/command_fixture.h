#pragma once

#include "cli/command_table.h"
#include "cli/program.h"
#include "tests/support/capture.h"
#include "tests/support/fake_agent.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/terminal.h"

#include <map>
#include <string>
#include <vector>

namespace keyfob::tests {

/// What a command printed and how it ended.
struct Outcome {
    int code = -1;
    std::string out;
    std::string err;
};

/// Runs the real command table in this process, with a fake agent and an environment of its own.
class CommandFixture {
public:
    explicit CommandFixture(FakeAgent::OnRequest on_request = refuse)
        : m_agent(m_directory.file("agent.sock"), std::move(on_request)) {
        m_environment["KEYFOB_AGENT_SOCKET"] = m_directory.file("agent.sock");
    }

    Outcome run(const std::vector<std::string>& words) {
        const Capture out;
        const Capture err;
        cli::Console console(out.fd(), err.fd(), environment());
        const int code = cli::run_program(words, cli::command_table(), console, environment());
        return {code, out.text(), err.text()};
    }
    /// The same where a person reads the messages.
    Outcome run_on_terminal(const std::vector<std::string>& words) {
        const Capture out;
        Terminal terminal;
        set("NO_COLOR", "1");
        cli::Console console(out.fd(), terminal.fd(), environment());
        const int code = cli::run_program(words, cli::command_table(), console, environment());
        return {code, out.text(), terminal.text()};
    }
    platform::Environment environment() {
        return [this](const char* name) { return m_environment.count(name) == 0 ? "" : m_environment[name]; };
    }
    void set(const std::string& name, const std::string& value) { m_environment[name] = value; }
    FakeAgent& agent() { return m_agent; }
    TemporaryDirectory& directory() { return m_directory; }

    static std::string refuse(const FakeAgent::Request& request) {
        return FakeAgent::error(request, "failed", "nobody should have asked");
    }
    static std::string account(const std::string& server, const std::string& state = "signed_in") {
        return R"({"name":"ann@s","server":")" + server +
               R"(","user":{"issuer":"i","subject":"1","name":"Ann","email":"ann@example.com","provider":"demo"},)" +
               R"("session_id":"x","session_expires_at":4102444800,"cookie_expires_at":4102444800,"key":"software","state":")" +
               state + "\"}";
    }

private:
    TemporaryDirectory m_directory;
    std::map<std::string, std::string> m_environment;
    FakeAgent m_agent;
};

} // namespace keyfob::tests
