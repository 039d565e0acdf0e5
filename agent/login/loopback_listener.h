#pragma once

#include "agent/login/login_flow.h"
#include "platform/http/server.h"
#include "platform/random.h"
#include "platform/result.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace keyfob::agent::login {

/// Where the browser meets the agent (RFC 8252 sections 7.3 and 8.3; AG-01 to AG-05): 127.0.0.1 alone, a random port unless the person chose
/// one, paths that cannot be guessed, GET only, our own Host only, connections of our own user only. Whatever else comes changes nothing.
class LoopbackListener final : public platform::http::Application {
public:
    /// Errors: failed (the port is in use).
    [[nodiscard]] static platform::Result<std::unique_ptr<LoopbackListener>> open(std::uint16_t port,
                                                                                  platform::Random& random);
    ~LoopbackListener() override { stop(); }

    [[nodiscard]] std::uint16_t port() const { return m_port; }
    [[nodiscard]] std::string start_url() const { return base() + m_start_path; }
    [[nodiscard]] std::string redirect_uri() const { return base() + m_callback_path; }
    /// `reached` is called once, on any thread, when the first request is about to be answered that is a browser's own. Before serve().
    void when_reached(std::function<void()> reached);
    /// Begins to answer. `on_done` is called, on any thread, when the last page is about to be sent.
    void serve(std::shared_ptr<LoginFlow> flow, std::function<void()> on_done);
    /// What the last page says; before that it is not shown.
    void set_account(const std::string& name);
    /// Waits for what runs, some seconds at most. Not from a thread of its own.
    void stop();

    [[nodiscard]] Admission admit(const platform::http::Request& head) override;
    [[nodiscard]] platform::http::Response handle(const platform::http::Request& request) override;

private:
    /// `nonce`: the server derives the pre-flight's address from that of the callback, so both have the same.
    LoopbackListener(platform::Random& random, const std::string& nonce);
    [[nodiscard]] std::string base() const { return "http://127.0.0.1:" + std::to_string(m_port); }
    void tell_reached();
    [[nodiscard]] platform::http::Response begin();
    [[nodiscard]] platform::http::Response answer_challenge(const platform::http::Request& request);
    [[nodiscard]] platform::http::Response finish(const platform::http::Request& request);
    [[nodiscard]] std::shared_ptr<LoginFlow> flow() const;
    [[nodiscard]] platform::http::Response done();

    const std::string m_start_path;
    const std::string m_preflight_path;
    const std::string m_callback_path;
    const std::string m_done_path;
    std::atomic<std::uint16_t> m_port{0}; ///< 0: visitors may come before open() has returned; no Host is ours then
    mutable std::mutex m_mutex;           ///< the four below
    std::shared_ptr<LoginFlow> m_flow;
    std::function<void()> m_on_reached; ///< empty when it has been called
    std::function<void()> m_on_done;
    std::string m_account;
    std::unique_ptr<platform::http::Server> m_server; ///< last: its threads use the rest
};

} // namespace keyfob::agent::login
