#include "server/signin/pairing_end.h"

#include "platform/log.h"

namespace keyfob::server::signin {

using platform::Error;

Error over(const char* reason, const char* code) {
    platform::log::info("sign_in_over", {{"reason", reason}});
    return {platform::ErrorKind::not_found, "this sign-in is over or was never begun in this browser",
            "start again in the terminal", code};
}

std::optional<Error> end_of(const Pairing& pairing, std::int64_t now) {
    switch (pairing.state) {
    case PairingState::approved:
    case PairingState::redeemed:
        return over("it was approved", k_end_approved);
    case PairingState::denied:
        return over("it was refused", k_end_refused);
    case PairingState::superseded:
        return over("a newer push has taken its place", k_end_superseded);
    case PairingState::cancelled:
        return over("the agent has cancelled it", k_end_cancelled);
    case PairingState::created:
    case PairingState::challenged:
    case PairingState::proven:
    case PairingState::identified:
        break;
    }
    return pairing.expires_at <= now ? std::optional(over("it took too long", k_end_expired)) : std::nullopt;
}

} // namespace keyfob::server::signin
