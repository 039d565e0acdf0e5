#include "server/http/route_table.h"

#include "server/api/routes.h"
#include "server/http/handlers.h"

#include <array>

namespace keyfob::server::http {
namespace {

using platform::http::Pool;

// clang-format off
constexpr std::array k_routes{
    //    method  path                    below  who may call       counted as      runs in         does
    Route{"GET",  api::k_metadata_path,   false, Caller::anyone,    Limit::none,    Pool::fast,     handlers::metadata},
    Route{"POST", api::k_par_path,        false, Caller::client,    Limit::agent,   Pool::fast,     handlers::push},
    Route{"POST", api::k_cancel_path,     false, Caller::agent,     Limit::agent,   Pool::fast,     handlers::cancel},
    Route{"GET",  api::k_authorize_path,  false, Caller::browser,   Limit::browser, Pool::upstream, handlers::authorize},
    Route{"GET",  api::k_authorize_path,  true,  Caller::browser,   Limit::browser, Pool::upstream, handlers::authorize_with},
    Route{"GET",  api::k_preflight_path,  false, Caller::browser,   Limit::browser, Pool::upstream, handlers::preflight},
    Route{"GET",  api::k_callback_path,   true,  Caller::browser,   Limit::browser, Pool::upstream, handlers::callback},
    Route{"GET",  api::k_confirm_path,    false, Caller::browser,   Limit::browser, Pool::fast,     handlers::show_confirmation},
    Route{"POST", api::k_confirm_path,    false, Caller::browser,   Limit::browser, Pool::fast,     handlers::decide},
    Route{"POST", api::k_device_authorization_path, false, Caller::client, Limit::agent, Pool::fast, handlers::authorize_device},
    Route{"GET",  api::k_device_path,     false, Caller::browser,   Limit::browser, Pool::fast,     handlers::show_device_form},
    Route{"POST", api::k_device_path,     false, Caller::browser,   Limit::browser, Pool::fast,     handlers::enter_user_code},
    Route{"POST", api::k_token_path,      false, Caller::client,    Limit::agent,   Pool::fast,     handlers::token},
    Route{"POST", api::k_refresh_path,    false, Caller::device,    Limit::renewal, Pool::fast,     handlers::refresh},
    Route{"POST", api::k_revoke_path,     false, Caller::client,    Limit::agent,   Pool::fast,     handlers::revoke},
    Route{"POST", api::k_introspect_path, false, Caller::resource_server, Limit::none, Pool::fast,  handlers::introspect},
    Route{"POST", api::k_sessions_path,   false, Caller::agent,     Limit::agent,   Pool::fast,     handlers::sessions},
    Route{"POST", api::k_sessions_revoke_path, false, Caller::agent, Limit::agent,  Pool::fast,     handlers::revoke_sessions},
    Route{"GET",  api::k_session_path,    false, Caller::cookie_or_token, Limit::none,    Pool::loop,     handlers::session},
    Route{"GET",  api::k_secured_path,    false, Caller::cookie_or_token, Limit::none,    Pool::loop,     handlers::secured},
    Route{"POST", api::k_backchannel_logout_path, true, Caller::provider, Limit::agent, Pool::upstream, handlers::backchannel_logout},
    Route{"GET",  api::k_livez_path,      false, Caller::anyone,    Limit::none,    Pool::loop,     handlers::livez},
    Route{"GET",  api::k_readyz_path,     false, Caller::anyone,    Limit::none,    Pool::fast,     handlers::readyz},
    Route{"GET",  "/style.css",           false, Caller::anyone,    Limit::none,    Pool::loop,     handlers::style_sheet},
};
// clang-format on

} // namespace

std::span<const Route> routes() {
    return k_routes;
}

} // namespace keyfob::server::http
