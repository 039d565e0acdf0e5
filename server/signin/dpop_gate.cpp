#include "server/signin/dpop_gate.h"

#include "platform/digest.h"
#include "platform/encoding.h"

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;

constexpr std::int64_t k_window_seconds = 300;
/// The current and the previous window are accepted, so a proof can be replayed for two of them; one minute for the clock.
constexpr std::int64_t k_remember_seconds = 2 * k_window_seconds + 60;

Error invalid_proof(std::string why) {
    return {ErrorKind::invalid, std::move(why), "", "invalid_dpop_proof"};
}

} // namespace

platform::Result<DpopGate> DpopGate::create(Store& store, const platform::Clock& clock) {
    KEYFOB_TRY_ASSIGN(std::string key, store.shared_secret("dpop-nonce"));
    return DpopGate(store, clock, std::move(key));
}

std::string DpopGate::nonce_of(std::int64_t window) const {
    return platform::base64url_encode(platform::hmac_sha256(m_key, std::to_string(window)));
}

std::string DpopGate::nonce() const {
    return nonce_of(platform::to_unix(m_clock.now()) / k_window_seconds);
}

platform::Result<platform::jose::DpopProof> DpopGate::check(const std::vector<std::string_view>& proofs,
                                                            std::string_view method, const std::string& url) {
    if (proofs.size() != 1)
        return invalid_proof("exactly one DPoP proof is needed");
    KEYFOB_TRY_ASSIGN(platform::jose::DpopProof proof, platform::jose::check_dpop_proof(proofs[0], method, url));
    const std::int64_t now = platform::to_unix(m_clock.now());
    const std::int64_t window = now / k_window_seconds;
    if (!platform::constant_time_equal(proof.nonce, nonce_of(window)) &&
        !platform::constant_time_equal(proof.nonce, nonce_of(window - 1)))
        return Error{ErrorKind::invalid, "the DPoP proof needs the nonce of this answer", "", "use_dpop_nonce"};
    KEYFOB_TRY_ASSIGN(
        const bool is_new,
        m_store.remember_proof(platform::secret_hash(proof.thumbprint + "." + proof.id), now + k_remember_seconds));
    if (!is_new)
        return invalid_proof("the DPoP proof was used before");
    return proof;
}

} // namespace keyfob::server::signin
