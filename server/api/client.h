#pragma once

#include "platform/clock.h"
#include "platform/http/client.h"
#include "platform/jose/ec_key.h"
#include "platform/random.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "platform/url.h"

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::server::api {

struct PushedAuthorization {
    std::string redirect_uri;
    std::string state;
    std::string code_challenge;
    std::string device_name;
    std::string device_os;
};

struct CodeRedemption {
    std::string code;
    std::string code_verifier;
    std::string redirect_uri;
};

/// What a device shows itself by (RFC 8628 section 3.1).
struct DeviceAuthorizationRequest {
    std::string code_challenge;
    std::string device_name;
    std::string device_os;
};

/// What the person needs, and what the device asks with (RFC 8628 section 3.2).
struct DeviceAuthorization {
    platform::SecretString device_code;
    std::string user_code;        ///< printable, 32 octets at most
    std::string verification_uri; ///< of the same server
    std::int64_t expires_in = 0;  ///< seconds, as the next
    std::int64_t interval = 0;    ///< from one question to the next
};

/// A fresh cookie and what renews it next.
struct CookieGrant {
    std::string cookie_name;
    platform::SecretString cookie;
    std::string challenge;
    std::int64_t expires_in = 0;         ///< seconds
    std::int64_t session_expires_at = 0; ///< unix seconds
};

struct UserInfo {
    std::string issuer;
    std::string subject;
    std::string name;
    std::string email;
    std::string provider;
};

struct SessionGrant {
    std::string session_id;
    UserInfo user;
    CookieGrant cookie;
};

/// One session of the person, as people see it. Texts are printable and have at most 255 octets.
struct SessionInfo {
    std::string name;
    std::string device_name;
    std::string device_os;
    std::string address; ///< that the device had when it signed in
    std::string session_class;
    std::string key_kind;
    std::int64_t created_at = 0; ///< unix seconds, as the next two
    std::int64_t renewed_at = 0;
    std::int64_t expires_at = 0;
    bool current = false; ///< it is the one that asks
};

struct RevokedSessions {
    std::int64_t count = 0;
    bool current = false; ///< the asking one was among them
};

/// How the client reaches servers; made once, shared by all of them. Thread-safe.
class Transport {
public:
    virtual ~Transport() = default;
    [[nodiscard]] virtual platform::Result<platform::http::ClientResponse>
    send(const platform::http::ClientRequest& request) const = 0;
};

/// Talks to one server in the name of one device key: the agent's half of API.md. Blocks; thread-safe as long as each thread has its own.
/// Errors of every call: kind unreachable (also 429, and a proxy's 502 or 504; `retry_after` is what the answer said), timed_out or denied (TLS)
/// from the network; invalid for an answer that makes no sense or has parts that are too long; otherwise failed, with the server's error code in
/// `code` and its text, made printable, in `message`. Of what is granted, identifiers have at most 255 octets, the cookie and its challenge 1024,
/// and times are ones to count with.
class Client {
public:
    /// `server` is the origin that the person named. All three must outlive the client.
    Client(platform::Origin server, const Transport& transport, const platform::Clock& clock, platform::Random& random);

    /// Reads the metadata: this is a keyfob server, its issuer is the address that it was asked at, and its endpoints are its own (AG-12).
    [[nodiscard]] platform::Result<void> discover();
    /// Where the browser begins, after push().
    [[nodiscard]] std::string authorization_url(const std::string& request_uri) const;
    [[nodiscard]] platform::Result<std::string> push(const platform::jose::EcKey& key,
                                                     const PushedAuthorization& request); ///< the request_uri
    /// Where the browser takes our answer to the server's challenge (AS-08).
    [[nodiscard]] std::string preflight_url(const platform::jose::EcKey& key, const std::string& request_uri,
                                            const std::string& challenge) const;
    [[nodiscard]] platform::Result<void> cancel(const platform::jose::EcKey& key);
    /// When this ends with `unreachable` or `timed_out` the same request may be sent again: for a minute it gives the same session (AS-04).
    [[nodiscard]] platform::Result<SessionGrant> redeem(const platform::jose::EcKey& key,
                                                        const CodeRedemption& request);
    /// Begins a sign-in in a browser anywhere. An error of the kind not_found says that this server has no device grant.
    [[nodiscard]] platform::Result<DeviceAuthorization> authorize_device(const platform::jose::EcKey& key,
                                                                         const DeviceAuthorizationRequest& request);
    /// Asks once whether the person has finished. Until then an error with the code authorization_pending or slow_down (RFC 8628 section 3.5).
    [[nodiscard]] platform::Result<SessionGrant> poll_device(const platform::jose::EcKey& key,
                                                             const platform::SecretString& device_code,
                                                             const std::string& code_verifier);
    /// Renews; signs once more when the server says that the challenge was spent (SE-11). An error with code session_ended is the server's own
    /// word that the session is over; no other error says so.
    [[nodiscard]] platform::Result<CookieGrant> refresh(const platform::jose::EcKey& key, const std::string& session_id,
                                                        const std::string& challenge);
    [[nodiscard]] platform::Result<void> revoke(const platform::jose::EcKey& key, const std::string& session_id);
    /// All live sessions of the person, 1,000 at most.
    [[nodiscard]] platform::Result<std::vector<SessionInfo>> list_sessions(const platform::jose::EcKey& key,
                                                                           const std::string& session_id);
    /// Ends the one whose name begins with `name`, or, where that is empty, all but `session_id`.
    [[nodiscard]] platform::Result<RevokedSessions>
    revoke_sessions(const platform::jose::EcKey& key, const std::string& session_id, const std::string& name);

private:
    using Response = platform::http::ClientResponse;
    void keep_nonce(const Response& response);
    [[nodiscard]] std::string url(const char* path) const { return m_server.text() + path; }
    [[nodiscard]] platform::Result<Response> post_form(const platform::jose::EcKey& key, const char* path,
                                                       const platform::Parameters& form);
    [[nodiscard]] platform::Result<Response> post_form_once(const platform::jose::EcKey& key, const char* path,
                                                            const platform::Parameters& form);
    [[nodiscard]] platform::Result<Response>
    post_renewal(const platform::jose::EcKey& key, const std::string& session_id, const std::string& challenge) const;

    platform::Origin m_server;
    const Transport& m_transport;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    std::string m_nonce; ///< the newest DPoP nonce of the server
};

} // namespace keyfob::server::api
