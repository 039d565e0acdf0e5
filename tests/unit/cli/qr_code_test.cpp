#include "cli/qr_code.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace keyfob;

namespace {

std::size_t columns_of(const std::string& row) {
    return static_cast<std::size_t>(
        std::count_if(row.begin(), row.end(), [](char octet) { return (octet & 0xC0) != 0x80; }));
}

} // namespace

TEST_CASE("a QR code is square, within a quiet zone of four modules", "[cli]") {
    const auto rows = cli::qr_code("https://id.example.com/device");
    REQUIRE(rows.size() == 17); // version 2 has 25 modules: 33 with the zone, in half blocks
    for (const std::string& row : rows)
        CHECK(columns_of(row) == 33);
    CHECK(rows[0] == std::string(33, ' '));
    CHECK(rows[1] == std::string(33, ' '));
    // The upper edges of the two finder patterns, each seven modules wide.
    CHECK(rows[2].starts_with("    \u2588\u2580\u2580\u2580\u2580\u2580\u2588"));
    CHECK(rows[2].ends_with("\u2588\u2580\u2580\u2580\u2580\u2580\u2588    "));
}

TEST_CASE("what no QR code can hold gives none", "[cli]") {
    CHECK(cli::qr_code(std::string(4000, 'x')).empty());
}
