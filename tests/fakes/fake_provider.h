#pragma once

#include "platform/url.h"
#include "server/signin/identity_provider.h"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace keyfob::fakes {

/// A provider that lets anybody be whoever they say, and that holds every code to the attempt it was asked for, as nonce and PKCE do.
class FakeProvider final : public server::signin::IdentityProvider {
public:
    using Attempt = server::signin::UpstreamAttempt;
    using Identity = server::signin::Identity;

    explicit FakeProvider(std::string id) : m_id(std::move(id)), m_name("The " + m_id), m_base("https://" + m_id) {}

    [[nodiscard]] const std::string& id() const override { return m_id; }
    [[nodiscard]] const std::string& display_name() const override { return m_name; }
    [[nodiscard]] const std::string& issuer() const { return m_base; }
    [[nodiscard]] bool accepts_issuer(const std::string& issuer) const override { return issuer == m_base; }
    [[nodiscard]] bool ready() const override { return is_ready; }
    [[nodiscard]] platform::Result<Identity> believe(const std::string& /*claims*/) const override {
        return platform::Error{platform::ErrorKind::invalid, "it has no claims"};
    }

    [[nodiscard]] platform::Result<std::string> authorization_url(const Attempt& attempt) override {
        ++urls;
        if (failure)
            return *failure;
        const std::lock_guard lock(m_mutex);
        m_attempts[attempt.state] = attempt;
        return m_base + "/authorize?state=" + attempt.state + "&nonce=" + attempt.nonce;
    }

    [[nodiscard]] platform::Result<Identity> complete(const Attempt& attempt, const std::string& code,
                                                      const std::string& issuer) override {
        ++completions;
        if (failure)
            return *failure;
        const std::lock_guard lock(m_mutex);
        const auto found = m_codes.find(code);
        if (found == m_codes.end() || issuer != m_base || found->second.first.nonce != attempt.nonce ||
            found->second.first.code_verifier != attempt.code_verifier)
            return platform::Error{platform::ErrorKind::denied, "the code belongs to another attempt"};
        Identity identity = found->second.second;
        m_codes.erase(found);
        return identity;
    }

    /// `SUBJECT SESSION ID`, for which this takes no signature; SUBJECT or SESSION may be `-`.
    [[nodiscard]] platform::Result<server::signin::LogoutNotice> read_logout_token(const std::string& token) override {
        std::istringstream words(token);
        server::signin::LogoutNotice notice;
        if (!(words >> notice.subject >> notice.session_id >> notice.token_id))
            return platform::Error{platform::ErrorKind::invalid, "this is no logout token"};
        for (std::string* word : {&notice.subject, &notice.session_id})
            if (*word == "-")
                word->clear();
        if (!notice.subject.empty())
            notice.subject.insert(0, "subject of ");
        notice.issuer = m_base;
        notice.expires_at = logout_expires_at;
        return notice;
    }

    /// What the browser is sent back with after `person` signed in on the page at `url`.
    [[nodiscard]] platform::Parameters sign_in(const std::string& url, const Identity& person) {
        const std::string state = state_of(url);
        const std::lock_guard lock(m_mutex);
        const std::string code = m_id + "-code-" + std::to_string(++m_count);
        m_codes[code] = {m_attempts.at(state), person};
        platform::Parameters answer;
        answer.add("code", code);
        answer.add("state", state);
        answer.add("iss", m_base);
        return answer;
    }

    [[nodiscard]] platform::Parameters refuse(const std::string& url, const std::string& error) const {
        platform::Parameters answer;
        answer.add("error", error);
        answer.add("state", state_of(url));
        answer.add("iss", m_base);
        return answer;
    }

    [[nodiscard]] Identity person(const std::string& name) const {
        Identity identity;
        identity.issuer = m_base;
        identity.subject = "subject of " + name;
        identity.name = name;
        identity.email = name + "@example.com";
        identity.email_verified = true;
        return identity;
    }

    std::atomic<int> urls = 0;        ///< how often it was to be opened
    std::atomic<int> completions = 0; ///< how often a code was to be exchanged
    std::optional<platform::Error> failure;
    bool is_ready = true;
    std::int64_t logout_expires_at = 0; ///< of logout tokens

private:
    static std::string state_of(const std::string& url) {
        const auto parsed = platform::Url::parse(url);
        if (!parsed)
            throw std::runtime_error("no provider's URL: " + url);
        return platform::Parameters::parse(parsed->query).value().get("state");
    }

    const std::string m_id;
    const std::string m_name;
    const std::string m_base;
    std::mutex m_mutex;
    int m_count = 0;
    std::map<std::string, Attempt> m_attempts;
    std::map<std::string, std::pair<Attempt, Identity>> m_codes;
};

} // namespace keyfob::fakes
