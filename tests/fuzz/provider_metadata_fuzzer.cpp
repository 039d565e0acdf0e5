#include "server/identity/provider_metadata.h"
#include "tests/fuzz/fuzzer.h"

using namespace keyfob;
using keyfob::fuzz::require;

namespace {

bool is_https(const std::string& text) {
    const auto url = platform::Url::parse(text);
    return url && url->origin.scheme == "https";
}

} // namespace

/// RP-08: what another issuer says of itself is never taken, and nothing is sent but by https.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    const server::identity::MetadataRules rules{"https://login.example.com"};
    const auto metadata = server::identity::parse_metadata(input, rules);
    if (!metadata) {
        require(metadata.error().kind == platform::ErrorKind::invalid && !metadata.error().message.empty(),
                "a refusal says why");
        return 0;
    }
    require(!server::identity::parse_metadata(fuzz::with_member(input, R"("issuer":"x")"), rules),
            "two issuers are refused");
    require(metadata->issuer == rules.issuer, "RP-08: the issuer is the configured one");
    require(is_https(metadata->authorization_endpoint) && is_https(metadata->token_endpoint) &&
                is_https(metadata->jwks_uri) &&
                (metadata->userinfo_endpoint.empty() || is_https(metadata->userinfo_endpoint)),
            "each endpoint is https");
    require(!metadata->signing_algorithms.empty(), "RP-09: there is an algorithm");
    for (const std::string& algorithm : metadata->signing_algorithms)
        require(algorithm == "RS256" || algorithm == "ES256", "RP-09: and it is one that we verify");
    return 0;
}
