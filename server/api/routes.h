#pragma once

namespace keyfob::server::api {

/// The paths of the server and the names in its messages: the contract with the agent. API.md explains each.
inline constexpr const char* k_metadata_path = "/.well-known/oauth-authorization-server";
inline constexpr const char* k_par_path = "/par";
inline constexpr const char* k_cancel_path = "/par/cancel";
inline constexpr const char* k_authorize_path = "/authorize";
inline constexpr const char* k_preflight_path = "/preflight"; ///< where the agent sends the browser back to
inline constexpr const char* k_callback_path = "/callback";   ///< one below it for each provider
inline constexpr const char* k_confirm_path = "/confirm";
inline constexpr const char* k_device_authorization_path = "/device_authorization";
inline constexpr const char* k_device_path = "/device"; ///< what people type
inline constexpr const char* k_token_path = "/token";
inline constexpr const char* k_refresh_path = "/session/refresh";
inline constexpr const char* k_revoke_path = "/revoke";
inline constexpr const char* k_introspect_path = "/introspect";
inline constexpr const char* k_sessions_path = "/sessions"; ///< POST: what the person's devices are
inline constexpr const char* k_sessions_revoke_path = "/sessions/revoke";
inline constexpr const char* k_session_path = "/session";
inline constexpr const char* k_secured_path = "/secured";
inline constexpr const char* k_backchannel_logout_path = "/backchannel-logout"; ///< one below it for each provider
inline constexpr const char* k_livez_path = "/livez";
inline constexpr const char* k_readyz_path = "/readyz";

/// The client id of our own agent.
inline constexpr const char* k_agent_client_id = "keyfob-agent";
/// token_type of what /token gives: a session, not a bearer token.
inline constexpr const char* k_token_type = "keyfob-session";
/// grant_type of the device grant (RFC 8628 section 3.4).
inline constexpr const char* k_device_grant_type = "urn:ietf:params:oauth:grant-type:device_code";
inline constexpr const char* k_authentication_scheme = "Keyfob";
/// What a standard client gets instead, and how it sends it (RFC 6750).
inline constexpr const char* k_bearer_token_type = "Bearer";
/// Members of the metadata that RFC 8414 does not know.
inline constexpr const char* k_refresh_endpoint_member = "keyfob_session_refresh_endpoint";
inline constexpr const char* k_preflight_endpoint_member = "keyfob_preflight_endpoint";
inline constexpr const char* k_device_authorization_member = "device_authorization_endpoint"; ///< RFC 8628 section 4
inline constexpr const char* k_cancel_endpoint_member = "keyfob_cancel_endpoint";

/// Error codes that the agent acts on; all others are text for people.
inline constexpr const char* k_error_use_dpop_nonce = "use_dpop_nonce";
inline constexpr const char* k_error_access_denied = "access_denied";
inline constexpr const char* k_error_authorization_pending = "authorization_pending";
inline constexpr const char* k_error_slow_down = "slow_down";
inline constexpr const char* k_error_expired_token = "expired_token";
inline constexpr const char* k_error_not_allowed = "keyfob_not_allowed";
inline constexpr const char* k_error_temporarily_unavailable = "temporarily_unavailable";
inline constexpr const char* k_error_server = "server_error";
inline constexpr const char* k_error_challenge = "challenge";
inline constexpr const char* k_error_unknown_session = "unknown_session";
inline constexpr const char* k_error_session_ended = "session_ended";

} // namespace keyfob::server::api
