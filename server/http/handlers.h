#pragma once

#include "server/http/call.h"

namespace keyfob::server::http::handlers {

using platform::http::Response;

// oauth_handlers.cpp: what the agent calls
Response metadata(const Call& call); ///< RFC 8414
Response push(const Call& call);     ///< RFC 9126
Response cancel(const Call& call);   ///< ends every open pairing of the key
Response token(const Call& call);    ///< RFC 6749 section 4.1.3, with RFC 7636 and RFC 9449
Response revoke(const Call& call);   ///< RFC 7009
Response refresh(const Call& call);  ///< DBSC

// client_handlers.cpp: the same for standard clients, and what resource servers call
Response push_client(const Call& call);
Response token_client(const Call& call);
Response revoke_client(const Call& call);
Response introspect(const Call& call); ///< RFC 7662

// browser_handlers.cpp: what the person's browser opens
Response authorize(const Call& call);
Response preflight(const Call& call);      ///< the agent has answered the challenge
Response authorize_with(const Call& call); ///< the provider was chosen
Response callback(const Call& call);
Response show_confirmation(const Call& call);
Response decide(const Call& call);
Response style_sheet(const Call& call);
Response demo(const Call& call); ///< the built-in provider; 404 without --demo

// device_handlers.cpp: the device grant (RFC 8628). All of it is not there while it is off
Response authorize_device(const Call& call); ///< section 3.1
Response show_device_form(const Call& call); ///< where a person types the code (section 3.3)
Response enter_user_code(const Call& call);

// session_handlers.cpp
Response session(const Call& call);
Response secured(const Call& call);
Response sessions(const Call& call);        ///< all of the person, for the device key of one of them
Response revoke_sessions(const Call& call); ///< one, or all but this one

// provider_handlers.cpp: what identity providers call
Response backchannel_logout(const Call& call); ///< OpenID Connect Back-Channel Logout 1.0, section 2.5

// health_handlers.cpp
Response livez(const Call& call);
Response readyz(const Call& call);

} // namespace keyfob::server::http::handlers
