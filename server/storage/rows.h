#pragma once

#include "server/signin/store.h"
#include "server/storage/database.h"

#include <string>

namespace keyfob::server::storage {

[[nodiscard]] const char* state_name(signin::PairingState state);

/// The columns that the functions below read, in their order.
extern const char* const k_pairing_columns;
extern const char* const k_user_columns;    ///< of `users u`
extern const char* const k_session_columns; ///< of `sessions s`, then those of `users u`
inline constexpr std::size_t k_session_columns_count = 24;

extern const char* const k_pairing_is_open; ///< a condition

/// A new one; its state, codes and times are what they are in the beginning. Throws as Connection does.
void insert_pairing(Connection& connection, const signin::Pairing& pairing);
/// Its row. Throws as Connection does.
[[nodiscard]] std::int64_t insert_session(Connection& connection, const signin::Session& session);
[[nodiscard]] signin::Pairing pairing_of(const Row& row);
// These take the texts out of the row: the check of a cookie reads one whole row.
[[nodiscard]] signin::User user_of(Row& row, std::size_t first = 0);
[[nodiscard]] signin::SessionWithUser session_of(Row& row);

} // namespace keyfob::server::storage
