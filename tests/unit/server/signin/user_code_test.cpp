#include "server/signin/user_code.h"

#include "server/signin/device_tries.h"
#include "server/storage/sqlite_store.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>

using namespace keyfob;
using namespace keyfob::server::signin;

namespace {

/// Gives the octets 0, 1, 2 … 255, 0 …
class Counting final : public platform::Random {
public:
    [[nodiscard]] std::string bytes(std::size_t count) override {
        std::string octets;
        while (octets.size() < count)
            octets += static_cast<char>(m_next++);
        return octets;
    }

private:
    unsigned char m_next = 0;
};

} // namespace

TEST_CASE("DG-02: a code is 8 letters of 20, shown in two halves, and typed as people type") {
    platform::SystemRandom random;
    for (int i = 0; i < 1'000; ++i) {
        const std::string code = make_user_code(random);
        CHECK(code.size() == 8);
        CHECK(code.find_first_not_of("BCDFGHJKLMNPQRSTVWXZ") == std::string::npos);
        CHECK(parse_user_code(shown_user_code(code)) == code);
    }
    CHECK(shown_user_code("BCDFGHJK") == "BCDF-GHJK");
    for (const char* typed : {"BCDFGHJK", "bcdf-ghjk", "BcDf GhJk", " b c d f g h j k ", "bcdf--ghjk", "\tBCDF-GHJK"})
        CHECK(parse_user_code(typed) == "BCDFGHJK");
    for (const char* typed : {"", "BCDF", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ0", "BCDF_GHJK",
                              "BCDF-GHJ\xc3\xa9", "' OR 1=1 --"})
        CHECK_FALSE(parse_user_code(typed));
    CHECK_FALSE(parse_user_code("BCDFGHJK" + std::string(1'000'000, '-')));
    CHECK_FALSE(parse_user_code(std::string("BCDFGHJ\0K", 9)));
}

TEST_CASE("DG-02: every letter is equally likely") {
    Counting random;
    std::map<char, int> count;
    for (int i = 0; i < 240; ++i) // 8 letters each: eight rounds of the 240 octets that are fair
        for (const char letter : make_user_code(random))
            ++count[letter];
    CHECK(count.size() == 20);
    for (const auto& [letter, times] : count)
        CHECK(times == 240 * 8 / 20);
}

TEST_CASE("DG-02: guessing any live code succeeds with at most 1e-5 within the life of a code") {
    const double codes = std::pow(k_user_code_letters.size(), k_user_code_length);
    CHECK(codes == 25.6e9);
    CHECK(double{k_most_wrong_codes} * double{k_most_device_grants} / codes <= 1e-5);
    // What is documented is what the limits are made of.
    const std::chrono::seconds life{k_user_code_seconds};
    const auto most = DeviceTries::k_rate_of_all.most_within(life) + std::int64_t{DeviceTries::k_at_a_time} - 1;
    CHECK(most <= k_most_wrong_codes);
    CHECK(server::storage::StoreOptions().device_grants <= k_most_device_grants);
    CHECK(k_user_code_seconds <= 600); // DG-01
}
