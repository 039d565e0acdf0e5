#include "server/config.h"

#include "tests/support/must.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <fstream>

#include <sys/stat.h>

using namespace keyfob;
using namespace keyfob::server;
using keyfob::tests::must;

namespace {

const std::string k_base =
    "external_url = \"http://127.0.0.1:8420\"\n[database]\nurl = \"sqlite:/tmp/keyfob.db\"\n"
    "[[provider]]\nid = \"company\"\nissuer = \"https://login.example.com\"\nclient_id = \"k\"\n";
const std::string k_client =
    "[[client]]\nid = \"example-cli\"\nname = \"Example\"\nredirect_paths = [\"/callback\", \"/\"]\n";

struct Folder {
    keyfob::tests::TemporaryDirectory directory;

    platform::Result<Config> load(const std::string& text) const {
        std::ofstream(directory.file("keyfob.toml")) << k_base << text;
        return load_config(directory.file("keyfob.toml"));
    }
    /// A resource server whose secret is this.
    std::string server(const std::string& id, const std::string& secret, mode_t mode = 0600) const {
        const std::string file = directory.file(id + ".secret");
        std::ofstream(file) << secret << "\n";
        REQUIRE(::chmod(file.c_str(), mode) == 0);
        return "[[resource_server]]\nid = \"" + id + "\"\nsecret_file = \"" + file + "\"\n";
    }
};

/// What is wrong with the text; empty when nothing is.
std::string problems(const std::string& text) {
    const auto config = Folder().load(text);
    return config ? "" : config.error().message;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string client(const std::string& id, const std::string& name = "Example",
                   const std::string& paths = "[\"/callback\"]") {
    return "[[client]]\nid = \"" + id + "\"\nname = \"" + name + "\"\nredirect_paths = " + paths + "\n";
}

} // namespace

TEST_CASE("without [[client]] and [[resource_server]] there are none, and --check shows none") {
    const Config config = must(Folder().load(""));
    CHECK(config.clients.empty());
    CHECK(config.resource_servers.empty());
    CHECK_FALSE(has(to_text(config), "client]]"));
    CHECK_FALSE(has(to_text(config), "resource_server"));
}

TEST_CASE("clients and resource servers are read, and shown with secrets masked") {
    const Folder folder;
    const std::string secret(32, 's');
    const Config config = must(folder.load(k_client + client("other") + folder.server("reports", secret)));
    REQUIRE(config.clients.size() == 2);
    CHECK(config.clients[0].id == "example-cli");
    CHECK(config.clients[0].name == "Example");
    CHECK(config.clients[0].redirect_paths == std::vector<std::string>{"/callback", "/"});
    REQUIRE(config.resource_servers.size() == 1);
    CHECK(config.resource_servers[0].id == "reports");
    CHECK(config.resource_servers[0].secret.reveal() == secret);
    const std::string text = to_text(config);
    CHECK(has(text, "example-cli"));
    CHECK(has(text, "redirect_paths"));
    CHECK(has(text, "reports.secret"));
    CHECK_FALSE(has(text, secret)); // OP-01
}

TEST_CASE("AS-01: a client has an id of its own, a name that shows, and paths that can be written in one way") {
    for (const char* id : {"a b", "a/b", "a:b", "\xC3\xA4", "keyfob-agent"})
        CHECK(has(problems(client(id)), "client.id = "));
    CHECK(has(problems(client(std::string(65, 'a'))), "client.id = "));
    CHECK(has(problems(client("")), "client.id is empty"));
    CHECK(has(problems(k_client + client("example-cli")), "is there twice"));
    for (const char* name : {"a\\u202Eb", "a\\nb", "a\\u0000b"})
        CHECK(has(problems(client("a", name)), "client.name"));
    CHECK(has(problems(client("a", std::string(81, 'n'))), "client.name is longer than 80"));
    CHECK(has(problems(client("a", "")), "client.name is empty"));
    for (const char* paths : {"[]", "[\"callback\"]", "[\"http://127.0.0.1/callback\"]", "[\"/a/../b\"]", "[\"/a?b\"]",
                              "[\"/a\", \"\"]", "\"/callback\"", "[\"*\"]", "[\"/*\"]"})
        CHECK(has(problems(client("a", "A", paths)), "client.redirect_paths"));
    CHECK(has(problems("[[client]]\nid = \"a\"\n"), "client.redirect_paths is missing"));
    CHECK(has(problems(k_client + "secret = \"x\"\n"), "client.secret is not known"));
}

TEST_CASE("AS-19: a resource server may be for some clients alone, and these must be there") {
    const Folder folder;
    const std::string server = folder.server("reports", std::string(32, 's'));
    const Config all = must(folder.load(k_client + server));
    CHECK(all.resource_servers[0].clients.empty());
    const Config some = must(folder.load(k_client + server + "clients = [\"example-cli\"]\n"));
    CHECK(some.resource_servers[0].clients == std::vector<std::string>{"example-cli"});
    CHECK(has(to_text(some), "clients = [ 'example-cli' ]"));
    CHECK(has(problems(k_client + server + "clients = [\"nobody\"]\n"), "which is no [[client]]"));
}

TEST_CASE("KS-02: the secret of a resource server is long, and nobody else's to read") {
    const Folder folder;
    const auto problem = [&](const std::string& text) {
        const auto config = folder.load(text);
        return config ? "" : config.error().message;
    };
    CHECK(problem(folder.server("a", std::string(32, 's'))).empty());
    CHECK(has(problem(folder.server("a", std::string(31, 's'))), "fewer than 32 characters"));
    CHECK(has(problem(folder.server("a", "")), "holds no secret"));
    CHECK(has(problem(folder.server("a", std::string(32, 's'), 0644)), "can be read by others"));
    CHECK(has(problem("[[resource_server]]\nid = \"a\"\n"), "resource_server.secret_file is missing"));
    CHECK(has(problem("[[resource_server]]\nid = \"a\"\nsecret_file = \"/nowhere\"\n"), "/nowhere"));
    CHECK(has(problem(folder.server("a", std::string(32, 's')) + folder.server("a", std::string(32, 's'))), "twice"));
    CHECK_FALSE(has(problem(folder.server("a", "canary-secret")), "canary-secret"));
}
