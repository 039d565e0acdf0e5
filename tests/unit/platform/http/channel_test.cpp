#include "platform/http/channel.h"
#include "platform/http/connect.h"
#include "tests/support/must.h"
#include "tests/support/tcp_socket.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <thread>

using namespace keyfob::platform;
using http::Channel;
using keyfob::tests::must;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::minutes k_long{2};
constexpr std::size_t k_more_than_buffers = 64 * 1024 * 1024; // of both ends together

struct Pair {
    keyfob::tests::TcpListener listener;
    Channel writer{must(http::connect_any(must(http::resolve("127.0.0.1", listener.port())), k_long))};
    keyfob::tests::TcpSocket reader = listener.accept();
};

} // namespace

TEST_CASE("a peer that does not read is waited for until the deadline, and is not lost", "[platform][http]") {
    Pair pair;
    const auto written =
        pair.writer.write(std::string(k_more_than_buffers, 'x'), steady_clock::now() + std::chrono::milliseconds{300});
    REQUIRE_FALSE(written);
    CHECK(written.error().kind == ErrorKind::timed_out);
}

TEST_CASE("what is more than the buffers hold arrives whole", "[platform][http]") {
    Pair pair;
    const std::string first(k_more_than_buffers, 'x');
    std::size_t total = 0;
    // The reader begins when the writer must wait already: it has been seen to have filled the buffers.
    REQUIRE_FALSE(pair.writer.write(first, steady_clock::now() + std::chrono::milliseconds{300}));
    std::thread reading([&] {
        std::string piece(1024 * 1024, ' ');
        for (ssize_t count = 0; (count = ::recv(pair.reader.descriptor(), piece.data(), piece.size(), 0)) > 0;)
            total += static_cast<std::size_t>(count);
    });
    const bool written = pair.writer.write(first, steady_clock::now() + k_long).has_value();
    pair.writer.shutdown_write();
    reading.join();
    CHECK(written);
    CHECK(total > first.size());
}
