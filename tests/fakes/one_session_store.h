#pragma once

#include "server/signin/device_grant_store.h"
#include "server/signin/store.h"

#include <stdexcept>
#include <utility>

namespace keyfob::fakes {

/// A store that has one session and can renew it, and nothing else: every other call throws. For what renews thousands of times a second.
class OneSessionStore final : public server::signin::Store {
public:
    template <typename T> using Result = platform::Result<T>;
    template <typename T> using Found = Result<std::optional<T>>;
    using Pairing = server::signin::Pairing;
    using Session = server::signin::Session;
    using SessionWithUser = server::signin::SessionWithUser;
    using User = server::signin::User;
    using Note = server::signin::AuditNote;
    using Text = std::string;
    using Time = std::int64_t;

    explicit OneSessionStore(Session session) { m_session.session = std::move(session); }

    [[nodiscard]] const Session& session() const { return m_session.session; }
    [[nodiscard]] int cookies() const { return m_cookies; }
    [[nodiscard]] int failed_proofs() const { return m_failed_proofs; }

    Found<SessionWithUser> find_session(const Text& id) override {
        return id == m_session.session.id ? std::optional(m_session) : std::nullopt;
    }
    Result<bool> renew(Time row, const Text& challenge, const Text& next, const Text&, Time, Time now) override {
        if (row != m_session.session.row || challenge != m_session.session.challenge)
            return false;
        m_session.session.challenge = next;
        m_session.session.renewed_at = now;
        ++m_cookies;
        return true;
    }
    Result<void> note_failed_proof(const Session&, Time) override {
        ++m_failed_proofs;
        return {};
    }

    Result<void> add_pairing(const Pairing&) override { unused(); }
    Found<Pairing> begin_flow(const Text&, const server::signin::FlowBeginning&, Time) override { unused(); }
    Result<bool> prove(Time, Time) override { unused(); }
    Found<Pairing> find_flow(const Text&) override { unused(); }
    Result<bool> choose_provider(Time, const Text&, const Text&, Time) override { unused(); }
    Result<bool> consume_upstream_state(Time, const Text&, Time) override { unused(); }
    Found<User> identify(Time, const Text&, const server::signin::Identity&, Time) override { unused(); }
    Found<User> find_user(Time) override { unused(); }
    Result<bool> approve(Time, const Text&, Time, Time) override { unused(); }
    Result<bool> deny(Time, const Note&, Time) override { unused(); }
    Result<int> cancel_pairings(const Text&, Time) override { unused(); }
    Found<Pairing> find_code(const Text&) override { unused(); }
    Result<bool> redeem(Time, const Session&, const Text&, Time, Time) override { unused(); }
    Result<bool> reissue(Time, const Text&, Time, Time) override { unused(); }
    Found<SessionWithUser> find_session_by_row(Time) override { unused(); }
    Result<server::signin::SessionPtr> find_cookie(const Text&, Time, Time) override { unused(); }
    Found<SessionWithUser> find_cookie_owner(const Text&) override { unused(); }
    Result<bool> revoke(Time, const Note&, Time) override { unused(); }
    Result<int> end_upstream(const server::signin::LogoutNotice&, const Text&, Time) override { unused(); }
    Result<std::vector<Session>> sessions_of(Time, Time, Time) override { unused(); }
    Result<void> note(const Note&, Time) override { unused(); }
    server::signin::DeviceGrantStore& device_grants() override { unused(); }
    Result<bool> remember_proof(const Text&, Time) override { unused(); }
    bool is_crowded() const override { unused(); }
    Result<Text> shared_secret(const Text&) override { unused(); }
    Result<int> remove_expired(Time, int) override { unused(); }
    Result<void> probe(Time) override { unused(); }

private:
    [[noreturn]] static void unused() { throw std::logic_error("this store has a session to renew and nothing else"); }

    SessionWithUser m_session;
    int m_cookies = 0;
    int m_failed_proofs = 0;
};

} // namespace keyfob::fakes
