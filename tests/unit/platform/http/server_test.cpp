#include "platform/http/server.h"

#include "tests/unit/platform/http/application.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using namespace keyfob::platform::http::tests;

TEST_CASE("a connection serves one request after the other") {
    TestApplication application;
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    for (int i = 0; i < 20; ++i) {
        const Answer answer = ask(socket, get("/" + std::to_string(i)));
        CHECK(answer.status == 200);
        CHECK(answer.body == "GET /" + std::to_string(i));
        CHECK_FALSE(answer.has("Connection: close"));
    }
}

TEST_CASE("requests that come at once are answered in their order") {
    TestApplication application;
    application.on_admit = [](const Request& head) {
        return Application::Admission{head.path.starts_with("/upstream") ? Pool::upstream : Pool::fast, 1024,
                                      std::nullopt};
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    const std::vector<std::string> paths{"/1", "/upstream/2", "/3", "/upstream/4", "/upstream/5", "/6"};
    std::string requests;
    for (const std::string& path : paths)
        requests += post(path, "body of " + path);
    socket.send("\r\n" + requests + "\r\n\r\n"); // empty lines before a request are ignored (RFC 9112 section 2.2)
    for (const std::string& path : paths)
        CHECK(read_answer(socket).body == "POST " + path);
    const auto seen = application.requests();
    REQUIRE(seen.size() == paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i)
        CHECK(seen[i].body == "body of " + paths[i]);
    CHECK(ask(socket, get("/7")).body == "GET /7");
}

TEST_CASE("a request that comes octet by octet is one request") {
    TestApplication application;
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    for (const char octet : post("/slow", "abc"))
        socket.send({&octet, 1});
    CHECK(read_answer(socket).body == "POST /slow");
    REQUIRE(application.requests().size() == 1);
    CHECK(application.requests()[0].body == "abc");
}

TEST_CASE("a handler sees who asks") {
    TestApplication application;
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    ask(socket, get("/x?y=z", "Cookie: a=b\r\n"));
    const Request request = application.requests().at(0);
    CHECK(request.peer_address == "127.0.0.1");
    CHECK(request.peer_port != 0);
    CHECK_FALSE(request.tls);
    CHECK(request.request_id == "request-1");
    CHECK(request.path == "/x");
    CHECK(request.query == "y=z");
    CHECK(request.cookie("a") == "b");
}

TEST_CASE("a body that nobody read never becomes the next request") {
    TestApplication application;
    application.on_admit = [](const Request& head) {
        Application::Admission admission;
        if (head.path == "/refused")
            admission.refusal = TestApplication::text("no", 404);
        return admission;
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    const Answer answer = ask(socket, post("/refused", get("/smuggled")));
    CHECK(answer.status == 404);
    CHECK(answer.has("Connection: close"));
    CHECK(socket.read_to_end().empty());
    CHECK(application.requests().empty());
}

TEST_CASE("a refusal of a request without a body keeps the connection") {
    TestApplication application;
    application.on_admit = [](const Request& head) {
        Application::Admission admission;
        if (head.path == "/refused")
            admission.refusal = TestApplication::text("no", 404);
        return admission;
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    CHECK(ask(socket, get("/refused")).status == 404);
    CHECK(ask(socket, get("/good")).status == 200);
}

TEST_CASE("OP-04: a body over the limit is 413, unread, and ends the connection") {
    TestApplication application;
    application.on_admit = [](const Request&) { return Application::Admission{Pool::fast, 10, std::nullopt}; };
    const auto server = start(options_of(), application);
    TcpSocket good = TcpSocket::connect(server->port());
    CHECK(ask(good, post("/", std::string(10, 'x'))).status == 200);
    TcpSocket socket = TcpSocket::connect(server->port());
    const Answer answer = ask(socket, post("/", std::string(11, 'x')) + get("/next"));
    CHECK(answer.status == 413);
    CHECK(answer.has("Connection: close"));
    CHECK(socket.read_to_end().empty());
    CHECK(application.requests().size() == 1);
    TcpSocket announced = TcpSocket::connect(server->port()); // nothing of the body was sent yet
    CHECK(ask(announced, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999\r\n\r\n").status == 413);
}

TEST_CASE("a Host that is not ours is 421, before anything is handled") {
    TestApplication application;
    ServerOptions options = options_of();
    options.hosts = {"keyfob.example", "127.0.0.1:8420"};
    const auto server = start(std::move(options), application);
    for (const char* host : {"evil.example", "keyfob.example:8420", "127.0.0.1", "keyfob.example.",
                             "keyfob.example.evil", "keyfob.example, x", "x@keyfob.example", "[::1]"}) {
        TcpSocket socket = TcpSocket::connect(server->port());
        INFO(host);
        const Answer answer = ask(socket, std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n");
        CHECK(answer.status == 421);
        CHECK(answer.body.find("the Host header is not this server's external_url") != std::string::npos);
        CHECK(answer.has("Connection: close"));
    }
    CHECK(application.requests().empty());
    for (const char* host : {"keyfob.example", "KeyFob.Example", "127.0.0.1:8420"}) {
        TcpSocket socket = TcpSocket::connect(server->port());
        CHECK(ask(socket, std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n").status == 200);
    }
}

TEST_CASE("a malformed request is answered and ends the connection") {
    TestApplication application;
    const auto server = start(options_of(), application);
    struct Row {
        const char* request;
        int status;
    };
    for (const Row& row :
         {Row{"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400}, Row{"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 411},
          Row{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
          Row{"GET / HTTP/2.0\r\n\r\n", 505}, Row{"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
          Row{"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417}}) {
        TcpSocket socket = TcpSocket::connect(server->port());
        INFO(row.request);
        const Answer answer = ask(socket, row.request + get("/smuggled"));
        CHECK(answer.status == row.status);
        CHECK(answer.has("Connection: close"));
        CHECK(answer.body.find("request-1") != std::string::npos);
        CHECK(socket.read_to_end().empty());
    }
    CHECK(application.requests().empty());
}

TEST_CASE("an exception of a handler is 500 with the request's id and nothing of its text") {
    TestApplication application;
    application.on_handle = [](const Request& request) -> Response {
        if (request.path == "/standard")
            throw std::runtime_error("s3cret");
        if (request.path == "/other")
            throw 42;
        return TestApplication::text("fine");
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    for (const char* path : {"/standard", "/other"}) {
        const Answer answer = ask(socket, get(path));
        CHECK(answer.status == 500);
        CHECK(answer.body.find("\"request_id\":\"request-1\"") != std::string::npos);
        CHECK((answer.head + answer.body).find("s3cret") == std::string::npos);
    }
    CHECK(ask(socket, get("/good")).body == "fine");
}

TEST_CASE("a header that a handler must not write never leaves the server") {
    TestApplication application;
    application.on_handle = [](const Request& request) {
        Response response = TestApplication::text("body");
        if (request.path == "/value")
            response.headers.add("Location", "/x\r\nSet-Cookie: evil=1");
        else
            response.headers.add("X\r\nSet-Cookie: evil", "1");
        return response;
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    for (const char* path : {"/value", "/name"}) {
        const Answer answer = ask(socket, get(path));
        CHECK(answer.status == 500);
        CHECK((answer.head + answer.body).find("evil") == std::string::npos);
    }
}

TEST_CASE("WH-01: every answer carries the security headers, and a handler may set its own") {
    TestApplication application;
    application.on_handle = [](const Request& request) {
        Response response = TestApplication::text("x");
        if (request.path == "/own")
            response.headers.set("Content-Security-Policy", "default-src 'self'");
        return response;
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    const Answer own = ask(socket, get("/own"));
    CHECK(own.has("Content-Security-Policy: default-src 'self'"));
    CHECK(own.head.find("default-src 'none'") == std::string::npos);
    const Answer good = ask(socket, get("/"));
    const Answer bad = ask(socket, "GET / HTTP/1.1\r\n\r\n");
    for (const Answer* answer : {&good, &bad}) {
        CHECK(answer->has("Cache-Control: no-store"));
        CHECK(answer->has("X-Content-Type-Options: nosniff"));
        CHECK(answer->has("Referrer-Policy: no-referrer"));
        CHECK(answer->has("Cross-Origin-Opener-Policy: same-origin"));
        CHECK(answer->head.find("Content-Security-Policy: default-src 'none'") != std::string::npos);
    }
}

TEST_CASE("HEAD and 204 have no body; HTTP/1.0 and Connection: close end the connection") {
    TestApplication application;
    application.on_handle = [](const Request& request) {
        return TestApplication::text("body", request.path == "/204" ? 204 : 200);
    };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    socket.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    const Answer head = read_answer(socket, /*has_body=*/false);
    CHECK(head.has("Content-Length: 4"));
    const Answer empty = ask(socket, get("/204"));
    CHECK(empty.status == 204);
    CHECK(empty.head.find("Content-Length") == std::string::npos);
    const Answer last =
        ask(socket, get("/", "Connection: close\r\n")); // were there a body before, it would be read here
    CHECK(last.status == 200);
    CHECK(last.has("Connection: close"));
    CHECK(socket.read_to_end().empty());
    TcpSocket old = TcpSocket::connect(server->port());
    CHECK(ask(old, "GET / HTTP/1.0\r\nHost: a\r\n\r\n").has("Connection: close"));
    CHECK(old.read_to_end().empty());
}

TEST_CASE("who expects 100-continue gets it, unless the body is refused") {
    TestApplication application;
    application.on_admit = [](const Request&) { return Application::Admission{Pool::fast, 10, std::nullopt}; };
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(socket.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(ask(socket, "abc").status == 200);
    CHECK(application.requests().at(0).body == "abc");
    CHECK(ask(socket, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n").status ==
          413);
}

TEST_CASE("AG-01: a peer that is not admitted gets 403, and nothing of it is read") {
    TestApplication application;
    ServerOptions options = options_of();
    std::atomic<std::uint16_t> asked_port = 0;
    std::atomic<bool> admit = false;
    options.admit_peer = [&](const std::string& address, std::uint16_t peer_port, std::uint16_t local_port) {
        asked_port = local_port;
        return admit && address == "127.0.0.1" && peer_port != 0;
    };
    const auto server = start(std::move(options), application);
    TcpSocket refused = TcpSocket::connect(server->port());
    CHECK(read_answer(refused).status == 403);
    CHECK(refused.read_to_end().empty());
    CHECK(application.requests().empty());
    CHECK(asked_port == server->port());
    admit = true;
    TcpSocket good = TcpSocket::connect(server->port());
    CHECK(ask(good, get("/")).status == 200);
}

TEST_CASE("TLS on a plain port is closed without an answer") {
    TestApplication application;
    const auto server = start(options_of(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    socket.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
    CHECK(socket.read_to_end().empty());
}

TEST_CASE("OP-08: stopping finishes what runs, closes the rest, and takes nobody new") {
    TestApplication application;
    std::latch running(1);
    std::latch release(1);
    application.on_handle = [&](const Request& request) {
        if (request.path == "/running") {
            running.count_down();
            release.wait();
        }
        return TestApplication::text("finished");
    };
    const auto server = start(options_of(), application);
    TcpSocket idle = TcpSocket::connect(server->port());
    CHECK(ask(idle, get("/")).status == 200);
    TcpSocket busy = TcpSocket::connect(server->port());
    busy.send(get("/running"));
    running.wait();
    std::thread stopper([&] { server->stop(); });
    wait_until_closed(server->port());
    release.count_down();
    const Answer answer = read_answer(busy);
    CHECK(answer.body == "finished");
    CHECK(answer.has("Connection: close"));
    stopper.join();
    CHECK(idle.read_to_end().empty());
    server->stop();
}

TEST_CASE("where a server cannot listen it says why") {
    TestApplication application;
    const auto server = start(options_of(), application);
    ServerOptions taken = options_of();
    taken.port = server->port();
    const auto second = Server::start(std::move(taken), application);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::failed);
    CHECK(second.error().message.find(std::to_string(server->port())) != std::string::npos);
    for (const char* address : {"localhost", "", "1.2.3.4.5", "*"}) {
        ServerOptions wrong = options_of();
        wrong.address = address;
        INFO(address);
        const auto none = Server::start(std::move(wrong), application);
        REQUIRE_FALSE(none);
        CHECK(none.error().kind == ErrorKind::invalid);
    }
}
