#pragma once

#include "platform/result.h"
#include "server/signin/store.h"

#include <cstdint>
#include <optional>

namespace keyfob::server::signin {

// How a pairing has ended, for the browser that holds its cookie; codes of errors of the kind not_found. Nobody else is told which.
inline constexpr const char* k_end_approved = "approved";
inline constexpr const char* k_end_refused = "refused"; ///< by the person, the provider or us
inline constexpr const char* k_end_superseded = "superseded";
inline constexpr const char* k_end_cancelled = "cancelled";
inline constexpr const char* k_end_expired = "expired";

/// `reason` is for the log, where it is written; the browser is told one thing for all of them, but for the `code`.
[[nodiscard]] platform::Error over(const char* reason, const char* code = "");
/// nullopt: it goes on at `now`.
[[nodiscard]] std::optional<platform::Error> end_of(const Pairing& pairing, std::int64_t now);

} // namespace keyfob::server::signin
