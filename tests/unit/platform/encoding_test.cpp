#include "platform/encoding.h"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace keyfob::platform;
using Row = std::pair<std::string, std::string>;

TEST_CASE("base64url: the vectors of RFC 4648 and RFC 7515, both ways") {
    const auto& [octets, text] =
        GENERATE(Row{"", ""}, Row{"f", "Zg"}, Row{"fo", "Zm8"}, Row{"foo", "Zm9v"}, Row{"foob", "Zm9vYg"},
                 Row{"fooba", "Zm9vYmE"}, Row{"foobar", "Zm9vYmFy"}, Row{"\x03\xec\xff\xe0\xc1", "A-z_4ME"});
    CHECK(base64url_encode(octets) == text);
    CHECK(base64url_decode(text) == octets);
}

TEST_CASE("base64url: every octet survives") {
    std::string all;
    for (int octet = 0; octet < 256; ++octet) {
        all += static_cast<char>(octet);
        CHECK(base64url_decode(base64url_encode(all)) == all);
    }
}

TEST_CASE("RP-09: base64url in a second spelling is refused") {
    const std::string text = GENERATE(as<std::string>{}, "Zg==", "Zm8=", "Z", "Zm9vY", "Zm9v\n", " Zm9v", "Zm 9v",
                                      "Zm+v", "Zm/v", "Zh", "Zm9", "Zm.v", "Zm9v=", "\xc3\xa9g");
    CHECK_FALSE(base64url_decode(text));
}

TEST_CASE("hex is lower case, two digits an octet") {
    CHECK(hex_encode(std::string("\x00\x0f\xff\xa0", 4)) == "000fffa0");
    CHECK(hex_encode("").empty());
}

TEST_CASE("percent encoding leaves unreserved characters alone and nothing else") {
    CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
    CHECK(percent_encode(" /?#%&=+'\"\n\xff") == "%20%2F%3F%23%25%26%3D%2B%27%22%0A%FF");
    std::string all;
    for (int octet = 1; octet < 256; ++octet)
        all += static_cast<char>(octet);
    CHECK(percent_decode(percent_encode(all)) == all);
}

TEST_CASE("percent decoding is strict, and decodes once") {
    CHECK(percent_decode("a%2fb%2FC") == "a/b/C");
    CHECK(percent_decode("a+b") == "a+b");
    CHECK(percent_decode("%252e") == "%2e");
    const std::string text =
        GENERATE(as<std::string>{}, "%", "%2", "a%", "%zz", "%2z", "%z2", "%%41", "% 41", "%00", "a%00b", "%+1");
    CHECK_FALSE(percent_decode(text));
}

TEST_CASE("percent decoding refuses a NUL octet however it is written") {
    CHECK_FALSE(percent_decode(std::string("a\0b", 3)));
}

TEST_CASE("WH-03: what HTML gives a meaning is escaped") {
    CHECK(html_escape(R"(<script a="1" b='2'>&amp;)") == "&lt;script a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
    CHECK(html_escape("Zoë 漢") == "Zoë 漢");
}

TEST_CASE("UTF-8 is checked by the book") {
    for (const char* good : {"", "abc", "é", "€", "漢字", "\xF0\x9F\x94\x91", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBF"})
        CHECK(is_valid_utf8(good));
    for (const char* bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "a\xC3(", "\xF0\x9F\x94"})
        CHECK_FALSE(is_valid_utf8(bad));
}

TEST_CASE("CL-02, OP-01: what could change a terminal or the text around it becomes visible") {
    const auto& [text, safe] =
        GENERATE(Row{"plain, Zoë, 漢, \xF0\x9F\x94\x91", "plain, Zoë, 漢, \xF0\x9F\x94\x91"},
                 Row{"a\nb\r\tc", "a\\x0ab\\x0d\\x09c"}, Row{"\x1b[2J\x1b]0;x\x07", "\\x1b[2J\\x1b]0;x\\x07"},
                 Row{std::string("a\0b", 3), "a\\x00b"}, Row{"\x7f", "\\x7f"},
                 Row{"\xC2\x9B"
                     "31m",
                     "\\u{0009b}31m"}, // a control of Latin-1
                 Row{"\xE2\x80\xAE"
                     "cod.exe",
                     "\\u{0202e}cod.exe"},                                                  // right-to-left override
                 Row{"\xE2\x81\xA6x\xE2\x81\xA9", "\\u{02066}x\\u{02069}"},                 // isolates
                 Row{"\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", "\\u{0200e}\\u{0200f}\\u{0061c}"}, // direction marks
                 Row{"a\xE2\x80\x8B"
                     "b\xEF\xBB\xBF",
                     "a\\u{0200b}b\\u{0feff}"},                           // invisible
                 Row{"\xE2\x80\xA8\xE2\x80\xA9", "\\u{02028}\\u{02029}"}, // line separators
                 Row{"\xF3\xA0\x81\x81", "\\u{e0041}"},                   // tag characters
                 Row{"\xff\xc3(", "\\xff\\xc3("}, Row{"\xC0\x9B", "\\xc0\\x9b"});
    CHECK(printable(text) == safe);
}

TEST_CASE("OP-01: printable text is cut at the limit, never inside a character or an escape") {
    CHECK(printable("abcdef", 6) == "abcdef");
    CHECK(printable("abcdef", 5) == "abcde…");
    CHECK(printable("ab€", 4) == "ab…");
    CHECK(printable("ab\x1b", 5) == "ab…");
    CHECK(printable(std::string(1'000'000, '\x1b')).size() <= 500 + 3);
}

TEST_CASE("case is that of ASCII alone") {
    CHECK(lower_case("ABCxyz019[]É") == "abcxyz019[]É");
    CHECK(equal_ignoring_case("Content-Length", "content-LENGTH"));
    CHECK_FALSE(equal_ignoring_case("a", "ab"));
    CHECK_FALSE(equal_ignoring_case("@", "`"));
    CHECK_FALSE(equal_ignoring_case("É", "é"));
    CHECK_FALSE(equal_ignoring_case("k", "\xE2\x84\xAA")); // the Kelvin sign
}
