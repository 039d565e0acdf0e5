#include "server/housekeeping.h"

#include "platform/log.h"

namespace keyfob::server {

namespace {
constexpr int k_batch = 500;
constexpr int k_most_batches = 200; // then others may write for a while
} // namespace

void remove_expired(signin::Store& store, const platform::Clock& clock) {
    for (int batch = 0; batch < k_most_batches; ++batch) {
        const auto removed = store.remove_expired(platform::to_unix(clock.now()), k_batch);
        if (!removed)
            platform::log::warning("housekeeping_failed", {{"reason", removed.error().message}});
        if (!removed || *removed < k_batch)
            return;
    }
}

void prepare_providers(const signin::Providers& providers, const std::stop_token& stopping) {
    for (const auto& provider : providers.all()) {
        if (stopping.stop_requested())
            return;
        if (provider->ready())
            continue;
        if (const auto prepared = provider->prepare(); !prepared)
            platform::log::warning("provider_not_ready",
                                   {{"provider", provider->id()}, {"reason", prepared.error().message}});
    }
}

} // namespace keyfob::server
