#include "cli/ascii_json.h"

#include <catch2/catch.hpp>

using keyfob::cli::ascii_json;

TEST_CASE("CL-02: JSON is printed in ASCII, and means the same", "[cli]") {
    CHECK(ascii_json(R"({"a":"b\n"})") == R"({"a":"b\n"})");
    CHECK(ascii_json("\"é\"") == R"("\u00e9")");
    CHECK(ascii_json("\"\u202E\"") == R"("\u202e")");
    CHECK(ascii_json("\"\u009B31m\"") == R"("\u009b31m")");
    CHECK(ascii_json("\"😀\"") == R"("\ud83d\ude00")");
    CHECK(ascii_json("\"\x7f\"") == R"("\u007f")");
}

TEST_CASE("invalid UTF-8 in JSON is replaced", "[cli]") {
    CHECK(ascii_json("\xff") == R"(\ufffd)");
    CHECK(ascii_json("\xc3") == R"(\ufffd)");
    CHECK(ascii_json("\xe2\x82") == R"(\ufffd\ufffd)");
    CHECK(ascii_json("\xed\xa0\x80") == R"(\ufffd\ufffd\ufffd)");
    CHECK(ascii_json("\xf0\x9f\x98") == R"(\ufffd\ufffd\ufffd)");
    CHECK(ascii_json("\x9b"
                     "a") == R"(\ufffda)");
}
