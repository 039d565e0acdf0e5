#include "platform/jose/dpop.h"

#include "platform/encoding.h"
#include "tests/unit/platform/jose/keys.h"

#include <catch2/catch.hpp>

#include <functional>

using namespace keyfob::platform;
using namespace keyfob::platform::jose;
using namespace keyfob::platform::jose::tests;

namespace {

constexpr const char* k_url = "https://server.example.com/token";
const std::string k_id = "-BwC3ESc6acc2lTc";

/// The parts of a proof as JSON text, all right at first.
struct Parts {
    EcKey key = EcKey::generate();
    std::string type = R"("dpop+jwt")";
    std::string algorithm = R"("ES256")";
    std::string jwk = ec_jwk(key);
    std::string more_header;
    std::string id = "\"" + k_id + "\"";
    std::string method = R"("POST")";
    std::string url = std::string("\"") + k_url + "\"";
    std::string issued_at = "1562262616";
    std::string more_payload;

    [[nodiscard]] std::string text() const {
        return es256(key, R"({"typ":)" + type + R"(,"alg":)" + algorithm + R"(,"jwk":)" + jwk + more_header + "}",
                     R"({"jti":)" + id + R"(,"htm":)" + method + R"(,"htu":)" + url + R"(,"iat":)" + issued_at +
                         more_payload + "}");
    }
};

struct Case {
    const char* name;
    std::function<void(Parts&)> change;
};

} // namespace

TEST_CASE("AS-10: the proof of RFC 9449 section 4.1") {
    const std::string proof =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscE"
        "Jo"
        "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
        "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaW"
        "F0"
        "IjoxNTYyMjYyNjE2fQ."
        "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    const auto checked = check_dpop_proof(proof, "POST", k_url);
    REQUIRE(checked);
    CHECK(checked->id == k_id);
    CHECK(checked->thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    CHECK(checked->nonce.empty());
}

TEST_CASE("AS-10: what the agent makes the server accepts, for that request alone") {
    const EcKey key = EcKey::generate();
    const std::string proof = make_dpop_proof(key, "POST", k_url, "the-nonce", k_id, from_unix(1'800'000'000));
    const auto checked = check_dpop_proof(proof, "POST", k_url);
    REQUIRE(checked);
    CHECK(checked->thumbprint == key.thumbprint());
    CHECK(checked->key.thumbprint() == key.thumbprint());
    CHECK_FALSE(checked->key.has_private());
    CHECK(checked->id == k_id);
    CHECK(checked->nonce == "the-nonce");
    CHECK(parse_jwt(proof)->payload->getValue<std::int64_t>("iat") == 1'800'000'000);
    CHECK(check_dpop_proof(make_dpop_proof(key, "POST", k_url, "", k_id, from_unix(0)), "POST", k_url)->nonce.empty());
    CHECK_FALSE(check_dpop_proof(proof, "GET", k_url));
    CHECK_FALSE(check_dpop_proof(proof, "post", k_url));
    for (const char* url : {"https://server.example.com/token/", "https://server.example.com/Token",
                            "http://server.example.com/token", "https://server.example.com:443/token",
                            "https://server.example.com/token?x=1", "https://evil.example/token", ""})
        CHECK_FALSE(check_dpop_proof(proof, "POST", url));
}

TEST_CASE("AS-10: each field of a proof that is wrong") {
    REQUIRE(check_dpop_proof(Parts().text(), "POST", k_url));
    const Case row = GENERATE(values<Case>({
        {"typ of a JWT", [](Parts& parts) { parts.type = R"("JWT")"; }},
        {"typ empty", [](Parts& parts) { parts.type = R"("")"; }},
        {"typ null", [](Parts& parts) { parts.type = "null"; }},
        {"typ of a DBSC response", [](Parts& parts) { parts.type = R"("dbsc+jwt")"; }},
        {"typ with a blank", [](Parts& parts) { parts.type = R"("dpop+jwt ")"; }},
        {"alg none", [](Parts& parts) { parts.algorithm = R"("none")"; }},
        {"alg HS256", [](Parts& parts) { parts.algorithm = R"("HS256")"; }},
        {"alg RS256", [](Parts& parts) { parts.algorithm = R"("RS256")"; }},
        {"alg ES384", [](Parts& parts) { parts.algorithm = R"("ES384")"; }},
        {"alg of another type", [](Parts& parts) { parts.algorithm = R"(["ES256"])"; }},
        {"jwk null", [](Parts& parts) { parts.jwk = "null"; }},
        {"jwk a text", [](Parts& parts) { parts.jwk = R"("key")"; }},
        {"jwk empty", [](Parts& parts) { parts.jwk = "{}"; }},
        {"jwk of somebody else", [](Parts& parts) { parts.jwk = ec_jwk(EcKey::generate()); }},
        {"jwk with a private part", [](Parts& parts) { parts.jwk = ec_jwk(parts.key, R"(,"d":"AAAA")"); }},
        {"jwk symmetric", [](Parts& parts) { parts.jwk = R"({"kty":"oct","k":"AAAA"})"; }},
        {"crit", [](Parts& parts) { parts.more_header = R"(,"crit":["x"])"; }},
        {"jwk twice", [](Parts& parts) { parts.more_header = R"(,"jwk":{})"; }},
        {"jti null", [](Parts& parts) { parts.id = "null"; }},
        {"jti a number", [](Parts& parts) { parts.id = "1234567890123456"; }},
        {"jti empty", [](Parts& parts) { parts.id = R"("")"; }},
        {"jti too short", [](Parts& parts) { parts.id = R"("123456789012345")"; }},
        {"jti too long", [](Parts& parts) { parts.id = "\"" + std::string(129, 'x') + "\""; }},
        {"htm another", [](Parts& parts) { parts.method = R"("GET")"; }},
        {"htm in another case", [](Parts& parts) { parts.method = R"("post")"; }},
        {"htm null", [](Parts& parts) { parts.method = "null"; }},
        {"htm empty", [](Parts& parts) { parts.method = R"("")"; }},
        {"htu of another path", [](Parts& parts) { parts.url = R"("https://server.example.com/par")"; }},
        {"htu of another host", [](Parts& parts) { parts.url = R"("https://evil.example/token")"; }},
        {"htu of another scheme", [](Parts& parts) { parts.url = R"("http://server.example.com/token")"; }},
        {"htu with a query", [](Parts& parts) { parts.url = R"("https://server.example.com/token?a=b")"; }},
        {"htu a beginning", [](Parts& parts) { parts.url = R"("https://server.example.com")"; }},
        {"htu null", [](Parts& parts) { parts.url = "null"; }},
        {"iat null", [](Parts& parts) { parts.issued_at = "null"; }},
        {"iat a text", [](Parts& parts) { parts.issued_at = R"("1562262616")"; }},
        {"iat a fraction", [](Parts& parts) { parts.issued_at = "1562262616.5"; }},
        {"htm twice", [](Parts& parts) { parts.more_payload = R"(,"htm":"POST")"; }},
    }));
    INFO(row.name);
    Parts parts;
    row.change(parts);
    const auto checked = check_dpop_proof(parts.text(), "POST", k_url);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().kind == ErrorKind::invalid);
    CHECK(checked.error().code == "invalid_dpop_proof");
}

TEST_CASE("AS-10: what is absent is wrong too") {
    const EcKey key = EcKey::generate();
    const std::string header = R"({"typ":"dpop+jwt","alg":"ES256","jwk":)" + ec_jwk(key) + "}";
    const std::string id = R"("jti":")" + k_id + "\"";
    const std::string url = std::string(R"("htu":")") + k_url + "\"";
    const auto check = [&](const std::string& head, const std::string& payload) {
        return check_dpop_proof(es256(key, head, payload), "POST", k_url).has_value();
    };
    CHECK(check(header, "{" + id + R"(,"htm":"POST",)" + url + R"(,"iat":1})"));
    CHECK_FALSE(check(header, R"({"htm":"POST",)" + url + R"(,"iat":1})"));
    CHECK_FALSE(check(header, "{" + id + "," + url + R"(,"iat":1})"));
    CHECK_FALSE(check(header, "{" + id + R"(,"htm":"POST","iat":1})"));
    CHECK_FALSE(check(header, "{" + id + R"(,"htm":"POST",)" + url + "}"));
    const std::string payload = "{" + id + R"(,"htm":"POST",)" + url + R"(,"iat":1})";
    CHECK_FALSE(check(R"({"alg":"ES256","jwk":)" + ec_jwk(key) + "}", payload));
    CHECK_FALSE(check(R"({"typ":"dpop+jwt","jwk":)" + ec_jwk(key) + "}", payload));
    CHECK_FALSE(check(R"({"typ":"dpop+jwt","alg":"ES256"})", payload));
}

TEST_CASE("AS-10: a proof whose text was touched") {
    const std::string proof = Parts().text();
    REQUIRE(check_dpop_proof(proof, "POST", k_url));
    for (const std::string& wrong :
         {std::string(), proof + ".", proof + "." + proof, proof + "=", " " + proof, proof + "\n", proof + "," + proof,
          proof.substr(0, proof.rfind('.')), proof.substr(0, proof.rfind('.') + 1), proof.substr(1)})
        CHECK_FALSE(check_dpop_proof(wrong, "POST", k_url));
}

TEST_CASE("AS-10: a jti at its limits, and a nonce that is no text") {
    Parts parts;
    parts.id = "\"" + std::string(16, 'x') + "\"";
    CHECK(check_dpop_proof(parts.text(), "POST", k_url));
    parts.id = "\"" + std::string(128, 'x') + "\"";
    CHECK(check_dpop_proof(parts.text(), "POST", k_url));
    parts.more_payload = R"(,"nonce":5)";
    const auto checked = check_dpop_proof(parts.text(), "POST", k_url);
    CHECK((!checked || checked->nonce.empty())); // absent: the caller refuses it
}
