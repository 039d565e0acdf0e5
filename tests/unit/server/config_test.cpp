#include "server/config_reader.h"
#include "tests/support/certificates.h"
#include "tests/unit/server/config_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::tests;

TEST_CASE("a short configuration has the documented defaults") {
    const Config config = must(Folder().load(k_good));
    CHECK(config.external_url == "http://127.0.0.1:8420");
    CHECK(config.listen() == "127.0.0.1:8420");
    CHECK(config.database_file == "/tmp/keyfob.db");
    CHECK(config.cookie_seconds == 600);
    CHECK(config.idle_seconds == 7 * 86'400);
    CHECK(config.absolute_seconds == 30 * 86'400);
    CHECK(config.log_level == "info");
    CHECK(config.trusted_proxies.empty());
    CHECK_FALSE(config.uses_tls());
    CHECK_FALSE(config.demo);
    CHECK(config.allow.empty()); // S15: nobody
    REQUIRE(config.providers.size() == 1);
    CHECK(config.providers[0].kind == "oidc");
    CHECK(config.providers[0].display_name == "company");
    CHECK_FALSE(config.providers[0].pkce_unsupported);
    CHECK(config.providers[0].client_secret.empty());
}

TEST_CASE("every key of a configuration is read") {
    const Folder folder;
    const std::string secret = folder.write_secret("secret", "hunter2\n");
    const std::string certificate = folder.directory.file("certificate.pem");
    const std::string key = folder.write_secret("key.pem", "");
    keyfob::tests::CertificateAuthority().issue({}, certificate, key);
    const Config config = must(folder.load(
        "external_url = \"https://ID.example.com\"\nlisten = \"0.0.0.0:443\"\ntrusted_proxies = [\"10.0.0.0/8\", "
        "\"::1\"]\n"
        "[tls]\ncertificate_file = \"" +
        certificate + "\"\nkey_file = \"" + key + "\"\n" + k_database +
        "[session]\ncookie = \"5m\"\nidle = \"12h\"\nabsolute = \"7d\"\n[log]\nlevel = \"warning\"\n" + k_provider +
        "display_name = \"Company\"\nca_file = \"" + certificate +
        "\"\nallow_addresses = [\"10.1.0.0/16\"]\n"
        "pkce = \"unsupported\"\nclient_secret_file = \"" +
        secret +
        "\"\n"
        "[[provider]]\nid = \"g\"\nkind = \"google\"\nclient_id = \"a\"\n[[provider]]\nid = \"h\"\nkind = "
        "\"github\"\nclient_id = \"b\"\n"));
    CHECK(config.external_url == "https://id.example.com");
    CHECK(config.listen() == "0.0.0.0:443");
    CHECK(config.trusted_proxies == std::vector<std::string>{"10.0.0.0/8", "::1"});
    CHECK(config.certificate_file == certificate);
    CHECK(config.key_file == key);
    CHECK(config.cookie_seconds == 300);
    CHECK(config.idle_seconds == 43'200);
    CHECK(config.absolute_seconds == 604'800);
    CHECK(config.log_level == "warning");
    REQUIRE(config.providers.size() == 3);
    const ProviderConfig& company = config.providers[0];
    CHECK(company.display_name == "Company");
    CHECK(company.issuer == "https://login.example.com");
    CHECK(company.client_id == "keyfob");
    CHECK(company.ca_file == certificate);
    CHECK(company.allow_addresses == std::vector<std::string>{"10.1.0.0/16"});
    CHECK(company.pkce_unsupported);
    CHECK(company.client_secret.reveal() == "hunter2");
    CHECK(config.providers[1].kind == "google");
    CHECK(config.providers[2].kind == "github");
}

TEST_CASE("RP-13: every kind of rule is read, also before the provider it speaks of") {
    const std::string rule = "[[allow]]\nprovider = \"company\"\n";
    const Config config =
        must(Folder().load(k_head + k_database + rule + "anyone = true\n" + rule + "user = \"1\"\n" + rule +
                           "email = \"ann@example.com\"\n" + rule + "email_domain = \"example.com\"\n" + rule +
                           "claim = \"groups\"\nvalue = \"staff\"\n" + k_provider));
    using Rule = signin::AllowRule;
    REQUIRE(config.allow.size() == 5);
    CHECK(config.allow[0].provider == "company");
    CHECK(std::holds_alternative<Rule::Anyone>(config.allow[0].who));
    CHECK(std::get<Rule::User>(config.allow[1].who).value == "1");
    CHECK(std::get<Rule::Email>(config.allow[2].who).value == "ann@example.com");
    CHECK(std::get<Rule::EmailDomain>(config.allow[3].who).value == "example.com");
    CHECK(std::get<Rule::Claim>(config.allow[4].who).name == "groups");
    CHECK(std::get<Rule::Claim>(config.allow[4].who).value == "staff");
}

TEST_CASE("OP-10: an unknown key is an error with its line and what is known there") {
    CHECK(problems("liston = \"x\"\n" + k_good) ==
          "1: liston is not known; expected one of: allow, client, database, device_grant, "
          "external_url, http, limits, listen, log, provider, "
          "resource_server, session, tls, trusted_proxies");
    CHECK(problems(k_good + "client_secret = \"hunter2\"\n") ==
          "8: provider.client_secret is not known; expected one of: allow_addresses, ca_file, client_id, "
          "client_secret_file, display_name, groups_claim, id, issuer, kind, pkce, tenant");
    CHECK(problems(k_good + "[session]\ncookies = \"5m\"\n") ==
          "9: session.cookies is not known; expected one of: absolute, cookie, idle");
    CHECK(problems(k_good + "[log]\nfile = \"x\"\n") == "9: log.file is not known; expected one of: level");
    CHECK(problems(k_good + "[[allow]]\nprovider = \"company\"\nanyone = true\nrole = \"x\"\n") ==
          "11: allow.role is not known; expected one of: anyone, claim, email, email_domain, group, hosted_domain, "
          "organization, provider, team, user, value");
    CHECK(problems(k_head + k_database + "path = \"x\"\n" + k_provider) ==
          "4: database.path is not known; expected one of: url, warn_above");
    CHECK(problems(k_good + "[telemetry]\nx = 1\n").starts_with("8: telemetry is not known; expected one of: "));
}

TEST_CASE("OP-10: every problem of a file is told at once, each with its line") {
    CHECK(problems("external_url = 7\nlisten = true\ntrusted_proxies = \"10.0.0.0/8\"\n" + k_database +
                   "[log]\nlevel = 1\n" + k_provider +
                   "[[allow]]\nprovider = \"company\"\nanyone = \"yes\"\nuser = \"1\"\n") ==
          "1: external_url is not text; expected \"…\"\n"
          "2: listen is not text; expected \"…\"\n"
          "3: trusted_proxies is not a list of texts; expected [\"…\", \"…\"]\n"
          "7: log.level is not text; expected \"…\"\n"
          "14: allow.anyone is neither true nor false");
}

TEST_CASE("OP-10: what must be there and is not, is named") {
    CHECK(problems("") == "1: external_url is missing\n1: provider is missing; expected at least one [[provider]]\n"
                          "1: database is missing; expected [database] with url = \"sqlite:/…\"");
    CHECK(problems(k_head + "[database]\n" + k_provider) == "2: database.url is missing");
    CHECK(problems(k_head + k_database + "[[provider]]\n") ==
          "4: provider.id is missing\n4: provider.issuer is missing\n4: provider.client_id is missing");
    CHECK(problems(k_head + k_database + "[[provider]]\nid = \"\"\nissuer = \"\"\nclient_id = \"\"\n") ==
          "5: provider.id is empty\n6: provider.issuer is empty\n7: provider.client_id is empty");
    CHECK(problems(k_good + "[tls]\n").starts_with("8: tls.certificate_file is missing\n8: tls.key_file is missing"));
    CHECK(problems(k_good + "[[allow]]\nanyone = true\n") == "8: allow.provider is missing");
}

TEST_CASE("OP-10: a table in place of a list, and the other way round, is named") {
    CHECK(problems(k_head + k_database + "[provider]\nid = \"x\"\n")
              .starts_with("4: provider is not a list of tables; expected [[provider]]"));
    CHECK(problems(k_good + "[[log]]\n") == "8: log is not a table; expected [log]");
    CHECK(problems("session = 5\n" + k_good) == "1: session is not a table; expected [session]");
    CHECK(problems("allow = [1]\n" + k_good) == "1: allow is not a list of tables; expected [[allow]]");
    CHECK(problems("allow = []\n" + k_good).empty());
    CHECK(problems("provider = []\n" + k_head + k_database) ==
          "1: provider is missing; expected at least one [[provider]]");
}

TEST_CASE("RP-01: external_url is https without a path, or plain on a literal loopback address") {
    const auto with = [](const std::string& url) {
        return problems("external_url = \"" + url + "\"\ntrusted_proxies = [\"::1\"]\n" + k_database + k_provider);
    };
    for (const char* good : {"https://id.example.com", "https://id.example.com/", "https://id.example.com:8443",
                             "http://127.0.0.1:8420", "http://[::1]:8420"})
        CHECK(with(good).empty());
    for (const char* bad :
         {"id.example.com", "https://id.example.com/keyfob", "https://id.example.com?", "ftp://id.example.com",
          "https://user@id.example.com", "https://id.example.com#x", "https://"})
        CHECK(with(bad) == "1: external_url = \"" + std::string(bad) +
                               "\" is no base URL; expected \"https://id.example.com\" without a path");
    for (const char* plain : {"http://id.example.com", "http://localhost:8420", "http://127.0.0.2:8420"})
        CHECK(with(plain) ==
              "1: external_url is plain http; expected https, or http://127.0.0.1:PORT on this machine alone");
}

TEST_CASE("listen is an address and a port") {
    const auto with = [](const std::string& text) { return problems("listen = \"" + text + "\"\n" + k_good); };
    for (const char* good : {"127.0.0.1:1", "127.0.0.1:80", "127.0.0.1:65535", "[::1]:8420"})
        CHECK(with(good).empty());
    for (const char* bad : {"", "8420", ":8420", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                            "127.0.0.1:+80", "localhost:8420", "127.0.0.1:8420/", "127.0.0.1:8420?x", "[::1]",
                            "::1:8420", "127.1:8420", "cafe:8420", "a@127.0.0.1:8420"}) {
        INFO(bad);
        CHECK(with(bad) ==
              "1: listen = \"" + std::string(bad) + "\" is no address and port; expected \"127.0.0.1:8420\"");
    }
}

TEST_CASE("what is reachable from elsewhere needs TLS or a proxy that is named") {
    const Folder folder;
    CHECK(folder.problems("listen = \"0.0.0.0:8420\"\n" + k_good) ==
          "1: listen is reachable from elsewhere without TLS; expected [tls], trusted_proxies, or a loopback address");
    CHECK(folder.problems("external_url = \"https://id.example.com\"\n" + k_database + k_provider) ==
          "1: external_url is https, but this server has no [tls] and no trusted_proxies to stand behind");
    const std::string certificate = folder.directory.file("certificate.pem");
    const std::string key = folder.write_secret("key.pem", "");
    keyfob::tests::CertificateAuthority().issue({}, certificate, key);
    CHECK(folder.problems(k_good + "[tls]\ncertificate_file = \"" + certificate + "\"\nkey_file = \"" + key + "\"\n") ==
          "1: external_url is http, but [tls] is there; expected https");
}

TEST_CASE("FA-01: trusted_proxies are addresses or networks") {
    for (const char* bad : {"proxy.example.com", "10.0.0.0/33", "*", ""}) {
        const std::string text = problems("trusted_proxies = [\"" + std::string(bad) + "\"]\n" + k_good);
        CHECK(text.starts_with("1: trusted_proxies "));
    }
    CHECK(problems("trusted_proxies = [1]\n" + k_good) ==
          "1: trusted_proxies is not a list of texts; expected [\"…\", \"…\"]");
}

TEST_CASE("a database is an absolute sqlite path") {
    for (const char* bad : {"keyfob.db", "sqlite:", "sqlite:keyfob.db", "postgres://x/y", "sqlite:?/x", "SQLITE:/x"})
        CHECK(problems(k_head + "[database]\nurl = \"" + bad + "\"\n" + k_provider) ==
              "3: database.url = \"" + std::string(bad) + "\"; expected \"sqlite:/var/lib/keyfob/keyfob.db\"");
}

TEST_CASE("a duration is a positive whole number with a unit") {
    for (const auto& [text, seconds] :
         {std::pair{"1s", 1}, {"90s", 90}, {"10m", 600}, {"12h", 43'200}, {"7d", 604'800}})
        CHECK(parse_duration(text) == seconds);
    CHECK(parse_duration("3660d").has_value());
    for (const char* bad : {"", "s", "10", "0s", "-1s", "+1s", "1.5h", "1 h", " 1h", "1h ", "1H", "1w", "1y", "1h30m",
                            "0x10s", "3661d", "99999999999999999999s", "9223372036854775807d"}) {
        INFO(bad);
        CHECK_FALSE(parse_duration(bad));
        CHECK(problems(k_good + "[session]\nidle = \"" + bad + "\"\n") ==
              "9: session.idle = \"" + std::string(bad) +
                  "\" is no duration; expected a number and a unit: \"90s\", \"10m\", \"12h\" or \"7d\"");
    }
    CHECK(problems(k_good + "[session]\nidle = 600\n") == "9: session.idle is not text; expected \"…\"");
}

TEST_CASE("SE-06: cookie, idle and absolute limits grow in this order") {
    const std::string expected = "9: session.cookie must not be longer than idle, and idle not longer than absolute";
    CHECK(problems(k_good + "[session]\ncookie = \"8d\"\n") == expected);
    CHECK(problems(k_good + "[session]\ncookie = \"1m\"\nidle = \"31d\"\n") == expected);
    CHECK(problems(k_good + "[session]\nabsolute = \"1d\"\n").starts_with("8: session.cookie must not be longer"));
    CHECK(problems(k_good + "[session]\ncookie = \"1h\"\nidle = \"1h\"\nabsolute = \"1h\"\n").empty());
}

TEST_CASE("a log level is one of four") {
    CHECK(problems(k_good + "[log]\nlevel = \"loud\"\n") == "9: log.level = \"loud\"; expected info, warning or error");
    for (const std::string level : {"info", "warning", "error"})
        CHECK(problems(k_good + "[log]\nlevel = \"" + level + "\"\n").empty());
}

TEST_CASE("RP-07: a provider's id is short, plain and there once") {
    const auto with = [](const std::string& id) {
        return problems(k_good + "[[provider]]\nid = \"" + id + "\"\nissuer = \"https://x\"\nclient_id = \"x\"\n");
    };
    CHECK(with(std::string(32, 'a')).empty());
    CHECK(with("a-1").empty());
    for (const std::string& bad : std::vector<std::string>{"Company", "a/b", "a b", "..", "a_b", std::string(33, 'a')})
        CHECK(with(bad) == "9: provider.id = \"" + bad + "\"; expected up to 32 of a-z, 0-9 and -");
    CHECK(with("company") == "9: provider.id = \"company\" is there twice");
}

TEST_CASE("RP-04: kind and pkce have few values") {
    CHECK(problems(k_good + "kind = \"saml\"\n") == "8: provider.kind = \"saml\"; expected one of oidc, google, "
                                                    "microsoft, github, gitlab, okta, auth0 and keycloak");
    CHECK(problems(k_good + "pkce = \"plain\"\n") ==
          "8: provider.pkce = \"plain\"; expected \"required\" or \"unsupported\"");
    CHECK(problems(k_good + "allow_addresses = \"10.0.0.1\"\n") ==
          "8: provider.allow_addresses is not a list of texts; expected [\"…\", \"…\"]");
}

TEST_CASE("S15: a rule says who in one way, of a provider that is there") {
    const auto with = [](const std::string& rule) {
        return problems(k_good + "[[allow]]\nprovider = \"company\"\n" + rule);
    };
    const std::string several =
        "9: allow.provider has a rule that says who in none or in several ways; expected one of user, "
        "email, email_domain, hosted_domain, group, organization, team, claim with value, anyone = true";
    for (const char* bad :
         {"", "anyone = false\n", "anyone = true\nuser = \"1\"\n", "email = \"\"\n", "claim = \"x\"\n",
          "value = \"x\"\n", "email = \"a@b\"\nemail_domain = \"b\"\n", "anyone = true\nvalue = \"x\"\n"})
        CHECK(with(bad) == several);
    CHECK(problems(k_good + "[[allow]]\nprovider = \"other\"\nanyone = true\n") ==
          "9: allow.provider = \"other\" is the id of no [[provider]]");
}

TEST_CASE("KS-02: a secret comes from a file that nobody else can read") {
    const Folder folder;
    const auto with = [&](const std::string& path) {
        return folder.problems(k_good + "client_secret_file = \"" + path + "\"\n");
    };
    CHECK(with(folder.write_secret("good", "hunter2\r\nsecond line")).empty());
    CHECK(with(folder.write_secret("read-only", "hunter2", 0400)).empty());
    for (const mode_t mode : {mode_t{0640}, mode_t{0604}, mode_t{0660}, mode_t{0610}}) {
        const std::string path = folder.write_secret("open", "hunter2", mode);
        CHECK(with(path) ==
              "8: provider.client_secret_file " + path + " can be read by others; its mode must be 0600 or less");
        REQUIRE(::chmod(path.c_str(), 0600) == 0);
    }
    CHECK(with(folder.write_secret("empty", "")).find("holds no secret") != std::string::npos);
    CHECK(with(folder.write_secret("blank", "\nhunter2")).find("holds no secret") != std::string::npos);
    CHECK(with(folder.write_secret("long", std::string(4097, 'x'))).find("holds no secret") != std::string::npos);
    CHECK(with(folder.directory.file("absent")).starts_with("8: provider.client_secret_file "));
    CHECK(with(folder.directory.path()).starts_with("8: provider.client_secret_file "));
}

TEST_CASE("a file that is absent or no TOML is told with its name and line") {
    const Folder folder;
    const auto absent = load_config(folder.file);
    REQUIRE_FALSE(absent);
    CHECK(absent.error().kind == platform::ErrorKind::not_found);
    CHECK(absent.error().message.find(folder.file) != std::string::npos);
    CHECK(folder.problems("a = 1\nb = = 2\n").starts_with("2: not valid TOML: "));
    CHECK(folder.problems("a = 1\na = 2\n").starts_with("2: not valid TOML: "));
    CHECK_FALSE(load_config(folder.directory.path()));
}

TEST_CASE("OP-10, KS-02: the effective configuration is shown with secrets masked") {
    const Folder folder;
    const std::string secret = folder.write_secret("secret", "hunter2-canary");
    const std::string text =
        to_text(must(folder.load(k_good + "client_secret_file = \"" + secret +
                                 "\"\n[[allow]]\nprovider = \"company\"\nemail_domain = \"example.com\"\n")));
    CHECK(text.find("canary") == std::string::npos);
    CHECK(text.find("********") != std::string::npos);
    for (const char* part : {"external_url", "127.0.0.1:8420", "sqlite:/tmp/keyfob.db", "600s", "604800s", "2592000s",
                             "info", "https://login.example.com", "email_domain", "example.com", "required"})
        CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("OP-10: what is shown, read again, means the same") {
    const Folder folder;
    const Config config =
        must(folder.load("listen = \"[::1]:9000\"\n" + k_good +
                         "[[allow]]\nprovider = \"company\"\nclaim = \"groups\"\nvalue = \"staff\"\n"));
    const std::string text = to_text(config);
    CHECK(to_text(must(folder.load(text))) == text);
    const std::string largest =
        to_text(must(folder.load(k_head + k_database + "warn_above = \"1073741824GiB\"\n" + k_provider)));
    CHECK(largest.find("'1125899906842624KiB'") != std::string::npos);
    CHECK(to_text(must(folder.load(largest))) == largest);
    const std::string without_rules = to_text(must(folder.load(k_good)));
    CHECK(to_text(must(folder.load(without_rules))) == without_rules);
}

TEST_CASE("a demo listens on this machine alone") {
    const Config config = must(demo_config("127.0.0.1:9000", "/state"));
    CHECK(config.demo);
    CHECK(config.external_url == "http://127.0.0.1:9000");
    CHECK(config.database_file == "/state/demo-9000.db");
    REQUIRE(config.providers.size() == 1);
    CHECK(config.providers[0].issuer == "http://127.0.0.1:9000/demo");
    REQUIRE(config.allow.size() == 1);
    CHECK(config.allow[0].provider == config.providers[0].id);
    for (const char* other : {"0.0.0.0:9000", "192.0.2.1:9000", "[::]:9000", "localhost:9000", "127.0.0.2:9000",
                              "127.0.0.1", "", "127.0.0.1:0", "127.0.0.1.nip.io:9000", "127.0.0.1:9000?x"}) {
        const auto refused = demo_config(other, "/state");
        INFO(other);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == platform::ErrorKind::invalid);
        CHECK(refused.error().message.find("lets anyone sign in") != std::string::npos);
        CHECK(refused.error().hint == "use --listen 127.0.0.1:PORT");
    }
}

TEST_CASE("the demo, on which everything comes from one address, takes more of it") {
    CHECK(must(demo_config("127.0.0.1:9000", "/state")).limits.agent.count == 400'000);
}

TEST_CASE("DG-09, DG-10: the device grant is off, an hour long, and has two keys") {
    const Folder folder;
    const Config usual = must(folder.load(k_good));
    CHECK_FALSE(usual.device_grant);
    CHECK(usual.device_session_seconds == 3600);
    const Config on = must(folder.load(k_good + "[device_grant]\nenabled = true\nsession = \"15m\"\n"));
    CHECK(on.device_grant);
    CHECK(on.device_session_seconds == 900);
    CHECK(to_text(on).find("enabled = true") != std::string::npos);
    CHECK(to_text(on).find("session = '900s'") != std::string::npos);
    CHECK_FALSE(must(demo_config("127.0.0.1:8420", "/tmp")).device_grant);
    CHECK(folder.problems(k_good + "[device_grant]\nenabled = \"yes\"\n").find("device_grant.enabled") !=
          std::string::npos);
    CHECK(folder.problems(k_good + "[device_grant]\non = true\n").find("device_grant.on") != std::string::npos);
}
