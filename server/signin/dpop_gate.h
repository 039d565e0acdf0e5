#pragma once

#include "platform/clock.h"
#include "platform/jose/dpop.h"
#include "platform/result.h"
#include "server/signin/store.h"

#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// Checks the DPoP proofs of the agent (AS-10, AS-11; RFC 9449): form and signature, a nonce of ours that is fresh, and a jti that was never
/// seen. The nonce is an HMAC over a time window by a key from the store, so that every server of one database accepts it and none is kept.
/// Thread-safe.
class DpopGate {
public:
    /// Errors: unreachable (the store).
    [[nodiscard]] static platform::Result<DpopGate> create(Store& store, const platform::Clock& clock);

    /// `proofs`: the values of all DPoP headers. Errors: invalid (`code` invalid_dpop_proof or use_dpop_nonce), unreachable.
    [[nodiscard]] platform::Result<platform::jose::DpopProof> check(const std::vector<std::string_view>& proofs,
                                                                    std::string_view method, const std::string& url);
    [[nodiscard]] std::string nonce() const; ///< for the DPoP-Nonce header of every answer

private:
    DpopGate(Store& store, const platform::Clock& clock, std::string key)
        : m_store(store), m_clock(clock), m_key(std::move(key)) {}
    [[nodiscard]] std::string nonce_of(std::int64_t window) const;

    Store& m_store;
    const platform::Clock& m_clock;
    std::string m_key;
};

} // namespace keyfob::server::signin
