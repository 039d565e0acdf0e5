#include "server/storage/rows.h"

#include "platform/address_group.h"

#include <array>
#include <stdexcept>

namespace keyfob::server::storage {
namespace {

using signin::PairingState;

constexpr std::array k_states{
    std::pair{PairingState::created, "created"},     std::pair{PairingState::challenged, "challenged"},
    std::pair{PairingState::proven, "proven"},       std::pair{PairingState::identified, "identified"},
    std::pair{PairingState::approved, "approved"},   std::pair{PairingState::redeemed, "redeemed"},
    std::pair{PairingState::denied, "denied"},       std::pair{PairingState::superseded, "superseded"},
    std::pair{PairingState::cancelled, "cancelled"},
};

PairingState state_of(const std::string& name) {
    for (const auto& [state, text] : k_states)
        if (name == text)
            return state;
    throw std::runtime_error("a pairing in an unknown state");
}

constexpr std::size_t k_session_width = 16;

} // namespace

const char* const k_pairing_columns =
    "id, state, flow_id, device_key, device_thumbprint, device_name, device_os, client_address, browser_address, "
    "code_challenge, "
    "redirect_uri, client_state, provider, user_id, session_row, created_at, expires_at, code_expires_at, redeemed_at, "
    "request_uri_hash, flow_secret_hash, upstream_state_hash, code_hash, request_uri_expires_at, "
    "challenge_expires_at, client_id";
const char* const k_user_columns = "u.id, u.provider, u.issuer, u.subject, u.name, u.email, u.created_at, u.disabled";
const char* const k_session_columns =
    "s.row, s.id, s.user_id, s.device_key, s.device_thumbprint, s.device_name, s.device_os, s.client_address, "
    "s.challenge, "
    "s.created_at, s.renewed_at, s.expires_at, s.revoked_at, s.class, s.key_kind, s.client_id, "
    "u.id, u.provider, u.issuer, u.subject, u.name, u.email, u.created_at, u.disabled";

const char* const k_pairing_is_open = "state IN ('created', 'challenged', 'proven', 'identified', 'approved')";

const char* state_name(PairingState state) {
    for (const auto& [known, text] : k_states)
        if (known == state)
            return text;
    throw std::logic_error("a pairing state without a name");
}

void insert_pairing(Connection& connection, const signin::Pairing& pairing) {
    connection.execute(
        "INSERT INTO pairings (state, flow_id, device_key, device_thumbprint, device_name, device_os, "
        "client_address, address_group, "
        "browser_address, code_challenge, redirect_uri, client_state, provider, user_id, session_row, created_at, "
        "expires_at, code_expires_at, redeemed_at, request_uri_hash, flow_secret_hash, upstream_state_hash, "
        "code_hash, request_uri_expires_at, client_id) VALUES ($1, '', $2, $3, $4, $5, $6, $7, '', $8, $9, $10, '', 0, "
        "0, $11, "
        "$12, 0, 0, $13, '', '', '', $14, $15)",
        {std::string(state_name(pairing.state)), pairing.device_key, pairing.device_thumbprint, pairing.device_name,
         pairing.device_os, pairing.client_address, platform::address_group(pairing.client_address),
         pairing.code_challenge, pairing.redirect_uri, pairing.client_state, pairing.created_at, pairing.expires_at,
         pairing.request_uri_hash, pairing.request_uri_expires_at, pairing.client_id});
}

std::int64_t insert_session(Connection& connection, const signin::Session& session) {
    connection.execute(
        "INSERT INTO sessions (id, user_id, device_key, device_thumbprint, device_name, device_os, client_address, "
        "challenge, created_at, renewed_at, expires_at, class, key_kind, client_id) VALUES ($1, $2, $3, $4, $5, $6, "
        "$7, $8, $9, "
        "$10, $11, $12, $13, $14)",
        {session.id, session.user_id, session.device_key, session.device_thumbprint, session.device_name,
         session.device_os, session.client_address, session.challenge, session.created_at, session.renewed_at,
         session.expires_at, session.session_class, session.key_kind, session.client_id});
    return connection.query("SELECT row FROM sessions WHERE id = $1", {session.id}).at(0).integer(0);
}

signin::Pairing pairing_of(const Row& row) {
    signin::Pairing pairing;
    std::size_t column = 0;
    pairing.id = row.integer(column++);
    pairing.state = state_of(row.text(column++));
    for (std::string* field :
         {&pairing.flow_id, &pairing.device_key, &pairing.device_thumbprint, &pairing.device_name, &pairing.device_os,
          &pairing.client_address, &pairing.browser_address, &pairing.code_challenge, &pairing.redirect_uri,
          &pairing.client_state, &pairing.provider})
        *field = row.text(column++);
    for (std::int64_t* field : {&pairing.user_id, &pairing.session_id, &pairing.created_at, &pairing.expires_at,
                                &pairing.code_expires_at, &pairing.redeemed_at})
        *field = row.integer(column++);
    for (std::string* field :
         {&pairing.request_uri_hash, &pairing.flow_secret_hash, &pairing.upstream_state_hash, &pairing.code_hash})
        *field = row.text(column++);
    pairing.request_uri_expires_at = row.integer(column++);
    pairing.challenge_expires_at = row.integer(column++);
    pairing.client_id = row.text(column);
    return pairing;
}

signin::User user_of(Row& row, std::size_t first) {
    signin::User user;
    user.id = row.integer(first++);
    for (std::string* field : {&user.provider, &user.issuer, &user.subject, &user.name, &user.email})
        *field = row.take_text(first++);
    user.created_at = row.integer(first++);
    user.disabled = row.integer(first) != 0;
    return user;
}

signin::SessionWithUser session_of(Row& row) {
    signin::Session session;
    std::size_t column = 0;
    session.row = row.integer(column++);
    session.id = row.take_text(column++);
    session.user_id = row.integer(column++);
    for (std::string* field : {&session.device_key, &session.device_thumbprint, &session.device_name,
                               &session.device_os, &session.client_address, &session.challenge})
        *field = row.take_text(column++);
    for (std::int64_t* field : {&session.created_at, &session.renewed_at, &session.expires_at, &session.revoked_at})
        *field = row.integer(column++);
    session.session_class = row.take_text(column++);
    session.key_kind = row.take_text(column++);
    session.client_id = row.take_text(column);
    return {std::move(session), user_of(row, k_session_width)};
}

} // namespace keyfob::server::storage
