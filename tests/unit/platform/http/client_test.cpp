#include "platform/http/client.h"

#include "tests/support/tcp_socket.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using keyfob::tests::TcpListener;
using keyfob::tests::TcpSocket;

namespace {

/// Serves one connection by `script` in a thread of its own.
class FakeServer {
public:
    using Script = std::function<void(TcpSocket& peer)>;
    explicit FakeServer(Script script)
        : m_thread([this, script = std::move(script)] {
              TcpSocket peer = m_listener.accept();
              script(peer);
          }) {}
    /// Reads the request's head and answers with these octets, then closes.
    explicit FakeServer(std::string answer)
        : FakeServer([answer = std::move(answer)](TcpSocket& peer) {
              peer.read_until("\r\n\r\n");
              peer.send(answer);
          }) {}
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;
    ~FakeServer() { m_thread.join(); }

    [[nodiscard]] Url url(const std::string& target = "/") const {
        return Url::parse("http://127.0.0.1:" + std::to_string(m_listener.port()) + target).value();
    }

private:
    TcpListener m_listener;
    std::thread m_thread;
};

/// A file in memory, to be read from its beginning.
UniqueFd file_of(const std::string& content) {
    UniqueFd file(::memfd_create("body", MFD_CLOEXEC));
    REQUIRE(::pwrite(file.get(), content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
    return file;
}

ClientOptions patient() {
    ClientOptions options;
    options.connect_deadline = options.total_deadline = options.silence_deadline = std::chrono::minutes{10};
    return options;
}

Result<ClientResponse> fetch(const Url& url, const ClientOptions& options = patient(),
                             const std::string& method = "GET") {
    ClientRequest request;
    request.method = method;
    request.url = url;
    return Client(options).fetch(request);
}

Result<ClientResponse> fetch_answer(const std::string& answer, const ClientOptions& options = patient(),
                                    const std::string& method = "GET") {
    const FakeServer server(answer);
    return fetch(server.url(), options, method);
}

void check_error(const Result<ClientResponse>& response, ErrorKind kind) {
    REQUIRE_FALSE(response);
    INFO(response.error().message);
    CHECK(response.error().kind == kind);
    CHECK(response.error().message.find("127.0.0.1") != std::string::npos);
}

} // namespace

TEST_CASE("a request is written as asked, one a connection") {
    std::promise<std::string> seen;
    const FakeServer server([&](TcpSocket& peer) {
        const std::string head = peer.read_until("\r\n\r\n");
        seen.set_value(head + peer.read_exactly(4));
        peer.send("HTTP/1.1 201 Very Good\r\nX: y\r\nContent-Length: 2\r\n\r\nok");
    });
    ClientRequest request;
    request.method = "POST";
    request.url = server.url("/a%20b?c=d");
    request.headers.add("DPoP", "proof");
    request.body = "body";
    const auto response = Client(patient()).fetch(request);
    REQUIRE(response);
    CHECK(response->status == 201);
    CHECK(response->reason == "Very Good");
    CHECK(*response->headers.find("x") == "y");
    CHECK(response->body == "ok");
    CHECK(seen.get_future().get() == "POST /a%20b?c=d HTTP/1.1\r\nHost: " + request.url.origin.authority() +
                                         "\r\nDPoP: proof\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
}

TEST_CASE("a header with a line end is refused before anything is sent") {
    const TcpListener listener;
    ClientRequest request;
    request.url = Url::parse("http://127.0.0.1:" + std::to_string(listener.port()) + "/").value();
    SECTION("value") {
        request.headers.add("X", "a\r\nEvil: b");
    }
    SECTION("name") {
        request.headers.add("X: a\r\nEvil", "b");
    }
    const auto response = Client(patient()).fetch(request);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::invalid);
    CHECK(response.error().message.find("Evil") == std::string::npos);
}

TEST_CASE("a body is what its framing says") {
    struct Row {
        const char* name;
        std::string answer;
        std::string body;
    };
    const Row row = GENERATE(values<Row>({
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
        {"length, and more behind it", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world", "hello"},
        {"length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
        {"no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "x"},
        {"to the end", "HTTP/1.0 200 OK\r\n\r\nhello", "hello"},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n",
         "abc0123456789"},
        {"chunked with extensions and trailers",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n0;c\r\nX: y\r\nZ: 1\r\n\r\n", "ok"},
        {"204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", ""},
        {"304", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
        {"after 1xx",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
         "2\r\n\r\nok",
         "ok"},
    }));
    INFO(row.name);
    const auto response = fetch_answer(row.answer);
    REQUIRE(response);
    CHECK(response->status >= 200);
    CHECK(response->body == row.body);
}

TEST_CASE("an answer to HEAD has no body") {
    const auto response = fetch_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", patient(), "HEAD");
    REQUIRE(response);
    CHECK(response->body.empty());
}

TEST_CASE("an answer that is truncated, ambiguous or no HTTP is an error, never half an answer") {
    struct Row {
        const char* name;
        std::string answer;
    };
    std::string many_interim;
    for (int i = 0; i < 9; ++i)
        many_interim += "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
    const Row row = GENERATE_COPY(values<Row>({
        {"body too short", ok + "Content-Length: 5\r\n\r\nhell"},
        {"no body at all", ok + "Content-Length: 5\r\n\r\n"},
        {"head too short", "HTTP/1.1 200 OK\r\nContent-Le"},
        {"chunk too short", chunked + "5\r\nhell"},
        {"no last chunk", chunked + "5\r\nhello\r\n"},
        {"no end of the trailers", chunked + "5\r\nhello\r\n0\r\n"},
        {"half a chunk's size", chunked + "5"},
        {"chunk longer than it says", chunked + "5\r\nhello world\r\n0\r\n\r\n"},
        {"chunk size no number", chunked + "x\r\nhello\r\n0\r\n\r\n"},
        {"chunk size empty", chunked + "\r\nhello\r\n0\r\n\r\n"},
        {"chunk size negative", chunked + "-5\r\nhello\r\n0\r\n\r\n"},
        {"chunk size with 0x", chunked + "0x5\r\nhello\r\n0\r\n\r\n"},
        {"chunk size past 64 bits", chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n"},
        {"chunk line by bare LF", chunked + "5\nhello\n0\n\n"},
        {"chunk size without end", chunked + std::string(100'000, '0')},
        {"two lengths", ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
        {"two lengths in one", ok + "Content-Length: 5, 5\r\n\r\nhello"},
        {"length and chunked", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"gzip, chunked", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"chunked twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"identity", ok + "Transfer-Encoding: identity\r\n\r\nhello"},
        {"length +5", ok + "Content-Length: +5\r\n\r\nhello"},
        {"length -1", ok + "Content-Length: -1\r\n\r\nhello"},
        {"length 0x5", ok + "Content-Length: 0x5\r\n\r\nhello"},
        {"length empty", ok + "Content-Length:\r\n\r\nhello"},
        {"folded line", ok + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
        {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
        {"blank before the colon", ok + "Content-Length : 5\r\n\r\nhello"},
        {"NUL in a value", ok + std::string("X: a\0b\r\n", 8) + "Content-Length: 0\r\n\r\n"},
        {"status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
        {"status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
        {"status 600", "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n"},
        {"status 099", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"},
        {"HTTP/2", "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
        {"HTML", "<html>\r\n\r\n"},
        {"too many interim answers", many_interim + ok + "Content-Length: 0\r\n\r\n"},
    }));
    INFO(row.name);
    check_error(fetch_answer(row.answer), ErrorKind::invalid);
}

TEST_CASE("a connection that ends without an answer is unreachable") {
    check_error(fetch_answer(""), ErrorKind::unreachable);
    check_error(fetch_answer("HTTP/1.1 100 Continue\r\n\r\n"), ErrorKind::unreachable);
    TcpListener listener;
    const Url url = Url::parse("http://127.0.0.1:" + std::to_string(listener.port()) + "/").value();
    listener = TcpListener(); // nobody listens on the first port any more
    check_error(fetch(url), ErrorKind::unreachable);
}

TEST_CASE("OP-04: a head or a body over its limit is an error, up to it is none") {
    ClientOptions options = patient();
    options.response_body_bytes = 10;
    for (const std::string& end : {std::string(10, 'x'), std::string(11, 'x')}) {
        const bool good = end.size() == 10;
        for (const std::string& answer :
             {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(end.size()) + "\r\n\r\n" + end,
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n" + std::to_string(end.size() - 5) +
                  "\r\n" + end.substr(5) + "\r\n0\r\n\r\n",
              "HTTP/1.0 200 OK\r\n\r\n" + end}) {
            INFO(answer);
            const auto response = fetch_answer(answer, options);
            if (good)
                CHECK(response);
            else
                check_error(response, ErrorKind::invalid);
        }
    }
    options = patient();
    options.response_head_bytes = 100;
    const auto with_head = [](std::size_t size) {
        const std::string rest = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \r\n\r\n";
        return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + std::string(size - rest.size(), 'x') + "\r\n\r\n";
    };
    CHECK(fetch_answer(with_head(100), options));
    check_error(fetch_answer(with_head(101), options), ErrorKind::invalid);
    check_error(fetch_answer("HTTP/1.1 200 OK\r\nX: " + std::string(1'000'000, 'x'), options), ErrorKind::invalid);
}

TEST_CASE("a peer that is slow ends at the deadline, wherever it stops") {
    ClientOptions options = patient();
    const std::string said = GENERATE(
        as<std::string>{}, "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "HTTP/1.0 200 OK\r\n\r\nhel");
    SECTION("of the whole") {
        options.total_deadline = std::chrono::milliseconds{30};
    }
    SECTION("of one silence") {
        options.total_deadline = std::chrono::milliseconds{0};
        options.silence_deadline = std::chrono::milliseconds{30};
    }
    const FakeServer server([&](TcpSocket& peer) {
        peer.read_until("\r\n\r\n");
        peer.send(said);
        peer.read_to_end(); // until the client has given up
    });
    check_error(fetch(server.url(), options), ErrorKind::timed_out);
}

TEST_CASE("a peer that never stops sending ends at the deadline of the whole") {
    ClientOptions options = patient();
    options.total_deadline = std::chrono::milliseconds{50};
    options.response_head_bytes = options.response_body_bytes = 1ULL << 50U;
    const std::string piece(GENERATE(1U, 65'536U),
                            'x'); // drop by drop, or so fast that there is always something to read
    const std::string head = GENERATE(
        as<std::string>{}, "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n");
    const FakeServer server([&](TcpSocket& peer) {
        peer.send(head);
        while (peer.send(piece)) {
        }
    });
    check_error(fetch(server.url(), options), ErrorKind::timed_out);
}

TEST_CASE("RP-17: a redirect is an answer, and is not followed") {
    const TcpListener elsewhere;
    const auto response =
        fetch_answer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" + std::to_string(elsewhere.port()) +
                     "/\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(response);
    CHECK(response->status == 302);
    CHECK(response->headers.find("Location") != nullptr);
    CHECK_FALSE(elsewhere.has_visitor());
}

TEST_CASE("RP-17: an address that is not allowed is never connected") {
    const TcpListener listener;
    ClientOptions options = patient();
    std::string asked;
    options.allow_address = [&](const std::string& ip) {
        asked = ip;
        return false;
    };
    const auto url = Url::parse("http://127.0.0.1:" + std::to_string(listener.port()) + "/").value();
    check_error(fetch(url, options), ErrorKind::denied);
    CHECK(asked == "127.0.0.1");
    CHECK_FALSE(listener.has_visitor());
}

TEST_CASE("streaming hands on the head first, then the pieces, and says when the end is missing") {
    const bool complete = GENERATE(true, false);
    const FakeServer server("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" +
                            std::string(complete ? 200'000 : 199'999, 'x'));
    ClientRequest request;
    request.url = server.url();
    std::string events;
    std::size_t received = 0;
    const auto response = Client(patient()).stream(
        request,
        [&](const ClientResponse& head) {
            events += "head " + std::to_string(head.status);
            return true;
        },
        [&](std::string_view piece) {
            CHECK_FALSE(piece.empty());
            CHECK(events == "head 200");
            received += piece.size();
            return true;
        });
    CHECK(received == (complete ? 200'000 : 199'999));
    if (complete)
        CHECK(response);
    else
        check_error(response, ErrorKind::invalid);
}

TEST_CASE("streaming stops when told to, with a peer that would never end") {
    const FakeServer server([](TcpSocket& peer) {
        peer.read_until("\r\n\r\n");
        peer.send("HTTP/1.0 200 OK\r\n\r\n");
        while (peer.send(std::string(10'000, 'x'))) {
        }
    });
    ClientRequest request;
    request.url = server.url();
    bool stop_at_head = GENERATE(true, false);
    const auto response = Client(patient()).stream(
        request, [&](const ClientResponse&) { return !stop_at_head; }, [](std::string_view) { return false; });
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::cancelled);
}

TEST_CASE("a body from a file is sent whole; one that ends early is an error") {
    const std::string body(300'000, 'b');
    std::promise<std::size_t> received;
    const bool complete = GENERATE(true, false);
    const FakeServer server([&](TcpSocket& peer) {
        peer.read_until("\r\n\r\n");
        received.set_value(peer.read_exactly(body.size()).size());
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const UniqueFd file = file_of(complete ? body : body.substr(1));
    ClientRequest request;
    request.method = "PUT";
    request.url = server.url();
    request.body_file = file.get();
    request.body_length = body.size();
    const auto response = Client(patient()).fetch(request);
    if (complete)
        CHECK(response);
    else
        check_error(response, ErrorKind::failed);
    CHECK(received.get_future().get() == (complete ? body.size() : body.size() - 1));
}

TEST_CASE("a body that the server does not read is not sent to its end: its answer is delivered") {
    const bool from_file = GENERATE(true, false);
    const std::string interim = GENERATE(as<std::string>{}, "", "HTTP/1.1 100 Continue\r\n\r\n");
    std::promise<void> answered;
    const FakeServer server([&](TcpSocket& peer) {
        peer.send(interim + "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?");
        answered.get_future().wait(); // and reads nothing
    });
    const std::string body(32'000'000, 'b');
    const UniqueFd file = file_of(body);
    ClientRequest request;
    request.method = "PUT";
    request.url = server.url();
    if (from_file) {
        request.body_file = file.get();
        request.body_length = body.size();
    } else {
        request.body = body;
    }
    const auto response = Client(patient()).fetch(request);
    answered.set_value();
    REQUIRE(response);
    CHECK(response->status == 401);
    CHECK(response->body == "who?");
}

TEST_CASE("a refusal ends the sending also to a server that goes on reading") {
    std::promise<std::size_t> received;
    const std::string body(32'000'000, 'b');
    const FakeServer server([&](TcpSocket& peer) {
        peer.read_until("\r\n\r\n");
        peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        received.set_value(peer.read_to_end().size());
    });
    const UniqueFd file = file_of(body);
    ClientRequest request;
    request.method = "PUT";
    request.url = server.url();
    request.body_file = file.get();
    request.body_length = body.size();
    const auto response = Client(patient()).fetch(request);
    REQUIRE(response);
    CHECK(response->status == 413);
    CHECK(received.get_future().get() < body.size());
}

TEST_CASE("a 2xx that comes early refuses nothing: the body is sent whole") {
    std::promise<std::size_t> received;
    const std::string body(8'000'000, 'b');
    const FakeServer server([&](TcpSocket& peer) {
        peer.read_until("\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        received.set_value(peer.read_exactly(body.size()).size());
    });
    ClientRequest request;
    request.method = "PUT";
    request.url = server.url();
    request.body = body;
    const auto response = Client(patient()).fetch(request);
    REQUIRE(response);
    CHECK(response->body == "ok");
    CHECK(received.get_future().get() == body.size());
}

TEST_CASE("https without a TLS context is an error, not plain text") {
    const TcpListener listener;
    const auto response = fetch(Url::parse("https://127.0.0.1:" + std::to_string(listener.port()) + "/").value());
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::failed);
}
