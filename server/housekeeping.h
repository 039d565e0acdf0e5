#pragma once

#include "platform/clock.h"
#include "server/signin/providers.h"
#include "server/signin/store.h"

#include <cstdint>
#include <stop_token>
#include <string>

namespace keyfob::server {

/// Removes all that is over (KS-08), in batches so small that whoever else writes waits for a few milliseconds: writers take turns. Once a
/// minute is often enough. Ends early once `stopping` was requested.
void remove_expired(signin::Store& store, const platform::Clock& clock, const std::stop_token& stopping = {});

/// Warns in the log while a database has grown beyond a size (KS-08): at once, and again when it is a quarter larger. Not thread-safe.
class SizeAlarm {
public:
    SizeAlarm(std::string file, std::int64_t limit) : m_file(std::move(file)), m_limit(limit) {}
    void check();

private:
    const std::string m_file;
    const std::int64_t m_limit; ///< octets, of the file and its write-ahead log together
    std::int64_t m_warned_at = 0;
};

/// Reads the metadata of providers that were not reached yet, so that /readyz tells before the first person asks. May wait for
/// each of them; asks no further one once `stopping` was requested.
void prepare_providers(const signin::Providers& providers, const std::stop_token& stopping = {});

} // namespace keyfob::server
