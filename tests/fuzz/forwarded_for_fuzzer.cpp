#include "platform/address_group.h"
#include "server/http/client_address.h"
#include "tests/fuzz/fuzzer.h"

using namespace keyfob;
using keyfob::fuzz::require;

/// FA-01: nobody but a trusted proxy says whose request it is, and then it is an address, or "unknown".
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto k_proxies = server::http::TrustedProxies::parse({"10.0.0.0/8"}).value();
    const std::string field(fuzz::text_of(data, size));
    platform::http::Request request;
    request.headers.add("X-Forwarded-For", field);
    request.peer_address = "192.0.2.1";
    require(k_proxies.client_address(request) == "192.0.2.1", "a stranger says nothing");

    request.peer_address = "10.0.0.1";
    const std::string address = k_proxies.client_address(request);
    const auto parsed = platform::http::parse_address(address);
    require(address == platform::k_unknown_address || (parsed && parsed->toString() == address),
            "an address in its one spelling, or unknown");
    require(!parsed || platform::http::unmapped(*parsed) == *parsed, "an IPv4 address is written as one");

    request.headers.set("X-Forwarded-For", field + ", 192.0.2.7");
    require(k_proxies.client_address(request) == "192.0.2.7", "what a client wrote before its proxy does not count");
    request.headers.set("X-Forwarded-For", field + ",nobody");
    require(k_proxies.client_address(request) == platform::k_unknown_address, "nor where the proxy tells no address");
    return 0;
}
