#include "server/config_checks.h"

#include "server/config.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace keyfob;
using namespace keyfob::server;
using platform::ErrorKind;

namespace {

/// A folder with everything that a good configuration names.
struct Folder {
    keyfob::tests::TemporaryDirectory directory;
    const std::string file = directory.file("keyfob.toml");
    const std::string certificate = directory.file("certificate.pem");
    const std::string key = directory.file("key.pem");
    const std::string authority = directory.file("authority.pem");

    Folder() {
        const keyfob::tests::CertificateAuthority made;
        made.issue({}, certificate, key);
        made.write_certificate(authority);
        REQUIRE(::chmod(key.c_str(), 0600) == 0);
    }
    [[nodiscard]] std::string write(const std::string& name, const std::string& text, mode_t mode) const {
        std::ofstream(directory.file(name)) << text;
        REQUIRE(::chmod(directory.file(name).c_str(), mode) == 0);
        return directory.file(name);
    }
    /// Lines 1 to 4.
    [[nodiscard]] std::string head() const {
        return "external_url = \"https://id.example.com\"\ntrusted_proxies = [\"10.0.0.7\"]\n[database]\nurl = "
               "\"sqlite:" +
               directory.file("keyfob.db") + "\"\n";
    }
    [[nodiscard]] platform::Result<Config> load(const std::string& text) const {
        std::ofstream(file) << text;
        return load_config(file);
    }
    /// The one problem of a configuration, from its line on; empty when it has none.
    [[nodiscard]] std::string problem(const std::string& text) const {
        const auto config = load(text);
        if (config)
            return {};
        const std::string& message = config.error().message;
        INFO(message);
        REQUIRE(message.starts_with(file + ":"));
        CHECK(message.find('\n') == std::string::npos);
        return message.substr(file.size() + 1);
    }
    /// Lines 5 to 8 are a good provider, then comes what is given.
    [[nodiscard]] std::string provider_problem(const std::string& more) const {
        return problem(head() + "[[provider]]\nid = \"company\"\nclient_id = \"keyfob\"\n" + more);
    }
    [[nodiscard]] std::string tls_problem(const std::string& certificate_file, const std::string& key_file) const {
        return problem(head() +
                       "[[provider]]\nid = \"g\"\nkind = \"google\"\nclient_id = \"x\"\n[tls]\ncertificate_file = \"" +
                       certificate_file + "\"\nkey_file = \"" + key_file + "\"\n");
    }
    [[nodiscard]] std::string rule_problem(const std::string& provider, const std::string& rule) const {
        return problem(head() +
                       "[[provider]]\nid = \"g\"\nkind = \"google\"\nclient_id = \"x\"\n[[provider]]\nid = \"hub\"\n"
                       "kind = \"github\"\nclient_id = \"x\"\n[[allow]]\nprovider = \"" +
                       provider + "\"\n" + rule);
    }
};

void check_says(const std::string& problem, const std::string& begin, const std::string& part) {
    INFO(problem);
    CHECK(problem.starts_with(begin));
    CHECK(problem.find(part) != std::string::npos);
}

/// Root reads everything, so only another user shows what permissions do.
bool is_root() {
    return ::geteuid() == 0;
}

} // namespace

TEST_CASE("OP-10: what keeps a provider from being made is told with its line") {
    const Folder folder;
    CHECK(folder.provider_problem("issuer = \"https://login.example.com\"\n").empty());
    check_says(folder.provider_problem("issuer = \"http://login.example.com\"\n"), "8: provider.issuer ",
               "https alone");
    check_says(folder.provider_problem("issuer = \"http://127.0.0.1:8420/demo\"\n"), "8: provider.issuer ",
               "https alone");
    check_says(folder.provider_problem("issuer = \"lalala\"\n"), "8: provider.issuer ", "not a valid URL");
    check_says(folder.provider_problem("issuer = \"https://login.example.com?x=1\"\n"), "8: provider.issuer ", "query");
    check_says(folder.provider_problem("kind = \"google\"\nissuer = \"https://login.example.com\"\n"),
               "9: provider.issuer ", "https://accounts.google.com");
    CHECK(folder.provider_problem("kind = \"google\"\n").empty());
}

TEST_CASE("OP-10: addresses and authorities of a provider are tried") {
    const Folder folder;
    const std::string issuer = "issuer = \"https://login.example.com\"\n";
    const auto with = [&](const std::string& line) { return folder.provider_problem(issuer + line); };
    CHECK(with("allow_addresses = [\"10.1.2.3\", \"fd00::/8\"]\nca_file = \"" + folder.authority + "\"\n").empty());
    check_says(with("allow_addresses = [\"10.1.2.3\", \"banana\"]\n"), "9: provider.allow_addresses ", "\"banana\"");
    check_says(with("allow_addresses = [\"10.1\"]\n"), "9: provider.allow_addresses ", "write 10.0.0.7");
    check_says(with("ca_file = \"/nonexistent\"\n"), "9: provider.ca_file ", "/nonexistent: No such file");
    check_says(with("ca_file = \"/etc\"\n"), "9: provider.ca_file ", "directory");
    check_says(with("ca_file = \"" + folder.key + "\"\n"), "9: provider.ca_file ", "PEM certificates");
}

TEST_CASE("OP-10: certificate and key are loaded, and it is these that are served") {
    const Folder folder;
    const auto config =
        folder.load(folder.head() + "[[provider]]\nid = \"g\"\nkind = \"google\"\nclient_id = \"x\"\n[tls]\n" +
                    "certificate_file = \"" + folder.certificate + "\"\nkey_file = \"" + folder.key + "\"\n");
    REQUIRE(config);
    CHECK(config->tls);
    const std::string text = folder.write("text", "no certificate", 0600);
    const std::string other = folder.directory.file("other.pem");
    keyfob::tests::CertificateAuthority().issue({}, folder.directory.file("other-certificate.pem"), other);
    REQUIRE(::chmod(other.c_str(), 0600) == 0);
    check_says(folder.tls_problem(folder.certificate, other), "11: tls.key_file ", other);
    check_says(folder.tls_problem(folder.certificate, text), "11: tls.key_file ", text);
    check_says(folder.tls_problem(text, folder.key), "10: tls.certificate_file ", text);
    check_says(folder.tls_problem("/etc", folder.key), "10: tls.certificate_file ", "directory");
    check_says(folder.tls_problem("/nonexistent", folder.key), "10: tls.certificate_file ", "No such file");
    check_says(folder.tls_problem(folder.certificate, "/nonexistent"), "11: tls.key_file ", "No such file");
}

TEST_CASE("KS-02: the key of the certificate is as safe as a secret") {
    const Folder folder;
    for (const mode_t mode : {mode_t{0644}, mode_t{0604}, mode_t{0660}, mode_t{0650}}) {
        REQUIRE(::chmod(folder.key.c_str(), mode) == 0);
        check_says(folder.tls_problem(folder.certificate, folder.key), "11: tls.key_file ", "chmod 600 " + folder.key);
    }
    REQUIRE(::chmod(folder.key.c_str(), 0400) == 0);
    CHECK(folder.tls_problem(folder.certificate, folder.key).empty());
}

TEST_CASE("OP-10: the place of the database is looked at, and nothing is made there") {
    const Folder folder;
    CHECK(check_database_place(folder.directory.file("keyfob.db")));
    CHECK_FALSE(std::ifstream(folder.directory.file("keyfob.db")));
    CHECK(check_database_place(folder.write("there.db", "", 0600)));
    const auto absent = check_database_place(folder.directory.file("absent/keyfob.db"));
    REQUIRE_FALSE(absent);
    CHECK(absent.error().kind == ErrorKind::not_found);
    CHECK(check_database_place(folder.directory.path()).error().kind == ErrorKind::invalid);
    const std::string text = folder.problem("external_url = \"https://id.example.com\"\ntrusted_proxies = [\"::1\"]\n"
                                            "[database]\nurl = \"sqlite:/nonexistent/keyfob.db\"\n"
                                            "[[provider]]\nid = \"g\"\nkind = \"google\"\nclient_id = \"x\"\n");
    check_says(text, "4: database.url ", "/nonexistent/");
    if (!is_root()) {
        REQUIRE(::chmod(folder.directory.path().c_str(), 0500) == 0);
        CHECK(check_database_place(folder.directory.file("new.db")).error().kind == ErrorKind::denied);
        REQUIRE(::chmod(folder.directory.path().c_str(), 0700) == 0);
    }
}

TEST_CASE("OP-10: listen is a numeric address and a port, and what is shown is read the same") {
    for (const char* good : {"127.0.0.1:8420", "0.0.0.0:443", "[::1]:9200", "[::]:443", "[2001:db8::7]:65535"}) {
        Config config;
        INFO(good);
        REQUIRE(parse_listen(good, config));
        CHECK(config.listen() == good);
    }
    for (const char* bad : {"",
                            ":",
                            "cafe:80",
                            "[cafe]:80",
                            "::1:8420",
                            "[::1]",
                            "[::1]:",
                            "[::1]:0",
                            "127.0.0.1",
                            "127.0.0.1:",
                            "127.0.0.1:0",
                            "127.0.0.1:080",
                            "127.0.0.1:+80",
                            "127.0.0.1:65536",
                            "127.1:80",
                            "[127.0.0.1]:80",
                            "[fe80::1%eth0]:80",
                            "localhost:80",
                            "[]:80",
                            "127.0.0.1:80/"}) {
        Config config;
        INFO(bad);
        CHECK_FALSE(parse_listen(bad, config));
        CHECK(config.listen() == Config().listen());
    }
    const Folder folder;
    check_says(folder.problem("listen = \"cafe:80\"\n" + folder.head() +
                              "[[provider]]\nid = \"g\"\nkind = \"google\"\nclient_id = \"x\"\n"),
               "1: listen ", "expected \"127.0.0.1:8420\"");
}

TEST_CASE("a Host header may have the default port or not, and nothing else") {
    using Hosts = std::vector<std::string>;
    Config config;
    const auto hosts = [&](const char* external_url) {
        config.external_url = external_url;
        return config.hosts();
    };
    CHECK(hosts("https://id.example.com") == Hosts{"id.example.com", "id.example.com:443"});
    CHECK(hosts("https://id.example.com:8443") == Hosts{"id.example.com:8443", "id.example.com:8443"});
    CHECK(hosts("http://127.0.0.1:8420") == Hosts{"127.0.0.1:8420", "127.0.0.1:8420"});
    CHECK(hosts("http://127.0.0.1") == Hosts{"127.0.0.1", "127.0.0.1:80"});
    CHECK(hosts("https://[2001:db8::443]") == Hosts{"[2001:db8::443]", "[2001:db8::443]:443"});
}

TEST_CASE("OP-10: a rule that can never fit anybody is no rule") {
    const Folder folder;
    for (const char* name : {"iss", "sub", "aud", "email", "email_verified", "nonce"})
        check_says(folder.rule_problem("g", "claim = \"" + std::string(name) + "\"\nvalue = \"x\"\n"),
                   "15: allow.claim ", name);
    for (const char* domain : {"@example.com", ".example.com", "example.com.", "*.example.com", "ann@example.com", " "})
        check_says(folder.rule_problem("g", "email_domain = \"" + std::string(domain) + "\"\n"),
                   "15: allow.email_domain ", "\"example.com\"");
    for (const char* address : {"ann", "@example.com", "ann@", "ann@b@example.com", "ann@example.com "})
        check_says(folder.rule_problem("g", "email = \"" + std::string(address) + "\"\n"), "15: allow.email ",
                   "\"ann@example.com\"");
    check_says(folder.rule_problem("hub", "claim = \"hd\"\nvalue = \"x\"\n"), "15: allow.claim ", "\"login\"");
    check_says(folder.rule_problem("g", "claim = \"hd\"\nvalue = \"x\"\n"), "15: allow.claim ",
               "hosted_domain"); // RP-14
    for (const char* good : {"claim = \"locale\"\nvalue = \"x\"\n", "email = \"ann@example.com\"\n",
                             "email_domain = \"example.com\"\n", "user = \"1\"\n", "anyone = true\n"})
        CHECK(folder.rule_problem("g", good).empty());
    CHECK(folder.rule_problem("hub", "claim = \"login\"\nvalue = \"x\"\n").empty());
}

TEST_CASE("a configuration that this user may not look at is an error and no crash") {
    const Folder folder;
    CHECK(load_config(folder.directory.path()).error().message.find("directory") != std::string::npos);
    CHECK(load_config(folder.directory.file("absent")).error().kind == ErrorKind::not_found);
    CHECK(load_config(folder.write("file", "", 0600) + "/below").error().kind == ErrorKind::denied);
    // filesystem::exists() throws at this one whoever asks, as at a directory without permission for all but root
    const std::string too_long = folder.directory.file(std::string(300, 'x'));
    const auto config = load_config(too_long);
    REQUIRE_FALSE(config);
    CHECK_FALSE(config.error().hint.empty());
}

TEST_CASE("S15 RP-13: a rule of a kind that its provider cannot fulfil is told, and what would do instead") {
    const Folder folder;
    check_says(folder.rule_problem("g", "group = \"staff\"\n"), "15: allow.group ", "hosted_domain");
    check_says(folder.rule_problem("g", "team = \"octo/platform\"\n"), "15: allow.team ", "GitHub has");
    check_says(folder.rule_problem("g", "organization = \"octo\"\n"), "15: allow.organization ", "GitHub has");
    check_says(folder.rule_problem("g", "hosted_domain = \"@example.com\"\n"), "15: allow.hosted_domain ", "no domain");
    CHECK(folder.rule_problem("g", "hosted_domain = \"example.com\"\n").empty());
    check_says(folder.rule_problem("hub", "group = \"staff\"\n"), "15: allow.group ", "organization or team");
    check_says(folder.rule_problem("hub", "hosted_domain = \"example.com\"\n"), "15: allow.hosted_domain ",
               "Google has");
    check_says(folder.rule_problem("hub", "organization = \"octo/platform\"\n"), "15: allow.organization ",
               "the rule team");
    for (const char* bad : {"octo", "/platform", "octo/", "octo/a/b"})
        check_says(folder.rule_problem("hub", "team = \"" + std::string(bad) + "\"\n"), "15: allow.team ",
                   "organization/team");
    CHECK(folder.rule_problem("hub", "team = \"octo/platform\"\n").empty());
    CHECK(folder.rule_problem("hub", "organization = \"octo\"\n").empty());
}

TEST_CASE("RP-12 RP-13: Entra has one tenant, and no rule relies on its addresses") {
    const Folder folder;
    const std::string head = folder.head() + "[[provider]]\nid = \"work\"\nkind = \"microsoft\"\nclient_id = \"x\"\n";
    const std::string tenant = "tenant = \"11111111-2222-3333-4444-555555555555\"\n";
    CHECK(folder.problem(head + tenant + "[[allow]]\nprovider = \"work\"\ngroup = \"1\"\n").empty());
    check_says(folder.problem(head), "5: provider.tenant ", "Directory (tenant) ID");
    check_says(folder.problem(head + "tenant = \"common\"\n"), "9: provider.tenant ", "every tenant");
    check_says(folder.problem(head + tenant + "issuer = \"https://login.example.com\"\n"), "9: provider.tenant ",
               "leave issuer out");
    for (const char* rule : {"email = \"ann@example.com\"\n", "email_domain = \"example.com\"\n"})
        check_says(folder.problem(head + tenant + "[[allow]]\nprovider = \"work\"\n" + rule), "12: allow.email",
                   "verifies no e-mail");
    check_says(folder.provider_problem("issuer = \"https://login.example.com\"\ntenant = \"x\"\n"),
               "8: provider.issuer ", "no tenants");
    check_says(folder.provider_problem("kind = \"google\"\ngroups_claim = \"x\"\n"), "9: provider.groups_claim ",
               "no groups");
}
