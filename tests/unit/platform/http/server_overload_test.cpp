#include "platform/http/server.h"

#include "tests/support/standard_error.h"
#include "tests/unit/platform/http/application.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using namespace keyfob::platform::http::tests;

namespace {

std::size_t count_of(const std::string& needle, const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(needle); at != std::string::npos; at = text.find(needle, at + 1))
        ++count;
    return count;
}

/// No descriptor more can be opened while it lives.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &m_before);
        const int lowest_free = ::dup(STDIN_FILENO);
        ::close(lowest_free);
        const rlimit none{static_cast<rlim_t>(lowest_free), m_before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &m_before); }

private:
    rlimit m_before{};
};

} // namespace

TEST_CASE("OP-04: without descriptors the server says so once, waits, and goes on") {
    TestApplication application;
    const auto server = start(options_of(), application);
    keyfob::tests::StandardError log;
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = TcpSocket::loopback(server->port());
    {
        const NoDescriptors none;
        REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        log.wait_for("accept_failed");
    }
    TcpSocket socket(std::move(fd));
    CHECK(ask(socket, get("/")).status == 200);
    CHECK(count_of("accept_failed", log.text()) == 1);
}

TEST_CASE("OP-04: no more connections are promised than there are descriptors") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit few{300, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    TestApplication application;
    const auto server = start(options_of(), application);
    ::setrlimit(RLIMIT_NOFILE, &before); // the client's ends need some too
    std::vector<TcpSocket> idle;
    int status = 200;
    while (status == 200 && idle.size() < 300) { // each is served once, so that it counts
        idle.push_back(TcpSocket::connect(server->port()));
        status = ask(idle.back(), get("/")).status;
    }
    CHECK(status == 503);
    CHECK(idle.size() < 300);
}

TEST_CASE("pipelined requests beyond one turn are answered in their order") {
    TestApplication application;
    ServerOptions options = options_of();
    options.limits.requests_in_a_row = 2;
    const auto server = start(std::move(options), application);
    TcpSocket greedy = TcpSocket::connect(server->port());
    greedy.send(get("/1") + get("/2") + get("/3") + get("/4") + get("/5"));
    for (const char* path : {"/1", "/2", "/3", "/4", "/5"})
        CHECK(read_answer(greedy).body == std::string("GET ") + path);
}

TEST_CASE("handlers that wait for somebody else delay nobody who does not") {
    Limits limits = patient_limits();
    limits.fast_threads = 1;
    limits.upstream_threads = 2;
    TestApplication application;
    std::latch both_wait(2);
    std::latch release(1);
    application.on_admit = [](const Request& head) {
        return Application::Admission{head.path == "/upstream" ? Pool::upstream : Pool::fast, 10, std::nullopt};
    };
    application.on_handle = [&](const Request& request) {
        if (request.path == "/upstream") {
            both_wait.count_down();
            release.wait();
        }
        return TestApplication::text(request.path);
    };
    const auto server = start(options_of(limits), application);
    TcpSocket first = TcpSocket::connect(server->port());
    TcpSocket second = TcpSocket::connect(server->port());
    first.send(get("/upstream"));
    second.send(get("/upstream"));
    both_wait.wait(); // every thread of that pool is taken
    TcpSocket fast = TcpSocket::connect(server->port());
    for (int i = 0; i < 10; ++i)
        CHECK(ask(fast, get("/fast")).body == "/fast");
    release.count_down();
    CHECK(read_answer(first).body == "/upstream");
    CHECK(read_answer(second).body == "/upstream");
    CHECK(ask(first, get("/fast")).body == "/fast");
}

TEST_CASE("when the queue of a pool is full one more is answered 503 at once, not dropped") {
    Limits limits = patient_limits();
    limits.fast_threads = limits.upstream_threads = limits.queue = 1;
    TestApplication application;
    std::latch running(1);
    std::latch release(1);
    std::latch two_admitted(2);
    application.on_admit = [&](const Request& head) {
        if (head.path != "/upstream")
            return Application::Admission{};
        two_admitted.count_down();
        return Application::Admission{Pool::upstream, 10, std::nullopt};
    };
    application.on_handle = [&](const Request& request) {
        if (request.path == "/upstream" && running.try_wait() == false) {
            running.count_down();
            release.wait();
        }
        return TestApplication::text(request.path);
    };
    const auto server = start(options_of(limits), application);
    TcpSocket first = TcpSocket::connect(server->port());
    first.send(get("/upstream"));
    running.wait();
    TcpSocket second = TcpSocket::connect(server->port());
    second.send(get("/upstream"));
    two_admitted.wait();
    TcpSocket third = TcpSocket::connect(server->port());
    CHECK(ask(third, get("/fast")).status == 200); // by the one fast thread, so it has queued the second before
    application.on_admit = [](const Request&) { return Application::Admission{Pool::upstream, 10, std::nullopt}; };
    const Answer refused = ask(third, get("/upstream"));
    CHECK(refused.status == 503);
    CHECK(refused.head.find("\r\nRetry-After: ") != std::string::npos);
    release.count_down();
    CHECK(read_answer(first).status == 200);
    CHECK(read_answer(second).status == 200);
}

TEST_CASE("OP-04: a connection over the limit is told so") {
    Limits limits = patient_limits();
    limits.connections = 1;
    TestApplication application;
    const auto server = start(options_of(limits), application);
    TcpSocket first = TcpSocket::connect(server->port());
    TcpSocket second = TcpSocket::connect(server->port());
    CHECK(read_answer(second).status == 503);
    CHECK(second.read_to_end().empty());
    CHECK(ask(first, get("/")).status == 200);
}

TEST_CASE("OP-04: a slow head and a slow body end at their deadline") {
    Limits limits = patient_limits();
    limits.head_deadline = limits.body_deadline = std::chrono::milliseconds{30};
    TestApplication application;
    const auto server = start(options_of(limits), application);
    for (const char* part : {"GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}) {
        TcpSocket socket = TcpSocket::connect(server->port());
        const Answer answer = ask(socket, part);
        CHECK(answer.status == 408);
        CHECK(answer.has("Connection: close"));
        CHECK(socket.read_to_end().empty());
    }
    CHECK(application.requests().empty());
}

TEST_CASE("OP-04: a connection that says nothing is closed, before and after a request") {
    Limits limits = patient_limits();
    limits.idle = std::chrono::milliseconds{30};
    TestApplication application;
    const auto server = start(options_of(limits), application);
    TcpSocket silent = TcpSocket::connect(server->port());
    CHECK(silent.read_to_end().empty());
    TcpSocket served = TcpSocket::connect(server->port());
    served.send(get("/"));
    CHECK(read_answer(served).status == 200);
    CHECK(served.read_to_end().empty());
}

TEST_CASE("a client that goes in the middle leaves the server unharmed") {
    TestApplication application;
    const auto server = start(options_of(), application);
    for (const std::string& part : {std::string(), std::string("GET / HT"),
                                    std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"), get("/"),
                                    get("/1") + get("/2") + "GET"}) {
        TcpSocket socket = TcpSocket::connect(server->port());
        socket.send(part);
        socket.close();
    }
    TcpSocket half = TcpSocket::connect(server->port()); // has said everything, still listens
    half.send(get("/half"));
    half.end_sending();
    CHECK(read_answer(half).body == "GET /half");
    TcpSocket good = TcpSocket::connect(server->port());
    CHECK(ask(good, get("/good")).status == 200);
}

TEST_CASE("many connections at once are all answered") {
    TestApplication application;
    const auto server = start(options_of(), application);
    constexpr int k_clients = 16;
    std::atomic<int> right = 0;
    std::latch begin(k_clients);
    std::vector<std::thread> threads;
    for (int i = 0; i < k_clients; ++i)
        threads.emplace_back([&, i] {
            TcpSocket socket = TcpSocket::connect(server->port());
            begin.arrive_and_wait();
            for (int j = 0; j < 50; ++j) {
                const std::string path = "/" + std::to_string(i) + "/" + std::to_string(j);
                right += ask(socket, get(path)).body == "GET " + path ? 1 : 0;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(right == k_clients * 50);
}
