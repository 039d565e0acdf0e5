#include "server/config_clients.h"

#include "platform/encoding.h"
#include "server/api/routes.h"
#include "server/secret_file.h"
#include "server/signin/loopback_redirect.h"

#include <algorithm>

namespace keyfob::server {
namespace {

constexpr std::size_t k_longest_client_id = 64;
constexpr std::size_t k_longest_name = 80;
constexpr std::size_t k_shortest_secret = 32; // 128 bits in hex: it is compared as it is, without stretching

bool is_id(const std::string& text) {
    return text.size() <= k_longest_client_id &&
           platform::percent_encode(text) == text; // unreserved characters: it is written alike wherever it stands
}

/// `taken`: whether somebody has it.
std::string read_id(TableReader& table, const std::function<bool(const std::string&)>& taken) {
    std::string id = table.required_string("id");
    if (!is_id(id))
        table.problem("id", "= \"" + platform::printable(id) + "\"; expected up to 64 letters, digits and - . _ ~");
    else if (id == api::k_agent_client_id)
        table.problem("id", "= \"" + id + "\" is that of our own agent; expected another");
    else if (taken(id))
        table.problem("id", "= \"" + id + "\" is there twice");
    return id;
}

std::string read_name(TableReader& table) {
    std::string name = table.required_string("name");
    if (platform::printable(name, k_longest_name) != name)
        table.problem("name", "is longer than 80 octets or has characters that do not show; expected what people know "
                              "the program by");
    return name;
}

std::vector<std::string> read_redirect_paths(TableReader& table) {
    auto paths = table.strings("redirect_paths");
    if (paths.empty())
        table.problem("redirect_paths", "is missing or empty; expected [\"/callback\"]");
    for (const std::string& path : paths)
        if (!signin::is_redirect_path(path))
            table.problem("redirect_paths", "has \"" + platform::printable(path) +
                                                "\"; expected the path behind http://127.0.0.1:PORT alone, such as "
                                                "\"/callback\"");
    return paths;
}

template <typename Entries, typename IdOf> auto is_taken(const Entries& entries, IdOf id_of) {
    return [&entries, id_of](const std::string& id) {
        return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return id_of(entry) == id; });
    };
}

} // namespace

void read_client(TableReader& table, Config& config) {
    signin::Client client;
    client.id = read_id(table, is_taken(config.clients, [](const signin::Client& entry) { return entry.id; }));
    client.name = read_name(table);
    client.redirect_paths = read_redirect_paths(table);
    client.device_grant = table.boolean("device_grant", false);
    config.clients.push_back(std::move(client));
}

void read_resource_server(TableReader& table, Config& config) {
    ResourceServerConfig server;
    server.id =
        read_id(table, is_taken(config.resource_servers, [](const ResourceServerConfig& entry) { return entry.id; }));
    server.clients = table.strings("clients");
    for (const std::string& client : server.clients)
        if (!is_taken(config.clients, [](const signin::Client& entry) { return entry.id; })(client))
            table.problem("clients", "names \"" + client + "\", which is no [[client]]");
    server.secret_file = table.required_string("secret_file");
    if (!server.secret_file.empty()) {
        auto secret = read_secret_file(server.secret_file);
        table.check("secret_file", secret);
        if (secret && secret->reveal().size() < k_shortest_secret)
            table.problem("secret_file", "holds fewer than 32 characters; expected what `openssl rand -hex 32` gives");
        if (secret)
            server.secret = std::move(*secret);
    }
    config.resource_servers.push_back(std::move(server));
}

void insert_clients(toml::table& root, const Config& config) {
    toml::array clients;
    for (const signin::Client& client : config.clients)
        clients.push_back(toml::table{{"id", client.id},
                                      {"name", client.name},
                                      {"redirect_paths", array_of(client.redirect_paths)},
                                      {"device_grant", client.device_grant}});
    toml::array servers;
    for (const ResourceServerConfig& server : config.resource_servers)
        servers.push_back(toml::table{{"id", server.id},
                                      {"clients", array_of(server.clients)},
                                      {"secret_file", server.secret_file},
                                      {"secret", "********"}});
    if (!clients.empty())
        root.insert("client", std::move(clients));
    if (!servers.empty())
        root.insert("resource_server", std::move(servers));
}

} // namespace keyfob::server
