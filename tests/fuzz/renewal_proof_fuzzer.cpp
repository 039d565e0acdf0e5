#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "server/signin/session_service.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/one_session_store.h"
#include "tests/fuzz/signed_input.h"

using namespace keyfob;
using namespace keyfob::platform;
using namespace keyfob::server;
using keyfob::fuzz::require;

namespace {

constexpr const char* k_url = "https://id.example.com/session/refresh";
constexpr const char* k_session = "the-session";
constexpr const char* k_header = R"({"typ":"dbsc+jwt","alg":"ES256"})";
constexpr std::string_view k_placeholder = "CHALLENGE"; ///< stands for the current one in an input

/// One session of the known key, and time that stands still.
struct Bench {
    [[nodiscard]] signin::Session session() const {
        signin::Session session;
        session.row = 1;
        session.id = k_session;
        session.device_key = json::to_text(*fuzz::known_key().public_jwk());
        session.challenge = "the-first-challenge";
        session.renewed_at = clock.unix_seconds();
        session.expires_at = clock.unix_seconds() + 86'400;
        return session;
    }
    [[nodiscard]] const std::string& challenge() const { return store.session().challenge; }
    Result<signin::Renewal> renew(const std::string& proof) { return sessions.renew(k_session, proof, k_url); }

    /// The proof that renews now.
    const std::string& genuine() {
        if (signed_challenge != challenge()) {
            signed_challenge = challenge();
            signed_proof =
                fuzz::sign(k_header, R"({"jti":")" + signed_challenge + R"(","aud":")" + k_url + R"(","iat":1})");
        }
        return signed_proof;
    }

    SystemRandom random;
    fakes::ManualClock clock;
    fakes::OneSessionStore store{session()};
    signin::SessionService sessions{{}, store, clock, random};
    std::string signed_proof;
    std::string signed_challenge; ///< by that proof
};

std::string with_challenge(std::string_view input, const std::string& challenge) {
    std::string text(input);
    if (const std::size_t place = text.find(k_placeholder); place != std::string::npos)
        text.replace(place, k_placeholder.size(), challenge);
    return text;
}

/// The challenge that a signed proof answers for this URL; nullopt for what is no renewal proof.
std::optional<std::string> answered(const std::string& proof) {
    const auto token = jose::parse_jwt(proof);
    if (!token || token->type() != "dbsc+jwt" || token->algorithm() != "ES256" ||
        json::get_string(*token->payload, "aud") != k_url)
        return std::nullopt;
    return json::get_string(*token->payload, "jti");
}

/// `is_proof`: of another challenge than the current one; and so is none at all.
void check_no_cookie(Bench& bench, const std::string& proof, bool is_proof) {
    const std::string challenge = bench.challenge();
    const int cookies = bench.store.cookies();
    const int failed = bench.store.failed_proofs();
    const auto renewal = bench.renew(proof);
    require(bench.challenge() == challenge && bench.store.cookies() == cookies,
            "SE-11: nothing but a good proof changes anything");
    require(bench.store.failed_proofs() - failed == (is_proof ? 0 : 1), "what is no proof is noted once");
    if (is_proof)
        require(renewal && !renewal->issued && renewal->challenge == challenge, "SE-11: the right challenge is told");
    else
        require(!renewal && renewal.error().code == "invalid_proof", "SE-11: what is no proof is refused");
}

void check_cookie(Bench& bench, const std::string& proof) {
    const std::string challenge = bench.challenge();
    const int cookies = bench.store.cookies();
    const auto renewal = bench.renew(proof);
    require(renewal && renewal->issued && bench.store.cookies() == cookies + 1, "SE-11: a good proof renews");
    require(bench.challenge() != challenge && renewal->issued->challenge == bench.challenge(),
            "SE-11: and its answer has the next challenge");
    check_no_cookie(bench, proof, true); // once
}

} // namespace

/// SE-11: the device key renews, by its answer to the current challenge, once; an altered proof never does.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench bench;
    const std::string challenge = bench.challenge();
    const fuzz::SignedInput input(with_challenge(fuzz::text_of(data, size), challenge), bench.genuine());
    const auto claimed = input.is_signed || input.is_genuine ? answered(input.token) : std::nullopt;
    if (claimed == challenge)
        check_cookie(bench, input.token);
    else
        check_no_cookie(bench, input.token, claimed.has_value() || input.token.empty());
    return 0;
}
