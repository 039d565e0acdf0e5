#include "tests/unit/server/config_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::tests;

TEST_CASE("OP-03, KS-08: limits and the size that is warned of have units, and defaults") {
    const Config config = must(Folder().load(k_good));
    CHECK(config.limits.agent == platform::Rate{4'000, std::chrono::minutes{10}});
    CHECK(config.limits.browser == platform::Rate{10'000, std::chrono::minutes{10}});
    CHECK(config.limits.renewal == platform::Rate{10'000, std::chrono::minutes{10}});
    CHECK(config.database_warning_bytes == std::int64_t{1} << 30);
    const Config other =
        must(Folder().load(k_head + k_database +
                           "warn_above = \"512MiB\"\n[limits]\nagent = \"10/1s\"\nrenewal = \"1/7d\"\n" + k_provider));
    CHECK(other.limits.agent == platform::Rate{10, std::chrono::seconds{1}});
    CHECK(other.limits.renewal == platform::Rate{1, std::chrono::hours{7 * 24}});
    CHECK(other.limits.browser == config.limits.browser);
    CHECK(other.database_warning_bytes == std::int64_t{512} << 20);
    const std::string text = to_text(config);
    CHECK(text.find("4000/600s") != std::string::npos);
    CHECK(text.find("1048576KiB") != std::string::npos);
}

TEST_CASE("OP-10: a limit that is none is told with what was expected") {
    for (const char* text : {"4000", "4000/", "/10m", "0/10m", "-1/10m", "4000/10", "4000 / 10m", "4000/0s",
                             "1000000001/1s", "4e3/10m", ""})
        CHECK(problems(k_good + "[limits]\nagent = \"" + text + "\"\n") ==
              "9: limits.agent = \"" + std::string(text) +
                  "\" is no rate; expected a count and a duration: \"4000/10m\"");
    for (const char* text : {"1024", "1GB", "0GiB", "-1GiB", "1.5GiB", "GiB", "99999999999GiB", ""})
        CHECK(problems(k_head + k_database + "warn_above = \"" + text + "\"\n" + k_provider) ==
              "4: database.warn_above = \"" + std::string(text) +
                  "\" is no size; expected a number and a unit: \"512MiB\" or \"1GiB\"");
    CHECK(problems(k_good + "[limits]\npush = \"1/1s\"\n") ==
          "9: limits.push is not known; expected one of: agent, browser, renewal");
}

TEST_CASE("OP-04: every limit of the HTTP front can be set, with its unit, and --check shows it") {
    const Config usual = must(Folder().load(k_good));
    CHECK(usual.http.head_bytes == 16 * 1024);
    CHECK(usual.http.fields == 64);
    CHECK(usual.http.body_bytes == 64 * 1024);
    CHECK(usual.http.head_deadline == std::chrono::seconds{5});
    CHECK(usual.http.idle == std::chrono::seconds{15});
    CHECK(usual.http.handshake_deadline == std::chrono::seconds{5});
    CHECK(usual.http.stop_deadline == std::chrono::seconds{10});
    const std::string wanted = "head_deadline = \"2s\"\nbody_deadline = \"1m\"\nidle = \"30s\"\nhandshake_deadline = "
                               "\"3s\"\nwrite_deadline = \"4s\"\nlinger = \"500ms\"\nstop_deadline = \"20s\"\n"
                               "stop_grace = \"1ms\"\nhead_size = \"32KiB\"\nbody_size = \"1MiB\"\nlinger_size = "
                               "\"64KiB\"\nhead_fields = 100\nconnections = 50\nconnections_per_address = 5\n"
                               "requests_in_a_row = 7\nevent_loops = 3\nfast_threads = 9\nupstream_threads = 11\n"
                               "queue = 13\n";
    const Folder folder;
    const Config config = must(folder.load(k_good + "[http]\n" + wanted));
    CHECK(config.http.head_deadline == std::chrono::seconds{2});
    CHECK(config.http.body_deadline == std::chrono::minutes{1});
    CHECK(config.http.linger == std::chrono::milliseconds{500});
    CHECK(config.http.stop_grace == std::chrono::milliseconds{1});
    CHECK(config.http.head_bytes == 32 * 1024);
    CHECK(config.http.body_bytes == 1024 * 1024);
    CHECK(config.http.fields == 100);
    CHECK(config.http.connections == 50);
    CHECK(config.http.connections_per_address == 5);
    CHECK(config.http.loops == 3);
    const std::string text = to_text(config); // which is a configuration itself
    for (const char* line : {"head_deadline = '2000ms'", "head_size = '32KiB'", "connections_per_address = 5",
                             "stop_grace = '1ms'", "queue = 13"}) {
        INFO(text);
        CHECK(text.find(line) != std::string::npos);
    }
}

TEST_CASE("OP-10: a limit of the HTTP front that is none is told with what was expected") {
    struct Row {
        const char* line;
        const char* told;
    };
    for (const Row& row :
         {Row{"head_deadline = \"0s\"", "http.head_deadline = \"0s\" is no duration; expected a number and a unit: "
                                        "\"250ms\", \"90s\" or \"10m\""},
          Row{"idle = 15", "http.idle is not text; expected \"…\""},
          Row{"head_size = \"16\"",
              "http.head_size = \"16\" is no size; expected a number and a unit: \"512MiB\" or \"1GiB\""},
          Row{"head_size = \"1GiB\"", "http.head_size is not between 1KiB and 1024KiB"},
          Row{"connections = 0", "http.connections is no whole number from 1 to 1000000"},
          Row{"connections = \"many\"", "http.connections is no whole number from 1 to 1000000"},
          Row{"event_loops = 65", "http.event_loops is no whole number from 1 to 64"},
          Row{"fast_threads = 3", "http.fast_threads must be at least 4"}})
        CHECK(problems(k_good + "[http]\n" + row.line + "\n") == std::string("9: ") + row.told);
}
