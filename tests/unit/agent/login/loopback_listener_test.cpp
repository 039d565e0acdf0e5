#include "agent/login/loopback_listener.h"

#include "agent/api/error_code.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/server_answers.h"
#include "tests/support/other_user.h"
#include "tests/support/plain_http.h"
#include "tests/support/standard_error.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <regex>

using namespace keyfob;
using agent::login::LoginFlow;
using agent::login::LoopbackListener;
using platform::Result;
using server::api::k_par_path;
using server::api::k_token_path;
using tests::ask;
using tests::HttpAnswer;
using tests::TcpSocket;
using tests::visit;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

/// A listener on a real socket, with a flow whose server is a script.
struct Fixture {
    fakes::ManualClock clock;
    platform::SystemRandom random;
    fakes::ScriptedTransport transport;
    std::atomic<int> failures{0};
    std::atomic<int> done{0};
    std::unique_ptr<LoopbackListener> listener;
    std::shared_ptr<LoginFlow> flow;

    Fixture() {
        auto opened = LoopbackListener::open(0, random);
        REQUIRE(opened);
        listener = std::move(*opened);
        transport.always(k_par_path, fakes::pushed());
        transport.always(k_token_path, fakes::granted(k_server));
        flow = std::make_shared<LoginFlow>(
            agent::login::FlowOptions{
                platform::Url::parse(k_server)->origin, listener->redirect_uri(), "host", "os", {}},
            agent::login::FlowEvents{[this](server::api::SessionGrant, const platform::jose::EcKey&) {
                                         listener->set_account("<b>ann</b>@a.example");
                                         return Result<void>();
                                     },
                                     [this](const platform::Error&) { ++failures; }},
            transport, clock, random);
        listener->serve(flow, [this] { ++done; });
    }
    [[nodiscard]] std::uint16_t port() const { return platform::Url::parse(listener->start_url())->origin.port; }
    [[nodiscard]] static std::string path_of(const std::string& url) { return platform::Url::parse(url)->path; }

    /// Opens the start page; the URL to which the server would send the browser back.
    std::string callback() const {
        REQUIRE(visit(listener->start_url()).status == 303);
        return fakes::callback_of(transport.requests(k_par_path).back(), k_server);
    }
    /// The server's question for the newest push.
    [[nodiscard]] std::string question() const {
        std::string url = fakes::callback_of(transport.requests(k_par_path).back(), k_server);
        url.replace(url.find("/cb/"), 4, "/preflight/");
        return url + "&challenge=flow.challenge";
    }
    /// Nothing that came before has used the sign-in up.
    void require_unharmed(const std::string& callback_url) const {
        REQUIRE(transport.requests(k_token_path).empty());
        REQUIRE_FALSE(flow->has_ended());
        REQUIRE(failures == 0);
        REQUIRE(visit(callback_url).status == 303);
    }
};

} // namespace

TEST_CASE("AG-01 the listener is bound to 127.0.0.1 and to no other address", "[login]") {
    const Fixture f;
    REQUIRE_NOTHROW(TcpSocket::connect(f.port()));
    sockaddr_in other = TcpSocket::loopback(f.port());
    other.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1); // 127.0.0.2: reached by whoever listens on all addresses
    const platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&other), sizeof other) != 0);
    REQUIRE(errno == ECONNREFUSED);
}

TEST_CASE("AG-01 a connection of another user gets 403, consumes nothing, and is in the log once", "[login]") {
    if (!tests::OtherUser::is_possible()) {
        WARN("only root can pretend to be two users");
        return;
    }
    const Fixture f;
    const std::string callback = f.callback();
    const std::string request = "GET " + platform::Url::parse(callback)->target() +
                                " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(f.port()) + "\r\n\r\n";
    tests::StandardError log;
    for (int i = 0; i < 3; ++i) {
        auto stranger = [&] {
            const tests::OtherUser other;
            return TcpSocket::connect(f.port());
        }();
        REQUIRE(ask(std::move(stranger), request).status == 403);
    }
    const std::string event = R"("event":"browser_refused")";
    const std::string lines = log.wait_for(event);
    REQUIRE(lines.find("belongs to another user") != std::string::npos);
    REQUIRE(lines.find(event) == lines.rfind(event));
    f.require_unharmed(callback);
}

TEST_CASE("CL-05 the listener tells once that a browser has come, and not of what it refuses", "[login]") {
    const Fixture f;
    std::atomic<int> reached{0};
    f.listener->when_reached([&] { ++reached; }); // before the answer is sent
    REQUIRE(visit(f.listener->start_url() + "x").status == 404);
    REQUIRE(visit(f.listener->start_url(), "Content-Length: 0\r\n", "POST").status == 405);
    REQUIRE(visit(f.listener->start_url(), "Origin: https://evil.example\r\n").status == 403);
    REQUIRE(reached == 0);
    REQUIRE(visit(f.listener->start_url()).status == 303);
    REQUIRE(visit(f.listener->start_url()).status == 303);
    REQUIRE(reached == 1);
}

TEST_CASE("AG-01 after its end nobody listens", "[login]") {
    const Fixture f;
    f.listener->stop();
    REQUIRE_THROWS(TcpSocket::connect(f.port()));
    f.listener->stop();
}

TEST_CASE("a port that somebody else has is an error", "[login]") {
    const tests::TcpListener other;
    platform::SystemRandom random;
    REQUIRE_FALSE(LoopbackListener::open(other.port(), random));
}

TEST_CASE("AG-06 the address for the browser is the machine's own and cannot be guessed", "[login]") {
    const Fixture one;
    const Fixture other;
    const std::regex start("http://127\\.0\\.0\\.1:[0-9]+/s/[A-Za-z0-9_-]{22}");
    REQUIRE(std::regex_match(one.listener->start_url(), start));
    REQUIRE(std::regex_match(one.listener->redirect_uri(),
                             std::regex("http://127\\.0\\.0\\.1:[0-9]+/cb/[A-Za-z0-9_-]{22}")));
    REQUIRE(Fixture::path_of(one.listener->start_url()) != Fixture::path_of(other.listener->start_url()));
    REQUIRE(Fixture::path_of(one.listener->start_url()).substr(3) !=
            Fixture::path_of(one.listener->redirect_uri()).substr(4));
}

TEST_CASE("AG-06 the start page leads to the server at once", "[login]") {
    const Fixture f;
    const auto answer = visit(f.listener->start_url(), "Sec-Fetch-Mode: navigate\r\n");
    REQUIRE(answer.status == 303);
    REQUIRE(answer.header("Location").starts_with(k_server + "/authorize?"));
    REQUIRE(answer.header("Cache-Control") == "no-store");
    REQUIRE(answer.header("Referrer-Policy") == "no-referrer");
    REQUIRE(answer.body.empty());
}

TEST_CASE("AS-08 the listener takes the server's question and sends the browser back with the answer", "[login]") {
    const Fixture f;
    const std::string callback = f.callback();
    const auto answer = visit(f.question(), "Sec-Fetch-Mode: navigate\r\n");
    REQUIRE(answer.status == 303);
    REQUIRE(answer.header("Location").starts_with(k_server + "/preflight?proof="));
    REQUIRE(answer.header("Cache-Control") == "no-store");
    REQUIRE(answer.header("Referrer-Policy") == "no-referrer");
    f.require_unharmed(callback);
}

TEST_CASE("AS-08 a question that is wrong, doubled or another page's is not answered and changes nothing", "[login]") {
    const Fixture f;
    const std::string callback = f.callback();
    const std::string question = f.question();
    const std::string bare = question.substr(0, question.find('?'));
    REQUIRE(visit(bare).status == 400);
    REQUIRE(visit(bare + "?challenge=c&state=wrong&iss=http%3A%2F%2F127.0.0.1%3A8420").status == 400);
    REQUIRE(visit(question + "&challenge=other").status == 400);
    REQUIRE(visit(question, "Origin: https://evil.example\r\n").status == 403);
    REQUIRE(visit(question, "Sec-Fetch-Mode: no-cors\r\n").status == 403);
    REQUIRE(visit(question, "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n").status == 403);
    REQUIRE(visit(question, "Content-Length: 0\r\n", "POST").status == 405);
    f.require_unharmed(callback);
}

TEST_CASE("AG-04 the code leaves the address bar, and the last page reflects nothing", "[login]") {
    const Fixture f;
    const auto answer = visit(f.callback() + "&x=%3Cscript%3E");
    REQUIRE(answer.status == 303);
    const std::string clean = answer.header("Location");
    REQUIRE(clean.starts_with("http://127.0.0.1:" + std::to_string(f.port()) + "/done/"));
    REQUIRE(clean.find('?') == std::string::npos);
    REQUIRE(f.done == 0);
    const auto page = visit(clean);
    REQUIRE(page.status == 200);
    REQUIRE(page.header("Cache-Control") == "no-store");
    REQUIRE(page.header("Referrer-Policy") == "no-referrer");
    REQUIRE(page.header("X-Frame-Options") == "DENY");
    REQUIRE(page.header("Content-Security-Policy").starts_with("default-src 'none'"));
    REQUIRE(page.body.find("&lt;b&gt;ann&lt;/b&gt;@a.example") != std::string::npos);
    REQUIRE(page.body.find("code-1") == std::string::npos);
    REQUIRE(f.done == 1);
}

TEST_CASE("AG-04 no answer shows what was asked", "[login]") {
    const Fixture f;
    const std::string mark = "%3Cimg%20id=mark%3E";
    for (const std::string& url :
         {f.listener->redirect_uri() + "?state=" + mark + "&iss=mark&code=mark", f.listener->start_url() + "/" + mark,
          f.listener->redirect_uri() + "?error=mark&error_description=mark",
          f.listener->redirect_uri() + "?%zz=mark"}) {
        const auto answer = visit(url, "User-Agent: mark\r\n");
        REQUIRE(answer.status >= 400);
        REQUIRE((answer.head + answer.body).find("mark") == std::string::npos);
        REQUIRE(answer.header("Cache-Control") == "no-store");
        REQUIRE(answer.header("Content-Security-Policy").starts_with("default-src 'none'"));
    }
}

TEST_CASE("AG-02 only GET counts, and nothing else consumes the sign-in", "[login]") {
    const auto method = GENERATE(values<std::string>({"HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "get"}));
    CAPTURE(method);
    const Fixture f;
    const std::string callback = f.callback();
    const std::size_t pushes = f.transport.requests(k_par_path).size();
    for (const std::string& url : {callback, f.listener->start_url()}) {
        const auto answer = visit(url,
                                  "Content-Length: 0\r\nAccess-Control-Request-Method: GET\r\n"
                                  "Access-Control-Request-Private-Network: true\r\n",
                                  method);
        REQUIRE(answer.status == 405);
        REQUIRE(answer.header("Location").empty());
        REQUIRE(answer.head.find("Access-Control") == std::string::npos);
    }
    REQUIRE(f.transport.requests(k_par_path).size() == pushes);
    f.require_unharmed(callback);
}

TEST_CASE("AG-02 a body is not read", "[login]") {
    const Fixture f;
    const std::string callback = f.callback();
    const std::string body = platform::Url::parse(callback)->query;
    const auto answer = ask(f.port(), "POST " + Fixture::path_of(callback) +
                                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(f.port()) +
                                          "\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
                                          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    REQUIRE(answer.status == 405);
    f.require_unharmed(callback);
}

TEST_CASE("AG-02 only the exact paths count", "[login]") {
    const Fixture f;
    const std::string callback = f.callback();
    const std::string base = "http://127.0.0.1:" + std::to_string(f.port());
    const std::string path = Fixture::path_of(callback);
    const std::string query = "?" + platform::Url::parse(callback)->query;
    const std::string encoded = "/%63b" + path.substr(3);
    for (const std::string& other :
         {std::string("/"), std::string("/favicon.ico"), std::string("/s/"), std::string("/cb/"), path + "/",
          path + ";x", "/" + path, "/x/.." + path, path + "/../x", encoded, path.substr(0, path.size() - 1), path + "x",
          "/CB" + path.substr(3), "/s" + path.substr(3), "/done" + path.substr(3)}) {
        CAPTURE(other);
        const int status = visit(base + other + query).status;
        REQUIRE((status == 404 || status == 400));
    }
    f.require_unharmed(callback);
}

TEST_CASE("AG-02 a name that was made to point at this machine is not ours", "[login]") {
    const Fixture f;
    const std::string callback = f.callback();
    const std::string port = std::to_string(f.port());
    for (const std::string& host : {"localhost:" + port, std::string("127.0.0.1"), "evil.example:" + port,
                                    "127.0.0.1.:" + port, "127.0.0.1:" + port + "0", "127.0.0.2:" + port,
                                    "[::1]:" + port, "evil.example@127.0.0.1:" + port, "127.0.0.1:0" + port}) {
        CAPTURE(host);
        for (const std::string& url : {callback, f.listener->start_url()}) {
            const auto answer = ask(f.port(), "GET " + platform::Url::parse(url)->target() +
                                                  " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
            REQUIRE((answer.status == 421 || answer.status == 400));
        }
    }
    REQUIRE(f.transport.requests(k_par_path).size() == 1);
    f.require_unharmed(callback);
}

TEST_CASE("AG-05 what a page of somebody else sends consumes nothing", "[login]") {
    const auto header = GENERATE(values<std::string>(
        {"Origin: https://evil.example", "Origin: null", "Origin: http://127.0.0.1", "Sec-Fetch-Mode: cors",
         "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Mode: same-origin", "Sec-Fetch-Mode: websocket",
         "Sec-Fetch-Mode: navigate\r\nOrigin: https://evil.example", "Sec-Fetch-Mode: "}));
    CAPTURE(header);
    const Fixture f;
    const std::string callback = f.callback();
    for (const std::string& url : {callback, f.listener->start_url()}) {
        const auto answer = visit(url, header + "\r\n");
        REQUIRE(answer.status == 403);
        REQUIRE(answer.head.find("Access-Control") == std::string::npos);
    }
    REQUIRE(f.transport.requests(k_par_path).size() == 1);
    f.require_unharmed(callback);
}

TEST_CASE("AG-03 a wrong answer on the real path gets the page \"not your sign-in\" and changes nothing", "[login]") {
    const Fixture f;
    const std::string callback = f.callback();
    const auto parameters = *platform::Parameters::parse(platform::Url::parse(callback)->query);
    const std::string state = "state=" + parameters.get("state");
    const std::string issuer = "iss=http%3A%2F%2F127.0.0.1%3A8420";
    for (const std::string& query : {"code=code-1&state=wrong&" + issuer, "code=code-1&" + issuer,
                                     "code=code-1&" + state, "code=code-1&iss=https%3A%2F%2Fevil.example&" + state,
                                     "error=access_denied&state=wrong&" + issuer, std::string()}) {
        CAPTURE(query);
        const auto answer = visit(f.listener->redirect_uri() + "?" + query);
        REQUIRE(answer.status == 400);
        REQUIRE(answer.body.find("Not your sign-in") != std::string::npos);
    }
    f.require_unharmed(callback);
}

TEST_CASE("RP-22 a parameter that stands twice, or is malformed, changes nothing", "[login]") {
    const auto addition = GENERATE(values<std::string>(
        {"&code=code-1", "&code=other", "&state=x", "&iss=http%3A%2F%2F127.0.0.1%3A8420", "&c%6fde=code-1",
         "&error=server_error&error=server_error", "&x=%zz", "&x=%00", "&x=%ff"}));
    CAPTURE(addition);
    const Fixture f;
    const std::string callback = f.callback();
    REQUIRE(visit(callback + addition).status == 400);
    f.require_unharmed(callback);
}

TEST_CASE("S9 the browser sees how a sign-in ended, without anything of the answer", "[login]") {
    struct Row {
        const char* error;
        int status;
        const char* title;
    };
    const auto row = GENERATE(values<Row>({{"access_denied", 200, "Declined"},
                                           {"keyfob_not_allowed", 403, "Not allowed"},
                                           {"server_error", 200, "It did not work"}}));
    const Fixture f;
    const std::string callback = f.callback();
    const auto page = visit(callback.substr(0, callback.find('?')) + "?error=" + row.error +
                            "&error_description=%3Cscript%3Ereasons" + callback.substr(callback.find("&state=")));
    REQUIRE(page.status == row.status);
    REQUIRE(page.body.find(row.title) != std::string::npos);
    REQUIRE(page.body.find("reasons") == std::string::npos);
    REQUIRE(f.failures == 1);
    REQUIRE(visit(f.listener->start_url()).status == 410);
    REQUIRE(f.transport.requests(k_par_path).size() == 1);
}

TEST_CASE("a server that cannot be asked is a page to reload, and no end", "[login]") {
    Fixture f;
    f.transport.then([](const auto&) { return fakes::refused(429, "slow_down", "<b>too many</b>"); });
    const auto page = visit(f.listener->start_url());
    REQUIRE(page.status == 502);
    REQUIRE(page.body.find("&lt;b&gt;too many") != std::string::npos);
    REQUIRE(f.failures == 0);
    f.require_unharmed(f.callback());
}

TEST_CASE("the last page is not there before the end", "[login]") {
    Fixture f;
    const std::string callback = f.callback();
    const std::string clean = visit(callback).header("Location");
    f.listener->set_account("");
    REQUIRE(visit(clean).status == 410);
    REQUIRE(f.done == 0);
}

TEST_CASE("before it serves a sign-in the listener's pages change nothing", "[login]") {
    platform::SystemRandom random;
    const auto listener = LoopbackListener::open(0, random);
    REQUIRE(listener);
    REQUIRE(visit((*listener)->start_url()).status == 410);
    REQUIRE(visit((*listener)->redirect_uri() + "?code=a&state=&iss=").status == 400);
}

TEST_CASE("visitors that stall do not keep the browser out", "[login]") {
    const Fixture f;
    std::vector<TcpSocket> silent;
    for (int i = 0; i < 8; ++i)
        silent.push_back(TcpSocket::connect(f.port())); // says nothing at all
    f.require_unharmed(f.callback());
}
