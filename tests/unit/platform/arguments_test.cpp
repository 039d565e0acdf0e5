#include "platform/arguments.h"

#include <catch2/catch.hpp>

#include <array>

using namespace keyfob::platform;

namespace {

constexpr std::array k_options{
    Option{.name = "json"},
    Option{.name = "port", .value = "N"},
    Option{.letter = 'H', .value = "HEADER", .repeatable = true},
    Option{.letter = 'i'},
    Option{.name = "output", .letter = 'o', .value = "FILE"},
};

Arguments parse(const std::vector<std::string>& words) {
    auto arguments = Arguments::parse(k_options, words);
    REQUIRE(arguments);
    return *arguments;
}

std::string error_of(const std::vector<std::string>& words) {
    const auto arguments = Arguments::parse(k_options, words);
    REQUIRE_FALSE(arguments);
    CHECK(arguments.error().code == "usage");
    return arguments.error().message;
}

} // namespace

TEST_CASE("options are taken in all their spellings, anywhere", "[arguments]") {
    const auto arguments = parse({"--port", "1", "a", "-Hx: 1", "-H", "y: 2", "-i", "--output=f=g", "b", "--json"});
    CHECK(arguments.value("port") == "1");
    CHECK(arguments.values("H") == std::vector<std::string>{"x: 1", "y: 2"});
    CHECK(arguments.value("output") == "f=g");
    CHECK(arguments.has("i"));
    CHECK(arguments.has("json"));
    CHECK(arguments.positional() == std::vector<std::string>{"a", "b"});
    CHECK(parse({"-o", "f"}).value("output") == "f");
}

TEST_CASE("a value may look like an option; -- ends the options; - is a word", "[arguments]") {
    CHECK(parse({"--port", "--json"}).value("port") == "--json");
    CHECK_FALSE(parse({"--port", "--json"}).has("json"));
    CHECK(parse({"-", "--", "--json", "-x"}).positional() == std::vector<std::string>{"-", "--json", "-x"});
    CHECK(parse({"--port="}).value("port") == "");
    CHECK(parse({""}).positional() == std::vector<std::string>{""});
}

TEST_CASE("what the command does not know is refused", "[arguments]") {
    CHECK(error_of({"--jso"}) == "there is no option --jso");
    CHECK(error_of({"--"
                    "jsonx=1"}) == "there is no option --jsonx");
    CHECK(error_of({"-x"}) == "there is no option -x");
    CHECK(error_of({"--=1"}) == "there is no option --");
    CHECK(error_of({"---"}) == "there is no option ---");
    CHECK(error_of({"-\xff"}).starts_with("there is no option -"));
    CHECK(error_of({"--json=yes"}) == "--json takes no value");
    CHECK(error_of({"-ix"}) == "-i takes no value");
    CHECK(error_of({"--port"}) == "--port needs a value: N");
    CHECK(error_of({"--port", "1", "--port", "2"}) == "--port is given twice");
    CHECK(error_of({"-i", "-i"}) == "-i is given twice");
    CHECK(error_of({"-o", "a", "--output", "b"}) == "--output is given twice");
}
