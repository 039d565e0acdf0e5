#pragma once

#include "server/signin/device_grant_store.h"
#include "server/storage/database.h"

namespace keyfob::server::storage {

struct StoreOptions;

/// The table of device grants, each beside its pairing. Both references must outlive it.
class SqliteDeviceGrants final : public signin::DeviceGrantStore {
public:
    SqliteDeviceGrants(Database& database, const StoreOptions& options) : m_database(database), m_options(options) {}

    [[nodiscard]] platform::Result<bool> add(const signin::Pairing& pairing, const signin::DeviceCodeHashes& hashes,
                                             std::int64_t interval) override;
    [[nodiscard]] platform::Result<std::optional<signin::Pairing>>
    begin_flow(const std::string& user_code_hash, const signin::FlowBeginning& beginning, std::int64_t now) override;
    [[nodiscard]] platform::Result<std::optional<signin::DevicePoll>>
    poll(const std::string& device_code_hash, std::int64_t penalty, std::int64_t now) override;
    [[nodiscard]] platform::Result<bool> refuse(std::int64_t pairing_id, const signin::DeviceRefusal& refusal,
                                                const signin::AuditNote& why, std::int64_t now) override;

private:
    [[nodiscard]] std::string over_the_limits(Connection& connection, const signin::Pairing& pairing) const;

    Database& m_database;
    const StoreOptions& m_options;
};

} // namespace keyfob::server::storage
