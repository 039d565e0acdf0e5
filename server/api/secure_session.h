#pragma once

namespace keyfob::server::api {

/// Header and claim names of Device Bound Session Credentials (W3C draft), in one place because the draft still moves.
inline constexpr const char* k_session_id_header = "Sec-Secure-Session-Id";
inline constexpr const char* k_challenge_header = "Secure-Session-Challenge"; ///< `"<challenge>";id="<session id>"`
inline constexpr const char* k_response_header = "Secure-Session-Response";   ///< the JWS that answers a challenge
inline constexpr const char* k_proof_type = "dbsc+jwt";

} // namespace keyfob::server::api
