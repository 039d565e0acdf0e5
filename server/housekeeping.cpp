#include "server/housekeeping.h"

#include "platform/log.h"

#include <filesystem>

namespace keyfob::server {

namespace {
constexpr int k_batch = 100;

std::int64_t size_of(const std::string& file) {
    std::error_code absent;
    const std::uintmax_t size = std::filesystem::file_size(file, absent);
    return absent ? 0 : static_cast<std::int64_t>(size);
}
} // namespace

void remove_expired(signin::Store& store, const platform::Clock& clock, const std::stop_token& stopping) {
    while (!stopping.stop_requested()) {
        const auto removed = store.remove_expired(platform::to_unix(clock.now()), k_batch);
        if (!removed)
            platform::log::warning("housekeeping_failed", {{"reason", removed.error().message}});
        if (!removed || *removed < k_batch)
            return;
    }
}

void SizeAlarm::check() {
    const std::int64_t size = size_of(m_file) + size_of(m_file + "-wal");
    if (size <= m_limit)
        m_warned_at = 0;
    if (size <= m_limit || size < m_warned_at + m_warned_at / 4)
        return;
    m_warned_at = size;
    platform::log::warning(
        "database_large",
        {{"file", m_file}, {"octets", std::to_string(size)}, {"warn_above", std::to_string(m_limit)}});
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
