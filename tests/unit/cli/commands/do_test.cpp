#include "tests/support/canned_http_server.h"
#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>

using namespace keyfob;
using tests::CannedHttpServer;
using tests::CommandFixture;
using tests::FakeAgent;

namespace {

constexpr const char* k_secret = "keyfob=kfs_canary";

/// A server, and an agent that lends a cookie for it.
struct Fixture {
    explicit Fixture(CannedHttpServer::Respond respond)
        : server(std::move(respond)), command([this](const auto& request) {
              return FakeAgent::result(request, R"({"url":"","headers":[["Cookie",")" + std::string(k_secret) +
                                                    R"("]],"expires_in":600,"account":)" +
                                                    CommandFixture::account(server.origin()) + "}");
          }) {}
    tests::Outcome run(std::vector<std::string> words) {
        words.insert(words.begin(), "do");
        return command.run(words);
    }
    std::string request(std::size_t i = 0) const { return server.requests().at(i); }
    std::string lent_for() {
        return platform::json::get_string(*command.agent().requests().back().params, "url").value_or("");
    }

    CannedHttpServer server;
    CommandFixture command;
};

std::string ok(const std::string& body) {
    return CannedHttpServer::response("200 OK", "", body);
}
CannedHttpServer::Respond always(const std::string& response) {
    return [response](const std::string&) { return response; };
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE("the body goes to stdout byte for byte, and nothing else does", "[cli]") {
    const std::string body("\x1b[31m\0\r\n\xff body", 15);
    Fixture fixture(always(ok(body)));
    const auto outcome = fixture.run({"/x?y=1"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == body);
    CHECK(outcome.err.empty());
    CHECK(fixture.lent_for() == "/x?y=1");
    CHECK(fixture.request().starts_with("GET /x?y=1 HTTP/1.1\r\n"));
    CHECK(contains(fixture.request(), "\r\nCookie: " + std::string(k_secret) + "\r\n"));
    CHECK(contains(fixture.request(), "\r\nUser-Agent: " KEYFOB_CLI_NAME "/" KEYFOB_VERSION "\r\n"));
}

TEST_CASE("method, headers and data are sent as given", "[cli]") {
    Fixture fixture(always(ok("")));
    CHECK(fixture.run({"PUT", "/x", "-H", "X-A: 1", "-H", "X-A: 2", "-d", "a=b"}).code == 0);
    CHECK(fixture.request().starts_with("PUT /x HTTP/1.1\r\n"));
    CHECK(contains(fixture.request(), "\r\nX-A: 1\r\nX-A: 2\r\n"));
    CHECK(contains(fixture.request(), "\r\nContent-Length: 3\r\n"));
    CHECK(fixture.request().ends_with("\r\n\r\na=b"));
}

TEST_CASE("a file is sent whole", "[cli]") {
    Fixture fixture(always(ok("")));
    const std::string path = fixture.command.directory().file("data");
    const std::string content(300'000, 'x');
    std::ofstream(path) << content;
    CHECK(fixture.run({"/x", "-d", "@" + path}).code == 0);
    CHECK(fixture.request().starts_with("POST "));
    CHECK(fixture.request().ends_with("\r\n\r\n" + content));
}

TEST_CASE("--account and KEYFOB_ACCOUNT choose the account", "[cli]") {
    Fixture fixture(always(ok("")));
    fixture.command.set("KEYFOB_ACCOUNT", "bob");
    const auto asked = [&] {
        return platform::json::get_string(*fixture.command.agent().requests().back().params, "account");
    };
    CHECK(fixture.run({"/x"}).code == 0);
    CHECK(asked() == "bob");
    CHECK(fixture.run({"/x", "--account", "ann"}).code == 0);
    CHECK(asked() == "ann");
}

TEST_CASE("status 400 and above is exit 1, with the body on stdout", "[cli]") {
    Fixture fixture(always(CannedHttpServer::response("404 Not Found", "", "nothing here")));
    const auto outcome = fixture.run({"/x"});
    CHECK(outcome.code == 1);
    CHECK(outcome.out == "nothing here");
    CHECK(outcome.err == "error: HTTP 404 Not Found\n");
}

TEST_CASE("CL-02: a reason phrase cannot command the terminal", "[cli]") {
    Fixture fixture(always(CannedHttpServer::response("404 Not\x1b[31m\xc2\x9b"
                                                      "31m Found",
                                                      "", "")));
    const auto outcome = fixture.run({"/x", "-i"});
    CHECK(outcome.code == 1);
    CHECK_FALSE(contains(outcome.out + outcome.err, "\x1b"));
    CHECK_FALSE(contains(outcome.out + outcome.err, "\xc2\x9b"));
}

TEST_CASE("a 401 of a keyfob server is exit 4; any other is exit 1", "[cli]") {
    const auto [challenge, code] =
        GENERATE(table<std::string, int>({{"WWW-Authenticate: Keyfob realm=\"x\"\r\n", 4},
                                          {"www-authenticate: Basic realm=\"x\"\r\nwww-authenticate: keyfob\r\n", 4},
                                          {"WWW-Authenticate: Basic realm=\"Keyfob\"\r\n", 1},
                                          {"WWW-Authenticate: Keyfobber\r\n", 1},
                                          {"", 1}}));
    Fixture fixture(always(CannedHttpServer::response("401 Unauthorized", challenge, "who?")));
    const auto outcome = fixture.run({"/x"});
    CHECK(outcome.code == code);
    CHECK(outcome.out == "who?");
    const std::string line = "error: HTTP 401 Unauthorized; the session is over: " KEYFOB_CLI_NAME " login " +
                             fixture.server.origin() + "\n"; // CL-06: one line
    CHECK(outcome.err == (code == 4 ? line : "error: HTTP 401 Unauthorized\n"));
    CHECK_FALSE(contains(outcome.err, "kfs_canary"));
}

TEST_CASE("CL-06: signed out, do is exit 4 and one line, and starts no login", "[cli]") {
    CommandFixture fixture([](const FakeAgent::Request& request) {
        return FakeAgent::error(request, "sign_in_needed", "nobody is signed in", "cli login SERVER");
    });
    const auto outcome = fixture.run({"do", "/x"});
    CHECK(outcome.code == 4);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "error: nobody is signed in; cli login SERVER\n");
    CHECK(fixture.agent().methods() == std::vector<std::string>{"hello", "hand_out"});
}

TEST_CASE("the agent's refusals keep their exit codes", "[cli]") {
    const auto [word, code] = GENERATE(table<std::string, int>({{"usage", 3},
                                                                {"keychain_locked", 5},
                                                                {"refused", 6},
                                                                {"keychain_unreachable", 8},
                                                                {"timed_out", 9},
                                                                {"keychain_denied", 10}}));
    CommandFixture fixture(
        [word = word](const FakeAgent::Request& request) { return FakeAgent::error(request, word, "no"); });
    CHECK(fixture.run({"do", "/x"}).code == code);
}

TEST_CASE("a hand-out that makes no sense sends nothing", "[cli]") {
    const std::string answer = GENERATE(
        R"({})", R"({"headers":[],"account":{"server":"http://127.0.0.1:1"}})",
        R"({"headers":[["Cookie"]],"account":{"server":"http://127.0.0.1:1"}})",
        R"({"headers":[["Cookie",5]],"account":{"server":"http://127.0.0.1:1"}})", R"({"headers":[["Cookie","a"]]})",
        R"({"headers":"Cookie: a","account":{}})", R"({"headers":[["Cookie","a"]],"account":{"server":"file:///etc"}})",
        R"({"headers":[["Coo\r\nkie","a"]],"account":{"server":"http://127.0.0.1:1"}})");
    CommandFixture fixture([=](const FakeAgent::Request& request) { return FakeAgent::result(request, answer); });
    const auto outcome = fixture.run({"do", "/x"});
    CHECK((outcome.code == 7 || outcome.code == 1));
    CHECK(outcome.out.empty());
}

TEST_CASE("redirects on the same server are followed with the session, by GET", "[cli]") {
    Fixture fixture([](const std::string& request) {
        if (request.starts_with("GET /end "))
            return ok("arrived");
        return CannedHttpServer::response("303 See Other", "Location: /end\r\n", "not this");
    });
    const auto outcome = fixture.run({"/x", "-d", "a=b"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == "arrived");
    CHECK(fixture.request(0).starts_with("POST /x "));
    CHECK(fixture.request(1).starts_with("GET /end "));
    CHECK(contains(fixture.request(1), k_secret));
    CHECK_FALSE(contains(fixture.request(1), "Content-Type"));
    CHECK_FALSE(contains(fixture.request(1), "a=b"));
}

TEST_CASE("AG-08: another server never sees the cookie, nor a request at all", "[cli]") {
    CannedHttpServer other(always(ok("stolen")));
    Fixture fixture(
        always(CannedHttpServer::response("302 Found", "Location: " + other.origin() + "/\r\n", "over there")));
    const auto outcome = fixture.run({"/x"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out == "over there");
    CHECK(contains(outcome.err, "note: the redirect is not followed"));
    CHECK(other.requests().empty());
}

TEST_CASE("a circle of redirects ends", "[cli]") {
    Fixture fixture(always(CannedHttpServer::response("302 Found", "Location: /again\r\n", "")));
    CHECK(fixture.run({"/x"}).code == 1);
    CHECK(fixture.server.requests().size() == 11);
}

TEST_CASE("-i prints the head first, harmless to a terminal", "[cli]") {
    Fixture fixture(always(CannedHttpServer::response("200 OK",
                                                      "X-Text: caf\xc3\xa9 \xc2\x9b"
                                                      "31m\r\n",
                                                      "body")));
    const auto outcome = fixture.run({"/x", "-i"});
    CHECK(outcome.out.starts_with("HTTP/1.1 200 OK\r\nX-Text: caf"));
    CHECK(outcome.out.ends_with("\r\n\r\nbody"));
    CHECK_FALSE(contains(outcome.out, "\xc2\x9b"));
}

TEST_CASE("-o writes to a file", "[cli]") {
    Fixture fixture(always(ok("body")));
    const std::string path = fixture.command.directory().file("out");
    std::ofstream(path) << "longer than what comes";
    CHECK(fixture.run({"/x", "-o", path}).out.empty());
    CHECK(content_of(path) == "body");
    CHECK(fixture.run({"/x", "-o", "-"}).out == "body");
    for (const char* wrong : {"/nowhere/file", "/dev/full", "/"}) {
        CAPTURE(wrong);
        const auto outcome = fixture.run({"/x", "-o", wrong});
        CHECK(outcome.code == 1);
        CHECK(contains(outcome.err, std::string("error: cannot write ") + wrong));
    }
}

TEST_CASE("a file is left alone when nothing comes, not all, or an error", "[cli]") {
    Fixture fixture(
        always(GENERATE(as<std::string>{}, "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                        CannedHttpServer::response("404 Not Found", "", "nothing here"))));
    const std::string folder = fixture.command.directory().file("folder");
    std::filesystem::create_directory(folder);
    CHECK(fixture.run({"/x", "-o", folder + "/out"}).code == 1);
    CHECK(std::filesystem::is_empty(folder));
    std::ofstream(folder + "/out") << "before";
    const auto outcome = fixture.run({"/x", "-i", "-o", folder + "/out"});
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(content_of(folder + "/out") == "before");
    CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
}

TEST_CASE("a status that writes nothing to the file says how to see the body", "[cli]") {
    Fixture fixture(always(CannedHttpServer::response("404 Not Found", "", "nothing here")));
    const auto outcome = fixture.run({"/x", "-o", fixture.command.directory().file("out")});
    CHECK(outcome.err == "error: HTTP 404 Not Found\nhint: nothing was written to the file; without -o the answer's "
                         "body is shown\n");
}

TEST_CASE("a replaced file keeps its mode and the link to it; a new one has the usual mode", "[cli]") {
    Fixture fixture(always(ok("body")));
    const std::string file = fixture.command.directory().file("file");
    const std::string link = fixture.command.directory().file("link");
    std::ofstream(file) << "before";
    std::filesystem::permissions(file, std::filesystem::perms{0640});
    std::filesystem::create_symlink("file", link);
    CHECK(fixture.run({"/x", "-o", link}).code == 0);
    CHECK(std::filesystem::is_symlink(link));
    CHECK(content_of(file) == "body");
    CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms{0640});
    const mode_t mask = ::umask(022);
    const std::string made = fixture.command.directory().file("made");
    CHECK(fixture.run({"/x", "-o", made}).code == 0);
    ::umask(mask);
    CHECK(std::filesystem::status(made).permissions() == std::filesystem::perms{0644});
}

TEST_CASE("devices and pipes are written to, not replaced", "[cli]") {
    Fixture fixture(always(ok("body")));
    CHECK(fixture.run({"/x", "-o", "/dev/null"}).code == 0);
    CHECK(std::filesystem::is_character_file("/dev/null"));
    const std::string fifo = fixture.command.directory().file("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const platform::UniqueFd reading(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK(fixture.run({"/x", "-o", fifo}).code == 0);
    char piece[16];
    CHECK(::read(reading.get(), piece, sizeof piece) == 4);
}

TEST_CASE("files without a name are wrong usage", "[cli]") {
    Fixture fixture(always(ok("body")));
    for (const auto& words : {std::vector<std::string>{"/x", "-o", ""}, {"/x", "-d", "@"}}) {
        const auto outcome = fixture.run(words);
        CHECK(outcome.code == 3);
        CHECK(contains(outcome.err, "\nhint: write -"));
    }
    CHECK(fixture.server.requests().empty());
}

TEST_CASE("a truncated body is an error, after what came", "[cli]") {
    Fixture fixture(always("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
    const auto outcome = fixture.run({"/x"});
    CHECK(outcome.code == 1);
    CHECK(outcome.out == "half");
    CHECK(contains(outcome.err, "error: "));
}

TEST_CASE("a server that is not there is exit 1 and named", "[cli]") {
    std::string origin;
    { origin = CannedHttpServer(always("")).origin(); }
    CommandFixture fixture([&](const FakeAgent::Request& request) {
        return FakeAgent::result(request,
                                 R"({"headers":[["Cookie","a=b"]],"account":)" + CommandFixture::account(origin) + "}");
    });
    const auto outcome = fixture.run({"do", "/x"});
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, origin.substr(7)));
}

TEST_CASE("a reader who has seen enough ends it quietly", "[cli]") {
    ::signal(SIGPIPE, SIG_IGN);
    Fixture fixture(always(ok(std::string(1'000'000, 'x'))));
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    const platform::UniqueFd writing(ends[1]);
    const tests::Capture err;
    cli::Console console(writing.get(), err.fd(), fixture.command.environment());
    CHECK(cli::run_program({"do", "/x"}, cli::command_table(), console, fixture.command.environment()) == 0);
    CHECK(err.text().empty());
}

TEST_CASE("a full disk behind stdout is exit 1", "[cli]") {
    Fixture fixture(always(ok("body")));
    const platform::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const tests::Capture err;
    cli::Console console(full.get(), err.fd(), fixture.command.environment());
    CHECK(cli::run_program({"do", "/x"}, cli::command_table(), console, fixture.command.environment()) == 1);
    CHECK(contains(err.text(), "cannot write to standard output"));
}
