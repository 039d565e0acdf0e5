#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// One `[[client]]` of the configuration: a public OAuth client (RFC 6749 section 2.1) on the person's machine. It has no device key, so nothing
/// binds what it is given to that machine: its sessions are unbound.
struct Client {
    std::string id;
    std::string name;                        ///< for the person who is asked; the operator's words, not the program's
    std::vector<std::string> redirect_paths; ///< exact, on http://127.0.0.1 and any port (RFC 8252 section 7.3)
    bool device_grant = false;               ///< it may sign in that way too, where the server has it at all
};

/// The standard clients. Without any, everything that is for them is off. Fixed after the start; thread-safe.
class Clients {
public:
    Clients() = default;
    explicit Clients(std::vector<Client> clients) : m_clients(std::move(clients)) {}

    /// Null if there is none. Ids are compared octet by octet.
    [[nodiscard]] const Client* find(std::string_view id) const {
        const auto found =
            std::find_if(m_clients.begin(), m_clients.end(), [&](const Client& client) { return client.id == id; });
        return found == m_clients.end() ? nullptr : &*found;
    }
    [[nodiscard]] bool empty() const { return m_clients.empty(); }

private:
    std::vector<Client> m_clients;
};

} // namespace keyfob::server::signin
