#pragma once

#include "server/http/reply.h"

#include <string>

namespace keyfob::server::http {

using platform::http::Response;

/// Answers to a person's browser that several handlers give. A page with one sentence about what happened and one about what to do.
[[nodiscard]] Response message(const Call& call, int status, const std::string& title, const std::string& what,
                               const std::string& hint);
/// What went wrong with a sign-in, in our own words: nothing of the request comes back in it (S3).
[[nodiscard]] Response failure_page(const Call& call, const platform::Error& error);
/// Binds the flow to this browser, and clears its oldest ones where it has too many (SE-12).
void set_flow_cookie(Response& response, const Call& call, const signin::Flow& flow);
/// At the end of the flow: the cookie stays for some minutes, so that whoever goes back is told what became of it. It is set anew all the same,
/// because a browser that keeps whole pages to go back to forgets them when a cookie changes; else it would show a form that leads nowhere.
void keep_flow_cookie(Response& response, const Call& call, const std::string& flow_id);

} // namespace keyfob::server::http
