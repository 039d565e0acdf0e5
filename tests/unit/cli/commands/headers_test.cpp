#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using tests::CommandFixture;
using tests::FakeAgent;

namespace {

const std::string k_url = "https://s.example/reports?x=1";

FakeAgent::OnRequest lending(const std::string& headers) {
    return [headers](const FakeAgent::Request& request) {
        return FakeAgent::result(request, R"({"url":"","headers":)" + headers + R"(,"expires_in":600,"account":)" +
                                              CommandFixture::account("https://s.example") + "}");
    };
}

/// `headers` where standard output is a terminal; what is seen there.
tests::Outcome run_to_terminal(CommandFixture& fixture, const std::vector<std::string>& words) {
    tests::Terminal out;
    const tests::Capture err;
    cli::Console console(out.fd(), err.fd(), fixture.environment());
    const int code = cli::run_program(words, cli::command_table(), console, fixture.environment());
    return {code, out.text(), err.text()};
}

} // namespace

TEST_CASE("headers prints the hand-out for that URL, one a line, and nothing else", "[cli]") {
    CommandFixture fixture(lending(R"([["Cookie","keyfob=kfs_canary"],["X-More","a b"]])"));
    fixture.set("KEYFOB_ACCOUNT", "ann@s");
    const auto outcome = fixture.run({"headers", k_url});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == "Cookie: keyfob=kfs_canary\nX-More: a b\n");
    CHECK(outcome.err.empty());
    const auto asked = fixture.agent().requests().back();
    CHECK(asked.method == "hand_out");
    CHECK(platform::json::get_string(*asked.params, "url") == k_url);
    CHECK(platform::json::get_string(*asked.params, "account") == "ann@s");
    fixture.run({"headers", k_url, "--account", "ben@s"});
    CHECK(platform::json::get_string(*fixture.agent().requests().back().params, "account") == "ben@s");
}

TEST_CASE("CL-01: headers does not go to a terminal without --force, and nothing is asked for", "[cli]") {
    CommandFixture fixture(lending(R"([["Cookie","keyfob=kfs_canary"]])"));
    const auto refused = run_to_terminal(fixture, {"headers", k_url});
    CHECK(refused.code == 3);
    CHECK(refused.out.empty());
    CHECK(refused.err.starts_with("error: headers are a secret"));
    CHECK(refused.err.find("\nhint: pipe them") != std::string::npos);
    CHECK(fixture.agent().methods().empty());
    const auto forced = run_to_terminal(fixture, {"headers", k_url, "--force"});
    CHECK(forced.code == 0);
    CHECK(forced.out == "Cookie: keyfob=kfs_canary\n");
    CHECK(forced.err == "warning: whoever reads them can act as you for minutes at https://s.example, 10 minutes from "
                        "now at most\n");
}

TEST_CASE("headers wants one whole URL", "[cli]") {
    CommandFixture fixture;
    for (const auto& words : {std::vector<std::string>{"headers"},
                              {"headers", "/reports"},
                              {"headers", "s.example"},
                              {"headers", "ftp://s.example/"},
                              {"headers", "https://ann@s.example/"},
                              {"headers", k_url, k_url}})
        CHECK(fixture.run(words).code == 3);
    CHECK(fixture.agent().methods().empty());
}

TEST_CASE("CL-06: signed out, headers ends with exit 4 and one line, and signs nobody in", "[cli]") {
    CommandFixture fixture([](const FakeAgent::Request& request) {
        return FakeAgent::error(request, "sign_in_needed", "nobody is signed in", "cli login https://s.example");
    });
    const auto outcome = fixture.run({"headers", k_url});
    CHECK(outcome.code == 4);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "error: nobody is signed in; cli login https://s.example\n");
    CHECK(fixture.agent().methods() == std::vector<std::string>{"hello", "hand_out"});
}

TEST_CASE("headers prints nothing that is not one header field", "[cli]") {
    const std::string headers =
        GENERATE(R"([["Cookie","a\r\nX-Evil: 1"]])", R"([["Cookie","a\nb"]])", R"([["Cookie: x","a"]])",
                 R"([["","a"]])", R"([["Cookie","\u001b[31m"]])", R"([["Cookie"]])", R"([["Cookie",5]])", "[]", "5");
    CAPTURE(headers);
    CommandFixture fixture(lending(headers));
    const auto outcome = fixture.run({"headers", k_url});
    CHECK(outcome.code == 7);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("error: ") == 0);
}
