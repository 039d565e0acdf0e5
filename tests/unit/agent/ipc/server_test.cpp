#include "agent/ipc/server.h"

#include "agent/api/error_code.h"
#include "platform/json.h"
#include "platform/unix_socket.h"
#include "tests/support/local_peer.h"
#include "tests/support/other_user.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <deque>

#include <sys/resource.h>
#include <sys/un.h>

using namespace keyfob;
using agent::ipc::Call;
using tests::LocalPeer;
namespace json = platform::json;
using Poco::JSON::Object;

namespace {

constexpr std::size_t k_most_connections = 512;

std::string request(int id, const std::string& method = "status") {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method + "\"}\n";
}

std::vector<Object::Ptr> objects(const std::string& lines) {
    std::vector<Object::Ptr> found;
    for (std::size_t begin = 0; begin < lines.size();) {
        const std::size_t end = lines.find('\n', begin);
        REQUIRE(end != std::string::npos);
        const auto object = json::parse_object(lines.substr(begin, end - begin));
        REQUIRE(object);
        found.push_back(*object);
        begin = end + 1;
    }
    return found;
}

std::vector<std::int64_t> ids(const std::string& lines) {
    std::vector<std::int64_t> found;
    for (const auto& object : objects(lines))
        found.push_back(json::get_integer(*object, "id").value_or(-1));
    return found;
}

/// The agent's socket, with a dispatcher that answers at once, or keeps the calls for the test to answer.
struct Fixture {
    tests::TemporaryDirectory directory;
    std::vector<std::string> methods;
    std::deque<Call> kept;
    bool keeps = false;
    std::optional<agent::ipc::Server> server;

    Fixture() {
        auto listener = platform::listen_unix(directory.file("s"));
        REQUIRE(listener);
        auto poller = platform::Poller::create();
        REQUIRE(poller);
        server.emplace(std::move(*poller), std::move(*listener), [this](Call call) {
            methods.push_back(call.method);
            if (keeps)
                return kept.push_back(std::move(call));
            call.answer(json::Value::object());
        });
    }
    LocalPeer connect() const {
        auto socket = platform::connect_unix(directory.file("s"));
        REQUIRE(socket);
        tests::settle();
        return LocalPeer(std::move(*socket));
    }
};

} // namespace

TEST_CASE("requests may be sent without waiting, and answers come in any order", "[ipc]") {
    Fixture f;
    f.keeps = true;
    auto peer = f.connect();
    REQUIRE(peer.send(request(1) + request(2) + request(3)));
    REQUIRE(peer.received().empty());
    f.kept[1].answer(json::Value::object());
    f.kept[2].answer(platform::Error{platform::ErrorKind::failed, "no", "", agent::api::k_refused});
    f.kept[0].answer(json::Value::object());
    REQUIRE(ids(peer.received()) == std::vector<std::int64_t>{2, 3, 1});
}

TEST_CASE("an id comes back as it was sent", "[ipc]") {
    const std::string id = GENERATE(
        values<std::string>({"7", "-1", "9223372036854775807", R"("a")", R"("")", R"("<\"\\\n>")", R"("\u00fc")"}));
    Fixture f;
    auto peer = f.connect();
    REQUIRE(peer.send(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"status"})" + "\n"));
    const auto answers = objects(peer.received());
    REQUIRE(answers.size() == 1);
    const auto sent = json::parse_object("{\"id\":" + id + "}");
    REQUIRE(answers[0]->get("id").type() == (*sent)->get("id").type());
    REQUIRE(answers[0]->get("id").toString() == (*sent)->get("id").toString());
}

TEST_CASE("a line that is no request is answered without an id, and harms nothing", "[ipc]") {
    const std::string good = R"({"jsonrpc":"2.0","id":1,"method":"status"})";
    const std::string line = GENERATE_COPY(values<std::string>(
        {"", "null", "{}", "[]", "[" + good + "]", good + good, R"({"jsonrpc":"2.0","method":"status"})",
         R"({"jsonrpc":"2.0","id":1,"method":"status","params":[1]})", "{\"jsonrpc\":\"2.0\",\"id\":1",
         std::string("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sta\0tus\"}", 43),
         R"({"jsonrpc":"2.0","id":1,"method":"sta\u0000tus"})", R"({"jsonrpc":"2.0","id":1e300,"method":"status"})",
         R"({"jsonrpc":"2.0","id":99999999999999999999,"method":"status"})",
         R"({"jsonrpc":"2.0","id":true,"method":"status"})",
         "{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"status\"}",
         R"({"jsonrpc":"2.0","id":1,"method":"status","params":)" + std::string(60000, '[') + "}",
         R"({"jsonrpc":"2.0","id":1,"method":"status","params":{"a":)" + std::string(40, '[') + std::string(40, ']') +
             "}}",
         std::string("\x16\x03\x01\x02\x00\x01\x00", 7)}));
    CAPTURE(line);
    Fixture f;
    auto peer = f.connect();
    REQUIRE(peer.send(line + "\n"));
    const auto answers = objects(peer.received());
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0]->isNull("id"));
    REQUIRE(json::get_integer(*json::get_object(*answers[0], "error"), "code") == -32600);
    REQUIRE(f.methods.empty());
    REQUIRE(peer.send(request(2)));
    REQUIRE(ids(peer.received()) == std::vector<std::int64_t>{2});
}

TEST_CASE("eight lines that are no requests end the connection, good ones between them or not", "[ipc]") {
    Fixture f;
    auto peer = f.connect();
    for (int i = 0; i < 7; ++i)
        REQUIRE(peer.send("bad\n" + request(i)));
    REQUIRE_FALSE(peer.is_closed());
    peer.send("bad\n" + request(99));
    REQUIRE(peer.is_closed());
    REQUIRE(f.methods.size() == 7);
}

TEST_CASE("a command that has gone while its answer was made costs nothing", "[ipc]") {
    Fixture f;
    f.keeps = true;
    auto gone = f.connect();
    auto other = f.connect();
    REQUIRE(gone.send(request(1)));
    REQUIRE(other.send(request(2)));
    gone.close();
    REQUIRE_FALSE(f.kept[0].connection->is_open());
    f.kept[0].answer(json::Value::object());
    f.kept[1].answer(json::Value::object());
    REQUIRE(ids(other.received()) == std::vector<std::int64_t>{2});
}

TEST_CASE("an answer may come after the server has gone", "[ipc]") {
    Fixture f;
    f.keeps = true;
    auto peer = f.connect();
    REQUIRE(peer.send(request(1)));
    f.server.reset();
    REQUIRE(peer.is_closed());
    f.kept[0].answer(json::Value::object());
    REQUIRE(peer.received().empty());
}

TEST_CASE("commands that stall hold up nobody", "[ipc]") {
    Fixture f;
    auto half = f.connect();
    auto deaf = f.connect();
    auto silent = f.connect();
    REQUIRE(half.send(R"({"jsonrpc":"2.0",)"));
    for (int i = 0; i < 2000; ++i)
        REQUIRE(deaf.send(request(i))); // and never fetches an answer
    auto brisk = f.connect();
    REQUIRE(brisk.send(request(7)));
    REQUIRE(ids(brisk.received()) == std::vector<std::int64_t>{7});
    REQUIRE(half.send(R"("id":8,"method":"status"})"
                      "\n"));
    REQUIRE(ids(half.received()) == std::vector<std::int64_t>{8});
    REQUIRE(ids(deaf.received()).size() == 2000);
}

TEST_CASE("a command that asks and asks and fetches nothing is dropped, the others are not", "[ipc]") {
    Fixture f;
    auto deaf = f.connect();
    auto other = f.connect();
    int asked = 0;
    while (asked < 200'000 && deaf.send(request(asked)))
        ++asked;
    REQUIRE(asked < 200'000);
    REQUIRE(other.send(request(1)));
    REQUIRE(ids(other.received()) == std::vector<std::int64_t>{1});
}

TEST_CASE("there is a limit of connections, and a place becomes free with each that ends", "[ipc]") {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max; // both ends of each connection are in this process
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
    Fixture f;
    std::vector<LocalPeer> peers;
    for (std::size_t i = 0; i < k_most_connections; ++i)
        peers.push_back(f.connect());
    REQUIRE(peers.back().send(request(1)));
    REQUIRE(ids(peers.back().received()) == std::vector<std::int64_t>{1});
    REQUIRE(f.connect().is_closed());
    peers.front().close();
    auto next = f.connect();
    REQUIRE(next.send(request(2)));
    REQUIRE(ids(next.received()) == std::vector<std::int64_t>{2});
}

TEST_CASE("AG-09 another user is refused before a byte is read", "[ipc]") {
    if (!tests::OtherUser::is_possible()) {
        WARN("only root can pretend to be two users");
        return;
    }
    Fixture f;
    // In the abstract namespace, where no directory keeps the other one out already.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "keyfob-test-" + std::to_string(::getpid());
    std::copy(name.begin(), name.end(), address.sun_path + 1);
    platform::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener.get(), 4) == 0);
    int dispatched = 0;
    const agent::ipc::Server server(platform::Poller::create().value(), std::move(listener),
                                    [&](const Call&) { ++dispatched; });
    const auto connected = [&] {
        platform::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        return LocalPeer(std::move(socket));
    };
    auto stranger = [&] {
        const tests::OtherUser other;
        return connected();
    }();
    stranger.send(request(1));
    REQUIRE(stranger.is_closed());
    REQUIRE(dispatched == 0);
    auto ours = connected();
    REQUIRE(ours.send(request(1)));
    REQUIRE(dispatched == 1);
}
