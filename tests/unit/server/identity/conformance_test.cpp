// What the OpenID Foundation's conformance suite does to a relying party, as a table: one provider that does everything right but for the one
// thing of the row. A row is named after the suite's module, or says itself what the provider does. docs/conformance.md is written from the run.
#include "platform/digest.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/rsa_key.h"
#include "tests/fakes/scripted_issuer.h"
#include "tests/unit/server/identity/conformance_modules.h"
#include "tests/unit/server/identity/conformance_rows.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

using namespace keyfob;
using namespace keyfob::server::tests;

namespace {

std::vector<Row> signature_rows() {
    return {
        {"client-test", [](ScriptedIssuer&) {}, nullptr},
        {"idtoken-sig-rs256", [](ScriptedIssuer& issuer) { use_rsa(issuer, "RS256"); }, nullptr},
        {"invalid-sig-es256", spoil_signature, "signature is by no key"},
        {"invalid-sig-rs256",
         [](ScriptedIssuer& issuer) {
             use_rsa(issuer, "RS256");
             spoil_signature(issuer);
         },
         "signature is by no key"},
        {"invalid-sig-hs256",
         [](ScriptedIssuer& issuer) {
             use_rsa(issuer, "HS256");
             issuer.sign = [](const std::string& input) { return platform::hmac_sha256(rsa().public_pem(), input); };
         },
         "algorithm HS256"},
        {"an RSA signature that calls itself ES256", [](ScriptedIssuer& issuer) { use_rsa(issuer, "ES256"); },
         "signature is by no key"},
        {"idtoken-sig-none",
         [](ScriptedIssuer& issuer) {
             header("alg", std::string("none"))(issuer);
             issuer.sign = [](const std::string&) { return std::string(); };
         },
         "not well-formed"},
        {"alg none with a signature", header("alg", std::string("none")), "algorithm none"},
        {"invalid-alternate-alg", header("alg", std::string("PS256")), "algorithm PS256"},
        {"invalid-null-alg", header("alg", Poco::Dynamic::Var()), "alg is missing"},
        {"an algorithm that its metadata does not announce",
         [](ScriptedIssuer& issuer) {
             issuer.change_metadata = [](Object& object) {
                 object.set("id_token_signing_alg_values_supported", texts({"RS256"}));
             };
         },
         "algorithm ES256"},
        {"crit", header("crit", texts({"exp"})), "not well-formed"},
        {"typ of another kind of token", header("typ", std::string("logout+jwt")), "another kind of token"},
        {"typ JWT", header("typ", std::string("JWT")), nullptr},
        {"a key of its own in the header",
         [](ScriptedIssuer& issuer) {
             const auto own = platform::jose::EcKey::generate();
             header("jwk", own.public_jwk())(issuer);
             issuer.sign = [own](const std::string& input) { return own.sign(input); };
         },
         "signature is by no key"},
        {"kid-absent-single-jwks",
         [](ScriptedIssuer& issuer) { issuer.change_header = [](Object& object) { object.remove("kid"); }; }, nullptr},
        {"kid-absent-multiple-jwks",
         [](ScriptedIssuer& issuer) {
             issuer.keys.insert(issuer.keys.begin(), platform::jose::EcKey::generate().public_jwk());
             issuer.change_header = [](Object& object) { object.remove("kid"); };
         },
         nullptr},
        {"no key of that name", header("kid", std::string("key-9")), "does not publish"},
        {"a key that is for encryption", [](ScriptedIssuer& issuer) { issuer.keys[0]->set("use", "enc"); },
         "does not publish"},
    };
}

std::vector<Row> claim_rows() {
    const double huge = 1e300;
    return {
        {"invalid-iss", claim("iss", std::string("https://login.example/")), "issuer is another"},
        {"missing iss", without("iss"), "issuer is another"},
        {"missing-sub", without("sub"), "sub is missing"},
        {"sub is a number", claim("sub", 7), "sub is missing"},
        {"sub is empty", claim("sub", std::string()), "sub is missing"},
        {"sub of 255", claim("sub", std::string(255, 's')), nullptr},
        {"sub of 256", claim("sub", std::string(256, 's')), "sub is missing"},
        {"sub with a control character", claim("sub", std::string("a\nb")), "sub is missing"},
        {"invalid-aud", claim("aud", std::string("client-2")), "another audience"},
        {"aud that begins like us", claim("aud", std::string("client-11")), "another audience"},
        {"missing-aud", without("aud"), "aud is missing"},
        {"aud of numbers", claim("aud", 5), "aud is missing"},
        {"valid-aud-as-array", claim("aud", texts({"client-1"})), nullptr},
        {"invalid-secondary-aud", claim("aud", texts({"client-1", "client-2"})), "for others as well"},
        {"azp of another", claim("azp", std::string("client-2")), "another client"},
        {"azp is us", claim("azp", std::string("client-1")), nullptr},
        {"missing-iat", without("iat"), "iat is missing"},
        {"iat in the future", claim("iat", 1'800'000'061), "issued in the future"},
        {"iat within the leeway", claim("iat", 1'800'000'060), nullptr},
        {"invalid-missing-exp", without("exp"), "exp is missing"},
        {"invalid-expired-exp", claim("exp", 1'799'999'940), "has expired"},
        {"exp within the leeway", claim("exp", 1'799'999'941), nullptr},
        {"exp 1e300", claim("exp", huge), "exp is missing or no time"},
        {"exp of the largest integer", claim("exp", std::numeric_limits<std::int64_t>::max()), "exp is missing or no"},
        {"exp negative", claim("exp", -1), "exp is missing or no time"},
        {"exp as text", claim("exp", std::string("1800000300")), "exp is missing or no time"},
        {"exp with a fraction", claim("exp", 1'800'000'300.5), "exp is missing or no time"},
        {"exp true", claim("exp", true), "exp is missing or no time"},
        {"nbf in the future", claim("nbf", 1'800'000'061), "not valid yet"},
        {"nbf as text", claim("nbf", std::string("1")), "not valid yet"},
        {"nonce-invalid", claim("nonce", std::string("nonce-2")), "nonce is another"},
        {"invalid-missing-nonce", without("nonce"), "nonce is missing"},
        {"nonce empty", claim("nonce", std::string()), "nonce is missing"},
        {"invalid-athash", claim("at_hash", half_hash("access-2")), "at_hash"},
        {"at_hash right", claim("at_hash", half_hash("access-1")), nullptr},
        {"at_hash is no text", claim("at_hash", 1), "at_hash"},
        {"missing-athash", without("at_hash"), nullptr},
        {"invalid-chash", claim("c_hash", half_hash("code-2")), "c_hash"},
        {"c_hash right", claim("c_hash", half_hash("code-1")), nullptr},
    };
}

std::vector<Row> answer_rows() {
    const auto tokens = [](ScriptedIssuer::Change change) {
        return [change](ScriptedIssuer& issuer) { issuer.change_tokens = change; };
    };
    return {
        {"discovery-issuer-mismatch",
         [](ScriptedIssuer& issuer) {
             issuer.change_metadata = [](Object& object) { object.set("issuer", "https://login.example/"); };
         },
         "letter by letter"},
        {"userinfo-invalid-sub",
         [](ScriptedIssuer& issuer) {
             without("name")(issuer);
             issuer.change_user_info = [](Object& object) { object.set("sub", "subject-2"); };
         },
         "about somebody else"},
        {"userinfo without sub",
         [](ScriptedIssuer& issuer) {
             without("name")(issuer);
             issuer.change_user_info = [](Object& object) { object.remove("sub"); };
         },
         "about somebody else"},
        {"scope-userinfo-claims", without("name"), nullptr},
        {"no id_token", tokens([](Object& object) { object.remove("id_token"); }), "no id_token"},
        {"id_token of four segments",
         tokens([](Object& object) { object.set("id_token", object.getValue<std::string>("id_token") + ".x"); }),
         "not well-formed"},
        {"token-type-case-insensitivity", tokens([](Object& object) { object.set("token_type", "bEARER"); }), nullptr},
        {"another kind of token", tokens([](Object& object) { object.set("token_type", "DPoP"); }), "Bearer"},
        {"token-endpoint-response-without-expires_in", tokens([](Object& object) { object.remove("expires_in"); }),
         nullptr},
    };
}

std::vector<Row> flow_rows() {
    const auto announce_iss = [](ScriptedIssuer& issuer) {
        issuer.change_metadata = [](Object& object) {
            object.set("authorization_response_iss_parameter_supported", true);
        };
    };
    const auto nothing = [](ScriptedIssuer&) {};
    return {
        {"client-secret-basic", nothing, nullptr,
         [](auto& provider, ScriptedIssuer& issuer) -> Outcome {
             auto outcome = sign_in(provider);
             const auto request = issuer.last("/token");
             const std::string* sent = request.headers.find("Authorization");
             if (sent == nullptr ||
                 *sent != "Basic Y2xpZW50LTE6cyUyQmVjcmV0") // client-1:s%2Becret, form-encoded before
                 return platform::Error{platform::ErrorKind::invalid, "the client showed itself in another way"};
             return outcome;
         }},
        {"discovery-openid-config", nothing, nullptr,
         [](auto& provider, ScriptedIssuer& issuer) {
             auto outcome = sign_in(provider);
             CHECK(issuer.count("/.well-known/openid-configuration") == 1);
             return outcome;
         }},
        {"discovery-jwks-uri-keys", nothing, nullptr,
         [](auto& provider, ScriptedIssuer& issuer) {
             auto outcome = sign_in(provider);
             CHECK(issuer.count("/jwks") == 1);
             return outcome;
         }},
        {"signing-key-rotation", nothing, nullptr,
         [](auto& provider, ScriptedIssuer& issuer) {
             REQUIRE(sign_in(provider));
             rotate_keys(issuer);
             return sign_in(provider);
         }},
        {"signing-key-rotation-just-before-signing", nothing, nullptr,
         [](auto& provider, ScriptedIssuer& issuer) {
             REQUIRE(sign_in(provider));
             issuer.answers["/token"] = [&issuer, done = false]() mutable -> platform::Result<fakes::ClientResponse> {
                 if (!std::exchange(done, true)) // between the request and the signature
                     rotate_keys(issuer);
                 return fakes::json_answer(R"({"access_token":"access-1","token_type":"Bearer","id_token":")" +
                                           issuer.id_token() + "\"}");
             };
             return sign_in(provider);
         }},
        {"userinfo-bearer-header", without("name"), nullptr,
         [](auto& provider, ScriptedIssuer& issuer) {
             auto outcome = sign_in(provider);
             const auto request = issuer.last("/userinfo");
             CHECK(*request.headers.find("Authorization") == "Bearer access-1");
             CHECK(request.url.query.empty());
             return outcome;
         }},
        {"userinfo-signed",
         [](ScriptedIssuer& issuer) {
             without("name")(issuer);
             issuer.answers["/userinfo"] = [&issuer] {
                 auto answer = fakes::json_answer(issuer.id_token());
                 answer.headers.set("Content-Type", "application/jwt");
                 return answer;
             };
         },
         "not with JSON"},
        {"aggregated-claims", claims([](Object& object) {
             Object::Ptr names(new Object);
             names->set("address", "src1");
             object.set("_claim_names", names);
         }),
         nullptr},
        {"distributed-claims", claims([](Object& object) {
             Object::Ptr names(new Object);
             names->set("credit", "src1");
             Object::Ptr source(new Object);
             source->set("endpoint", "https://login.example/claims");
             Object::Ptr sources(new Object);
             sources->set("src1", source);
             object.set("_claim_names", names);
             object.set("_claim_sources", sources);
         }),
         nullptr,
         [](auto& provider, ScriptedIssuer& issuer) {
             auto outcome = sign_in(provider);
             CHECK(issuer.count("/claims") == 0); // RP-17: nobody's token sends us anywhere
             return outcome;
         }},
        {"nonce-unless-code-flow", nothing, nullptr,
         [](auto& provider, ScriptedIssuer&) {
             CHECK(provider.authorization_url(k_attempt)->find("nonce=nonce-1") != std::string::npos);
             return sign_in(provider);
         }},
        {"invalid-authorization-response-iss", nothing, "another provider's",
         [](auto& provider, ScriptedIssuer& issuer) {
             auto outcome = sign_in(provider, "https://evil.example");
             CHECK(issuer.count("/token") == 0);
             return outcome;
         }},
        {"remove-authorization-response-iss", announce_iss, "another provider's"},
        {"authorization-response-iss", announce_iss, nullptr,
         [](auto& provider, ScriptedIssuer&) { return sign_in(provider, "https://login.example"); }},
    };
}

Outcome log_out(server::signin::IdentityProvider& provider, ScriptedIssuer& issuer) {
    const auto notice = provider.read_logout_token(issuer.logout_token());
    if (!notice)
        return notice.error();
    server::signin::Identity identity;
    identity.issuer = notice->issuer;
    identity.subject = notice->subject + notice->session_id;
    return identity;
}

std::vector<Row> logout_rows() {
    const auto events = [](const char* name, Poco::Dynamic::Var value) {
        return claims([name, value](Object& object) {
            Object list;
            list.set(name, value);
            object.set("events", list);
        });
    };
    const Object::Ptr empty(new Object);
    const char* k_event = "http://schemas.openid.net/event/backchannel-logout";
    return {
        {"rp-backchannel-rpinitlogout", [](ScriptedIssuer&) {}, nullptr, log_out},
        {"rp-backchannel-alg-none", header("alg", std::string("none")), "algorithm is not accepted", log_out},
        {"rp-backchannel-wrong-alg", header("alg", std::string("HS256")), "algorithm is not accepted", log_out},
        {"rp-backchannel-no-event", without("events"), "does not speak of a logout", log_out},
        {"rp-backchannel-wrong-event", events("http://schemas.openid.net/event/other", empty), "does not speak",
         log_out},
        {"rp-backchannel-with-nonce", claim("nonce", std::string("nonce-1")), "has a nonce", log_out},
        {"rp-backchannel-wrong-aud", claim("aud", std::string("client-2")), "another audience", log_out},
        {"rp-backchannel-wrong-iss", claim("iss", std::string("https://evil.example")), "issuer is another", log_out},
        {"logout token: the event is no object", events(k_event, true), "does not speak of a logout", log_out},
        {"logout token: events is a list", claim("events", texts({k_event})), "does not speak of a logout", log_out},
        {"logout token without jti", without("jti"), "jti is missing", log_out},
        {"logout token without iat", without("iat"), "times are missing", log_out},
        {"logout token without exp", without("exp"), "times are missing", log_out},
        {"logout token that has expired", claim("exp", 1'799'999'940), "past", log_out},
        {"logout token without sub", without("sub"), nullptr, log_out},
        {"logout token without sid", without("sid"), nullptr, log_out},
        {"logout token without both", claims([](Object& object) {
             object.remove("sub");
             object.remove("sid");
         }),
         "neither who", log_out},
        {"logout token with a number as sub", claim("sub", 5), "neither who", log_out},
        {"logout token without typ",
         [](ScriptedIssuer& issuer) { issuer.change_header = [](Object& object) { object.remove("typ"); }; }, nullptr,
         log_out},
        {"logout token of another kind", header("typ", std::string("at+jwt")), "another kind of token", log_out},
        {"logout token with a wrong signature", spoil_signature, "signature is by no key", log_out},
        {"an id_token as logout token", [](ScriptedIssuer&) {}, "has a nonce",
         [](auto& provider, ScriptedIssuer& issuer) -> Outcome {
             return provider.read_logout_token(issuer.id_token()).error();
         }},
        {"a logout token as id_token",
         [](ScriptedIssuer& issuer) {
             issuer.change_tokens = [&issuer](Object& object) { object.set("id_token", issuer.logout_token()); };
         },
         "another kind of token"},
    };
}

std::vector<Row> all_rows() {
    std::vector<Row> all;
    for (auto rows : {signature_rows(), claim_rows(), answer_rows(), flow_rows(), logout_rows()})
        all.insert(all.end(), rows.begin(), rows.end());
    return all;
}

Outcome run(const Row& row) {
    fakes::ManualClock clock(1'800'000'000);
    ScriptedIssuer issuer(clock);
    row.lie(issuer);
    server::identity::ProviderSettings settings;
    settings.id = "company";
    settings.kind = "oidc";
    settings.issuer = "https://login.example";
    settings.client_id = "client-1";
    settings.client_secret = platform::SecretString("s+ecret");
    const auto provider = server::identity::make_provider(
        std::move(settings), "https://keyfob.example/callback/company", clock, issuer.fetcher());
    REQUIRE(provider);
    Outcome outcome = row.act ? row.act(**provider, issuer) : sign_in(**provider);
    CHECK(issuer.count("/token") <= 2); // RP-23: one for each sign-in
    return outcome;
}

bool is_as_demanded(const Row& row, const Outcome& outcome) {
    if (row.refusal == nullptr)
        return outcome && outcome->issuer == "https://login.example" && !outcome->subject.empty();
    return !outcome && outcome.error().kind == platform::ErrorKind::invalid &&
           outcome.error().message.find(row.refusal) != std::string::npos;
}

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        const Outcome outcome = run(row);
        INFO(row.name << ": " << (outcome ? "accepted" : outcome.error().message));
        CHECK(is_as_demanded(row, outcome));
    }
}

std::string line_of(const std::string& plan, const std::string& name, const std::string& provider, const Row& row) {
    const Outcome outcome = run(row);
    const std::string demanded = row.refusal == nullptr ? "accepted" : "refused";
    const std::string got = outcome ? "accepted" : "refused: " + outcome.error().message;
    return "| " + plan + " | " + name + " | " + provider + " | " + demanded + " | " +
           (is_as_demanded(row, outcome) ? "passed" : "FAILED") + " | " + got + " |\n";
}

/// docs/conformance.md, of a run of all rows.
std::string document() {
    std::map<std::string, Row> left;
    for (const Row& row : all_rows())
        left.emplace(row.name, row);
    std::string suite;
    std::string more;
    std::size_t run_rows = 0;
    for (const Module& module : modules()) {
        const auto row = left.extract(module.name);
        INFO(module.name);
        CHECK(row.empty() == (module.left_out != nullptr));
        if (!row.empty())
            ++run_rows;
        suite += row.empty()
                     ? "| " + std::string(module.plan) + " | " + module.name + " | " + module.provider +
                           " | | left out | " + std::string(module.left_out == nullptr ? "" : module.left_out) + " |\n"
                     : line_of(module.plan, module.name, module.provider, row.mapped());
    }
    for (const auto& [name, row] : left)
        more += line_of("", "", name, row);
    const std::string head = "| plan | module | the provider | must be | | what we say |\n|---|---|---|---|---|---|\n";
    return "# Conformance\n"
           "What the relying-party plans of the OpenID Foundation's conformance suite do, done to our relying party by "
           "a provider of the tests that "
           "does everything right but for one thing.\n"
           "`tests/unit/server/identity/conformance_test.cpp` has the rows and fails when one of them, or this file, "
           "is not as it was run; "
           "`KEYFOB_WRITE_DOCS=1 build-asan/bin/unit_server \"[conformance]\"` writes it anew.\n"
           "It is no certificate: the suite itself has not run.\n\n" +
           std::to_string(run_rows) + " of the suite's " + std::to_string(modules().size()) + " modules, and " +
           std::to_string(left.size()) + " rows of our own.\n\n## The suite's modules\n" + head + suite +
           "\n## Beyond the suite\n" + head + more;
}

} // namespace

TEST_CASE("S13 RP-09 an id_token with a wrong algorithm, key or signature is refused", "[conformance]") {
    check(signature_rows());
}

TEST_CASE("S13 RP-05 RP-10 RP-15 an id_token with a wrong claim is refused", "[conformance]") {
    check(claim_rows());
}

TEST_CASE("S13 RP-08 RP-11 a provider's answers that do not fit together are refused", "[conformance]") {
    check(answer_rows());
}

TEST_CASE("RP-06 RP-16 RP-17 RP-19 what a provider sees of us, and changes while we look", "[conformance]") {
    check(flow_rows());
}

TEST_CASE("RP-28 CVE-2026-18569 a logout token with one thing wrong ends nothing", "[conformance]") {
    check(logout_rows());
}

TEST_CASE("docs/conformance.md says what the run says", "[conformance]") {
    const std::string file = KEYFOB_SOURCE_DIR "/docs/conformance.md";
    const std::string text = document();
    if (std::getenv("KEYFOB_WRITE_DOCS") != nullptr)
        std::ofstream(file) << text;
    std::ifstream stream(file);
    const std::string written{std::istreambuf_iterator<char>(stream), {}};
    CHECK(written == text);
}
