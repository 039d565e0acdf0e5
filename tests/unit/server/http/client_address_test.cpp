#include "server/http/client_address.h"

#include "tests/unit/server/http/fixture.h"

using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

std::string address(const std::vector<std::string>& trusted, const std::string& peer,
                    const std::vector<std::string>& forwarded) {
    Request request = get("/par");
    request.peer_address = peer;
    for (const std::string& value : forwarded)
        request.headers.add("X-Forwarded-For", value);
    return must(TrustedProxies::parse(trusted)).client_address(request);
}

} // namespace

TEST_CASE("FA-01: without trusted proxies nothing that is forwarded is read") {
    CHECK(address({}, "192.0.2.1", {}) == "192.0.2.1");
    CHECK(address({}, "192.0.2.1", {"203.0.113.9"}) == "192.0.2.1");
    CHECK(address({}, "127.0.0.1", {"203.0.113.9"}) == "127.0.0.1");
}

TEST_CASE("FA-01: a peer that is no trusted proxy is not believed") {
    CHECK(address({"10.0.0.0/8"}, "11.0.0.1", {"203.0.113.9"}) == "11.0.0.1");
    CHECK(address({"10.0.0.1"}, "10.0.0.2", {"203.0.113.9"}) == "10.0.0.2");
    CHECK(address({"10.0.0.0/8"}, "not an address", {"203.0.113.9"}) == "not an address");
}

TEST_CASE("FA-02: behind a trusted proxy it is the last address that is none of ours") {
    CHECK(address({"10.0.0.0/8"}, "10.0.0.1", {"203.0.113.9"}) == "203.0.113.9");
    CHECK(address({"10.0.0.0/8"}, "10.0.0.1", {"1.2.3.4, 203.0.113.9"}) == "203.0.113.9");
    CHECK(address({"10.0.0.0/8"}, "10.0.0.1", {"1.2.3.4, 203.0.113.9, 10.9.9.9 ,10.0.0.2"}) == "203.0.113.9");
    CHECK(address({"10.0.0.0/8"}, "10.0.0.1", {"1.2.3.4", "203.0.113.9", "10.0.0.2"}) == "203.0.113.9");
    CHECK(address({"10.0.0.0/8", "::1"}, "::1", {"2001:db8::7, 10.0.0.2"}) == "2001:db8::7");
    CHECK(address({"10.0.0.0/8"}, "10.0.0.1", {"10.0.0.3,10.0.0.2"}) == "10.0.0.3");
}

TEST_CASE("FA-01: no other header says who the client is") {
    Request request = get("/par");
    request.peer_address = "10.0.0.1";
    for (const char* name : {"Forwarded", "X-Real-IP", "X-Client-IP", "X_Forwarded_For", "True-Client-IP", "Via"})
        request.headers.set(name, "for=203.0.113.9");
    CHECK(must(TrustedProxies::parse({"10.0.0.0/8"})).client_address(request) == "unknown");
}

TEST_CASE("FA-01: an entry that is neither address nor network is an error that names it") {
    for (const char* bad : {"", "proxy", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "*"}) {
        const auto parsed = TrustedProxies::parse({"10.0.0.0/8", bad});
        INFO(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().message.find(bad) != std::string::npos);
    }
}
