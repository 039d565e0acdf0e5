#include "agent/ipc/connection.h"

#include "agent/api/messages.h"
#include "agent/ipc/main_loop.h"
#include "tests/support/local_peer.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using agent::ipc::Connection;
using tests::LocalPeer;

namespace {

constexpr std::size_t k_most_output = 1024 * 1024;

/// A connection that notes what it was told, and the command at its other end.
struct Fixture {
    std::vector<std::string> lines;
    int closed = 0;
    std::function<void(const std::shared_ptr<Connection>&)> on_line;
    LocalPeer peer;
    agent::ipc::PollerSource source{platform::Poller::create().value(),
                                    [](void* tag) { static_cast<Connection*>(tag)->on_ready(); }};
    std::shared_ptr<Connection> connection;

    Fixture() : Fixture(LocalPeer::pair()) {}
    ~Fixture() { connection->close(); }

private:
    explicit Fixture(std::pair<LocalPeer, platform::UniqueFd> ends) : peer(std::move(ends.first)) {
        connection = std::make_shared<Connection>(
            source.poller(), std::move(ends.second),
            [this](const std::shared_ptr<Connection>& self, std::string_view line) {
                lines.emplace_back(line);
                if (on_line)
                    on_line(self);
            },
            [this](Connection*) { ++closed; });
        connection->start();
    }
};

} // namespace

TEST_CASE("a line is handed over when its end has come, one octet at a time or many lines at once", "[ipc]") {
    Fixture f;
    for (const char octet : std::string("first"))
        REQUIRE(f.peer.send(std::string(1, octet)));
    REQUIRE(f.lines.empty());
    REQUIRE(f.peer.send("\nsecond\n\nfourth\nfif"));
    REQUIRE(f.lines == std::vector<std::string>{"first", "second", "", "fourth"});
    REQUIRE(f.peer.send("th\n"));
    REQUIRE(f.lines.back() == "fifth");
}

TEST_CASE("AG-09 the longest line is taken, one octet more closes the connection", "[ipc]") {
    const std::string longest(agent::api::k_longest_line - 1, 'x');
    Fixture f;
    REQUIRE(f.peer.send(longest + "\n"));
    REQUIRE(f.lines == std::vector<std::string>{longest});
    SECTION("with its end") {
        f.peer.send(longest + "x\n");
        REQUIRE(f.peer.is_closed());
    }
    SECTION("that never ends: no more is kept than a line may have") {
        REQUIRE(f.peer.send(longest));
        REQUIRE_FALSE(f.peer.is_closed());
        f.peer.send("x");
        REQUIRE(f.peer.is_closed());
    }
    REQUIRE(f.closed == 1);
    REQUIRE(f.lines.size() == 1);
}

TEST_CASE("a first line of HTTP gets no answer", "[ipc]") {
    const std::string request = GENERATE(values<std::string>(
        {"GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n{\"jsonrpc\":\"2.0\"}\n", "PUT / HTTP/1.0\n",
         "HEAD / HTTP/1.1\r\n", "DELETE / HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "PATCH / HTTP/1.1\r\n",
         "CONNECT a:1 HTTP/1.1\r\n", "TRACE / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\n",
         "BREW /pot HTTP/1.1\r\n"}));
    CAPTURE(request);
    Fixture f;
    f.peer.send(request);
    REQUIRE(f.peer.is_closed());
    REQUIRE(f.lines.empty());
    REQUIRE(f.peer.received().empty());
}

TEST_CASE("octets of any value reach the reader of lines as they are", "[ipc]") {
    Fixture f;
    const std::string line("a\0b\xff\x16\r", 6);
    REQUIRE(f.peer.send(line + "\n"));
    REQUIRE(f.lines == std::vector<std::string>{line});
}

TEST_CASE("half a line is nothing, and its sender's end is the connection's", "[ipc]") {
    Fixture f;
    REQUIRE(f.peer.send("whole\nhalf"));
    SECTION("the command has gone") {
        f.peer.close();
    }
    SECTION("the command sends no more") {
        f.peer.end_sending();
        REQUIRE(f.peer.is_closed());
    }
    REQUIRE(f.lines == std::vector<std::string>{"whole"});
    REQUIRE(f.closed == 1);
    REQUIRE_FALSE(f.connection->is_open());
}

TEST_CASE("nothing is read any more after a line that closes", "[ipc]") {
    Fixture f;
    f.on_line = [](const std::shared_ptr<Connection>& self) { self->close(); };
    f.peer.send("first\nsecond\n");
    REQUIRE(f.lines == std::vector<std::string>{"first"});
    REQUIRE(f.closed == 1);
}

TEST_CASE("a connection may lose its owner in the middle of a line", "[ipc]") {
    Fixture f;
    f.on_line = [&f](const std::shared_ptr<Connection>& self) {
        f.connection = std::make_shared<Connection>(f.source.poller(), platform::UniqueFd(), nullptr, nullptr);
        self->close();
    };
    f.peer.send("first\nsecond\n");
    REQUIRE(f.lines == std::vector<std::string>{"first"});
}

TEST_CASE("answers that a slow reader fetches in sips arrive complete and in order", "[ipc]") {
    Fixture f;
    std::string sent;
    for (int i = 0; i < 900; ++i) {
        const std::string line = std::to_string(i) + std::string(1000, '.') + "\n";
        sent += line;
        f.connection->send(line);
    }
    REQUIRE(f.connection->is_open());
    std::string got;
    for (std::string sip = f.peer.sip(777); !sip.empty(); sip = f.peer.sip(777)) {
        got += sip;
        tests::settle();
    }
    REQUIRE(got == sent);
}

TEST_CASE("answers that nobody fetches are kept up to a bound, then the connection ends", "[ipc]") {
    Fixture f;
    const std::string line(16 * 1024, 'a');
    std::size_t sent = 0;
    while (f.connection->is_open() && sent < 16 * k_most_output) {
        f.connection->send(line);
        sent += line.size();
    }
    REQUIRE_FALSE(f.connection->is_open());
    REQUIRE(f.closed == 1);
    REQUIRE(sent > k_most_output); // a command may be as late as that
    REQUIRE(f.peer.is_closed());
    f.connection->send(line); // nobody is harmed by an answer that comes still later
    REQUIRE(f.closed == 1);
}

TEST_CASE("while its answers wait, a command's requests are read", "[ipc]") {
    Fixture f;
    f.connection->send(std::string(k_most_output - 1024, 'a'));
    REQUIRE(f.peer.send("cancel\n"));
    REQUIRE(f.lines == std::vector<std::string>{"cancel"});
}

TEST_CASE("whoever waits for the end of a connection is told once", "[ipc]") {
    Fixture f;
    int told = 0;
    f.connection->when_closed([&] { ++told; });
    f.connection->when_closed([&] {
        ++told;
        f.connection->close(); // from within
    });
    f.peer.close();
    REQUIRE(told == 2);
    f.connection->close();
    REQUIRE(told == 2);
    f.connection->when_closed([&] { ++told; });
    REQUIRE(told == 3);
    REQUIRE(f.closed == 1);
}
