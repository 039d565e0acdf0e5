#pragma once

#include "server/signin/store.h"

#include <kainjow/mustache.hpp>

#include <cstdint>
#include <string>

namespace keyfob::server::http::pages {

namespace mustache = kainjow::mustache;

/// What all pages are made of. Every value is escaped by the template library (WH-03).
[[nodiscard]] std::string render(const std::string& text, mustache::data values);
/// A whole page around `body`, which is HTML. `refresh`: where the browser goes by itself; empty: nowhere.
[[nodiscard]] std::string framed(const std::string& title, const std::string& body, const std::string& refresh = {});
[[nodiscard]] std::string age_text(std::int64_t seconds);
[[nodiscard]] std::string account_text(const signin::User& user);

} // namespace keyfob::server::http::pages
