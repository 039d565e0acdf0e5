#pragma once

#include "platform/http/client.h"
#include "platform/result.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::identity {

/// The one way in which the server asks providers (RP-17): https only, no redirect is followed, no address inside our own network, bounded in
/// time and size. Thread-safe.
class Fetcher {
public:
    virtual ~Fetcher() = default;
    /// Errors: unreachable, timed_out, denied (address or certificate), invalid (not https, or the answer is not valid HTTP).
    [[nodiscard]] virtual platform::Result<platform::http::ClientResponse>
    send(const platform::http::ClientRequest& request) const = 0;
};

struct FetcherOptions {
    std::string ca_file;                      ///< trusted in addition to the system's
    std::vector<std::string> allow_addresses; ///< addresses or networks that are not public and yet allowed
    std::string demo_origin; ///< the one origin that may be plain http on loopback: our own demo provider
};

/// Errors: invalid (an address, or the CA file).
[[nodiscard]] platform::Result<std::unique_ptr<Fetcher>> make_fetcher(const FetcherOptions& options);

/// `Accept`, and who asks. No Accept-Encoding: nothing compressed is ever unpacked (RP-17).
void set_common_headers(platform::http::Headers& headers);
/// Errors: invalid (the answer does not call itself JSON).
[[nodiscard]] platform::Result<void> require_json(const platform::http::ClientResponse& response,
                                                  const platform::Url& url);
/// A status other than 200 as an error: unreachable (5xx, 429, and 403 where the answer says that there were too many: it may be better later),
/// invalid.
[[nodiscard]] platform::Error wrong_status(const platform::http::ClientResponse& response, const platform::Url& url);

inline constexpr std::chrono::hours k_document_fresh{1};        ///< what a provider publishes is kept so long
inline constexpr std::chrono::seconds k_pause_after_failure{5}; ///< before it is asked for that again
/// A GET of a JSON document. Errors: those of send() and of the functions above.
[[nodiscard]] platform::Result<std::string> fetch_document(const Fetcher& fetcher, const std::string& url,
                                                           platform::http::Headers headers = {});

} // namespace keyfob::server::identity
