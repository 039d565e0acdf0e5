#pragma once

#include "platform/clock.h"
#include "server/signin/providers.h"
#include "server/signin/store.h"

#include <stop_token>

namespace keyfob::server {

/// Removes what is over, in small batches (KS-08). Once a minute is often enough.
void remove_expired(signin::Store& store, const platform::Clock& clock);

/// Reads the metadata of providers that were not reached yet, so that /readyz tells before the first person asks. May wait for
/// each of them; asks no further one once `stopping` was requested.
void prepare_providers(const signin::Providers& providers, const std::stop_token& stopping = {});

} // namespace keyfob::server
