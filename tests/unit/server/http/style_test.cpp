#include "server/http/pages.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using keyfob::server::http::pages::style_sheet;

namespace {

/// WCAG 2.2, relative luminance of `#rrggbb`.
double luminance(const std::string& color) {
    constexpr double k_weights[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const double value = std::stoi(color.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
        sum += k_weights[i] * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double contrast(const std::string& one, const std::string& other) {
    const auto [low, high] = std::minmax({luminance(one), luminance(other)});
    return (high + 0.05) / (low + 0.05);
}

/// The value of the n-th definition of a variable: light first, then dark.
std::string color(const std::string& variable, int n) {
    std::size_t at = 0;
    for (int i = 0; i <= n; ++i)
        at = style_sheet().find(variable + ": #", at + 1);
    const std::size_t begin = at + variable.size() + 2;
    const std::string text = style_sheet().substr(begin, style_sheet().find(';', begin) - begin);
    return text == "#fff" ? "#ffffff" : text;
}

constexpr const char* k_canvas[] = {"#ffffff", "#121212"}; // of the browser's own light and dark

} // namespace

TEST_CASE("AS-07: no rule makes approving look other than declining") {
    CHECK(style_sheet().find("approve") == std::string::npos);
    CHECK(style_sheet().find("decline") == std::string::npos);
    CHECK(style_sheet().find("first-") == std::string::npos);
    CHECK(style_sheet().find("last-") == std::string::npos);
    CHECK(style_sheet().find("grid-template-columns: 1fr 1fr;") != std::string::npos); // of one width
}

TEST_CASE("borders, focus and filled buttons can be seen in light and dark") {
    CHECK(style_sheet().find("button:focus-visible") != std::string::npos);
    for (const int scheme : {0, 1}) {
        CHECK(contrast(color("--accent", scheme), k_canvas[scheme]) >= 3);               // 1.4.11
        CHECK(contrast(color("--on-accent", scheme), color("--accent", scheme)) >= 4.5); // 1.4.3
    }
}
