#include "platform/http/connection_counts.h"
#include "platform/http/server.h"

#include "tests/unit/platform/http/application.h"

#include <catch2/catch.hpp>

#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using namespace keyfob::platform::http::tests;

namespace {

constexpr int k_slow_peers = 200; // far more than there are threads; both ends need descriptors here

/// From another loopback address than 127.0.0.1.
TcpSocket connect_from(const char* source, std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in own = TcpSocket::loopback(0);
    const sockaddr_in server = TcpSocket::loopback(port);
    if (::inet_pton(AF_INET, source, &own.sin_addr) != 1 ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0)
        throw std::runtime_error("cannot connect");
    return TcpSocket(std::move(fd));
}

Limits limits_of_one_thread() {
    Limits limits = patient_limits();
    limits.fast_threads = limits.upstream_threads = 1;
    return limits;
}

} // namespace

TEST_CASE("OP-04: peers that send half a head or half a body hold no thread") {
    TestApplication application;
    const auto server = start(options_of(limits_of_one_thread()), application);
    const std::string head = "GET /slow HTTP/1.1\r\nHo";
    const std::string body = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab";
    std::vector<TcpSocket> slow;
    for (int i = 0; i < k_slow_peers; ++i) {
        slow.push_back(TcpSocket::connect(server->port()));
        slow.back().send(i % 2 == 0 ? head : body);
    }
    TcpSocket quick = TcpSocket::connect(server->port());
    CHECK(ask(quick, get("/quick")).body == "GET /quick");
    for (int i = 0; i < k_slow_peers; ++i) // and each of them is served once it has said everything
        slow[static_cast<std::size_t>(i)].send(i % 2 == 0 ? "st: a\r\n\r\n" : "c");
    for (int i = 0; i < k_slow_peers; ++i)
        CHECK(read_answer(slow[static_cast<std::size_t>(i)]).body == (i % 2 == 0 ? "GET /slow" : "POST /slow"));
}

TEST_CASE("OP-04: a peer that does not read holds no thread, and gets everything when it does") {
    TestApplication application;
    const std::string large(32U << 20U, 'x'); // more than the buffers of two sockets hold
    application.on_admit = [](const Request&) { return Application::Admission{Pool::loop, {}, std::nullopt}; };
    application.on_handle = [&](const Request& request) {
        return TestApplication::text(request.path == "/large" ? large : "small");
    };
    const auto server = start(options_of(limits_of_one_thread()), application);
    TcpSocket slow = TcpSocket::connect(server->port());
    slow.send(get("/large") + get("/small"));
    TcpSocket quick = TcpSocket::connect(server->port());
    CHECK(ask(quick, get("/small")).body == "small");
    CHECK(read_answer(slow).body == large);
    CHECK(read_answer(slow).body == "small");
}

TEST_CASE("OP-04: who reads a response for longer than its deadline is cut off") {
    Limits limits = limits_of_one_thread();
    limits.write_deadline = std::chrono::milliseconds{30};
    TestApplication application;
    const std::string large(32U << 20U, 'x');
    application.on_handle = [&](const Request&) { return TestApplication::text(large); };
    const auto server = start(options_of(limits), application);
    TcpSocket slow = TcpSocket::connect(server->port());
    slow.send(get("/"));
    pollfd gone{slow.descriptor(), POLLRDHUP, 0}; // nothing is read here: the server has to end it
    CHECK(::poll(&gone, 1, -1) == 1);
    CHECK(slow.read_to_end().size() < large.size());
}

TEST_CASE("OP-04: empty lines do not put the deadline of a head off") {
    Limits limits = patient_limits();
    limits.head_deadline = std::chrono::milliseconds{100};
    TestApplication application;
    const auto server = start(options_of(limits), application);
    TcpSocket endless = TcpSocket::connect(server->port());
    while (endless.send("\r\n")) { // as long as the server takes it
    }
    CHECK(endless.read_to_end().empty());
}

TEST_CASE("an exception where the head is looked at is answered as one of the handler is") {
    TestApplication application;
    application.on_admit = [](const Request& head) {
        if (head.path == "/bad")
            throw std::runtime_error("on purpose");
        return Application::Admission{};
    };
    const auto server = start(options_of(), application);
    TcpSocket good = TcpSocket::connect(server->port());
    CHECK(ask(good, get("/1")).status == 200);
    const Answer bad = ask(good, get("/bad"));
    CHECK(bad.status == 500);
    CHECK(bad.body.find("request-1") != std::string::npos);
    CHECK(bad.body.find("on purpose") == std::string::npos);
    CHECK(ask(good, get("/2")).status == 200);
}

TEST_CASE("OP-04: one address has a number of connections; a proxy's are not counted") {
    ServerOptions options = options_of();
    options.limits.connections_per_address = 2;
    options.is_proxy = [](const std::string& address) { return address == "127.0.0.9"; };
    TestApplication application;
    const auto server = start(std::move(options), application);
    std::vector<TcpSocket> own;
    for (int i = 0; i < 2; ++i) {
        own.push_back(connect_from("127.0.0.2", server->port()));
        CHECK(ask(own.back(), get("/")).status == 200);
    }
    TcpSocket third = connect_from("127.0.0.2", server->port());
    const Answer refused = read_answer(third);
    CHECK(refused.status == 503);
    CHECK(refused.has("Retry-After: 1"));
    CHECK(third.read_to_end().empty());
    TcpSocket other = connect_from("127.0.0.3", server->port());
    CHECK(ask(other, get("/")).status == 200);
    std::vector<TcpSocket> proxied;
    for (int i = 0; i < 5; ++i) {
        proxied.push_back(connect_from("127.0.0.9", server->port()));
        CHECK(ask(proxied.back(), get("/")).status == 200);
    }
    CHECK(ask(own[0], get("/", "Connection: close\r\n")).status == 200);
    CHECK(own[0].read_to_end().empty());
    own[0].close();
    TcpSocket next = connect_from("127.0.0.2", server->port()); // there is room again, once the server has seen the end
    while (ask(next, get("/")).status != 200)
        next = connect_from("127.0.0.2", server->port());
}

TEST_CASE("OP-04: the counts of connections") {
    ConnectionCounts counts(3, 2);
    using Answer = ConnectionCounts::Answer;
    CHECK(counts.enter("a") == Answer::admitted);
    CHECK(counts.enter("a") == Answer::admitted);
    CHECK(counts.enter("a") == Answer::too_many_of_address);
    CHECK(counts.enter("b") == Answer::admitted);
    CHECK(counts.enter("c") == Answer::too_many);
    CHECK(counts.enter("") == Answer::too_many);
    counts.leave("a");
    CHECK(counts.enter("") == Answer::admitted);
    counts.leave("");
    CHECK(counts.enter("a") == Answer::admitted);
}

TEST_CASE("a peer that goes away while its request is handled leaves the server unharmed") {
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
    TcpSocket gone = TcpSocket::connect(server->port());
    gone.send(get("/running") + get("/pipelined"));
    running.wait();
    const linger at_once{1, 0}; // a reset, not an orderly end
    ::setsockopt(gone.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    gone.close();
    TcpSocket other = TcpSocket::connect(server->port());
    CHECK(ask(other, get("/other")).body == "finished");
    release.count_down();
    CHECK(ask(other, get("/other")).body == "finished");
}

TEST_CASE("a handler of the loop's own thread is answered there") {
    TestApplication application;
    std::mutex mutex;
    std::set<std::thread::id> threads;
    application.on_admit = [](const Request&) { return Application::Admission{Pool::loop, {}, std::nullopt}; };
    application.on_handle = [&](const Request&) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
        return TestApplication::text("x");
    };
    ServerOptions options = options_of();
    options.limits.loops = 3;
    const auto server = start(std::move(options), application);
    for (int i = 0; i < 30; ++i) {
        TcpSocket socket = TcpSocket::connect(server->port());
        CHECK(ask(socket, get("/")).status == 200);
    }
    CHECK(threads.size() <= 3);
}

TEST_CASE("OP-08: a request that comes on an idle connection while the server stops is answered") {
    Limits limits = patient_limits();
    limits.stop_grace = std::chrono::minutes{10};
    limits.loops = 2;
    TestApplication application;
    const auto server = start(options_of(limits), application);
    TcpSocket idle = TcpSocket::connect(server->port());
    CHECK(ask(idle, get("/")).status == 200);
    std::thread stopper([&] { server->stop(); });
    wait_until_closed(server->port());
    const Answer answer = ask(idle, get("/late"));
    CHECK(answer.body == "GET /late");
    CHECK(answer.has("Connection: close"));
    CHECK(idle.read_to_end().empty());
    idle.close();
    stopper.join(); // without waiting for the grace: nobody is left
}

TEST_CASE("OP-08: a stop is over at its deadline, whatever a peer does") {
    Limits limits = patient_limits();
    limits.stop_deadline = std::chrono::milliseconds{30};
    TestApplication application;
    const auto server = start(options_of(limits), application);
    TcpSocket slow = TcpSocket::connect(server->port());
    slow.send("GET / HTTP/1.1\r\nHo");
    TcpSocket served = TcpSocket::connect(server->port()); // so that the slow one has been accepted
    CHECK(ask(served, get("/")).status == 200);
    server->stop();
    CHECK(slow.read_to_end().empty());
}
