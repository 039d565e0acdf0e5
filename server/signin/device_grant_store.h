#pragma once

#include "server/signin/store.h"

#include <cstdint>
#include <optional>
#include <string>

namespace keyfob::server::signin {

/// What finds a device grant (RFC 8628). Neither stands in the database itself (KS-05): the device code has more than 128 bits, so a plain hash is
/// enough; the user code has 34.5, so its hash is keyed.
struct DeviceCodeHashes {
    std::string device_code;
    std::string user_code;
};

/// Why a sign-in ended without a session, for the device that asks: an error code of the API, and text for people.
struct DeviceRefusal {
    std::string code;
    std::string text;
};

/// What a device is told when it asks whether the person has finished.
struct DevicePoll {
    Pairing pairing;
    DeviceRefusal refusal; ///< empty unless the pairing was refused
    bool too_fast = false; ///< it is pending, and was asked about before its interval was over
};

/// The rest of what must be remembered of a pairing that is a device grant. Rules and errors are those of Store.
class DeviceGrantStore {
public:
    virtual ~DeviceGrantStore() = default;

    /// Inserts the pairing and its codes, after marking every open pairing of the same device key superseded, if there is a key. False: another live grant has that
    /// user code. Errors also: denied (too many that are not expired, in all, from the network of `client_address`, or by this key).
    [[nodiscard]] virtual platform::Result<bool> add(const Pairing& pairing, const DeviceCodeHashes& hashes,
                                                     std::int64_t interval) = 0;
    /// Consumes a user code: created → proven. nullopt: unknown, spent, or expired at `now`.
    [[nodiscard]] virtual platform::Result<std::optional<Pairing>>
    begin_flow(const std::string& user_code_hash, const FlowBeginning& beginning, std::int64_t now) = 0;
    /// By device code, and counts the question: one that comes too fast adds `penalty` seconds to the interval of all that follow, at whichever
    /// server (RFC 8628 section 3.5). nullopt: unknown.
    [[nodiscard]] virtual platform::Result<std::optional<DevicePoll>> poll(const std::string& device_code_hash,
                                                                           std::int64_t penalty, std::int64_t now) = 0;
    /// Store::deny(), with what the device is to be told.
    [[nodiscard]] virtual platform::Result<bool> refuse(std::int64_t pairing_id, const DeviceRefusal& refusal,
                                                        const AuditNote& why, std::int64_t now) = 0;
};

} // namespace keyfob::server::signin
