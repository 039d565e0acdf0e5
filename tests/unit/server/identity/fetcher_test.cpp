#include "platform/http/server.h"
#include "server/identity/fetcher.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using platform::ErrorKind;
using platform::http::ClientRequest;
using server::identity::fetch_document;
using server::identity::FetcherOptions;
using server::identity::make_fetcher;

namespace {

ErrorKind error_of(const FetcherOptions& options, const std::string& url) {
    const auto fetcher = make_fetcher(options);
    REQUIRE(fetcher);
    ClientRequest request;
    request.url = platform::Url::parse(url).value();
    const auto answer = (*fetcher)->send(request);
    REQUIRE(!answer);
    INFO(answer.error().message);
    return answer.error().kind;
}

/// Answers every path with what the test has put there.
class Neighbour final : public platform::http::Application {
public:
    Admission admit(const platform::http::Request&) override { return {}; }
    platform::http::Response handle(const platform::http::Request& request) override {
        requests.push_back(request);
        return answer;
    }
    platform::http::Response answer;
    std::vector<platform::http::Request> requests; ///< one connection at a time in these tests
};

struct Bench {
    Bench() {
        platform::http::ServerOptions options;
        options.request_id = [] { return std::string("id"); };
        options.access_log = false;
        server = std::move(platform::http::Server::start(std::move(options), neighbour)).value();
        origin = "http://127.0.0.1:" + std::to_string(server->port());
        FetcherOptions fetching;
        fetching.demo_origin = origin;
        fetcher = std::move(make_fetcher(fetching)).value();
        neighbour.answer.headers.set("Content-Type", "application/json");
        neighbour.answer.body = "{}";
    }
    Neighbour neighbour;
    std::unique_ptr<platform::http::Server> server;
    std::string origin;
    std::unique_ptr<server::identity::Fetcher> fetcher;
};

} // namespace

TEST_CASE("RP-17 addresses that are not on the public internet are refused before a connection") {
    const std::string host =
        GENERATE("127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "172.31.255.255",
                 "192.168.1.1", "169.254.169.254", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "100.64.0.1",
                 "192.0.0.1", "198.18.0.1", "224.0.0.1", "239.255.255.255", "[ff02::1]", "240.0.0.1", "255.255.255.255",
                 "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]",
                 "[2002:7f00:1::]", "[::127.0.0.1]", "localhost");
    INFO(host);
    CHECK(error_of({}, "https://" + host + ":9/") == ErrorKind::denied);
}

TEST_CASE("RP-17 allow_addresses opens what it names and nothing else") {
    Bench bench; // listens, so that an address that is allowed gets as far as a TLS handshake
    const std::string port = std::to_string(bench.server->port());
    FetcherOptions options;
    options.allow_addresses = {"127.0.0.1", "10.0.0.0/8"};
    CHECK(error_of(options, "https://127.0.0.1:" + port + "/") != ErrorKind::denied);
    CHECK(error_of(options, "https://127.0.0.2:" + port + "/") == ErrorKind::denied);
    CHECK(error_of(options, "https://[::ffff:127.0.0.1]:" + port + "/") == ErrorKind::denied);
    CHECK(error_of(options, "https://192.168.0.1:9/") == ErrorKind::denied);
    CHECK(bench.neighbour.requests.empty());
}

TEST_CASE("RP-17 a bad entry of allow_addresses is an error, not an open door") {
    for (const char* text : {"", "example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "*", "::1/129"}) {
        INFO(text);
        FetcherOptions options;
        options.allow_addresses = {text};
        CHECK(!make_fetcher(options));
    }
}

TEST_CASE("RP-17 only https, but for the demo provider's own origin") {
    Bench bench;
    CHECK(fetch_document(*bench.fetcher, bench.origin + "/x").has_value());
    FetcherOptions allowed;
    allowed.allow_addresses = {"127.0.0.0/8"};
    CHECK(error_of(allowed, bench.origin + "/x") == ErrorKind::invalid);
    const auto other_port = fetch_document(*bench.fetcher, "http://127.0.0.1:9/x");
    REQUIRE(!other_port);
    CHECK(other_port.error().kind == ErrorKind::invalid);
    const auto name = fetch_document(*bench.fetcher, "http://localhost:" + std::to_string(bench.server->port()) + "/x");
    REQUIRE(!name);
    CHECK(name.error().kind == ErrorKind::invalid);
}

TEST_CASE("RP-17 a redirect is not followed") {
    Bench bench;
    for (const int status : {301, 302, 303, 307, 308}) {
        bench.neighbour.requests.clear();
        bench.neighbour.answer.status = status;
        bench.neighbour.answer.headers.set("Location", bench.origin + "/elsewhere");
        const auto answer = fetch_document(*bench.fetcher, bench.origin + "/x");
        REQUIRE(!answer);
        CHECK_THAT(answer.error().message, Catch::Contains("redirects are not followed"));
        REQUIRE(bench.neighbour.requests.size() == 1);
        CHECK(bench.neighbour.requests[0].path == "/x");
    }
}

TEST_CASE("RP-17 nothing compressed is asked for, and no credential is sent") {
    Bench bench;
    REQUIRE(fetch_document(*bench.fetcher, bench.origin + "/x"));
    REQUIRE(bench.neighbour.requests.size() == 1);
    const auto& headers = bench.neighbour.requests[0].headers;
    CHECK(headers.find("Accept-Encoding") == nullptr);
    CHECK(headers.find("Authorization") == nullptr);
    CHECK(headers.find("Cookie") == nullptr);
    REQUIRE(headers.find("Accept") != nullptr);
    CHECK(*headers.find("Accept") == "application/json");
}

TEST_CASE("RP-17 a document of a megabyte and more is refused, not cut") {
    Bench bench;
    bench.neighbour.answer.body = std::string(1024 * 1024, ' ');
    CHECK(fetch_document(*bench.fetcher, bench.origin + "/x").has_value());
    bench.neighbour.answer.body += ' ';
    const auto answer = fetch_document(*bench.fetcher, bench.origin + "/x");
    REQUIRE(!answer);
    CHECK(answer.error().kind == ErrorKind::invalid);
}

TEST_CASE("RP-17 a document must call itself JSON") {
    Bench bench;
    for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"}) {
        INFO(type);
        bench.neighbour.answer.headers.set("Content-Type", type);
        CHECK(fetch_document(*bench.fetcher, bench.origin + "/x").has_value());
    }
    for (const char* type : {"text/html", "text/json", "application/jwt", "application/jsonx", "image/svg+json"}) {
        INFO(type);
        bench.neighbour.answer.headers.set("Content-Type", type);
        const auto answer = fetch_document(*bench.fetcher, bench.origin + "/x");
        REQUIRE(!answer);
        CHECK(answer.error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("a provider that cannot answer now is unreachable, one that will not is invalid") {
    Bench bench;
    const auto kind_of = [&](int status) {
        bench.neighbour.answer.status = status;
        return fetch_document(*bench.fetcher, bench.origin + "/x").error().kind;
    };
    CHECK(kind_of(500) == ErrorKind::unreachable);
    CHECK(kind_of(503) == ErrorKind::unreachable);
    CHECK(kind_of(429) == ErrorKind::unreachable);
    CHECK(kind_of(404) == ErrorKind::invalid);
    CHECK(kind_of(201) == ErrorKind::invalid);
}
