#include "platform/json.h"

#include "platform/encoding.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform;

namespace {

Poco::JSON::Object::Ptr parse(const std::string& text) {
    auto object = json::parse_object(text);
    INFO(text);
    REQUIRE(object);
    return *object;
}

std::string nested(int depth) { // `depth` objects inside each other
    std::string text;
    for (int i = 1; i < depth; ++i)
        text += "{\"a\":";
    return text + "{}" + std::string(static_cast<std::size_t>(depth - 1), '}');
}

} // namespace

TEST_CASE("OP-04: one well-formed object and nothing else") {
    for (const char* good : {"{}", " \n{\"a\" : [1, 2, {\"b\": null}]} ", R"({"a":"\u00e9\n\"\\\/"})", R"({"":0})"})
        CHECK(json::parse_object(good));
    for (const char* bad : {"",
                            " ",
                            "[]",
                            "null",
                            "1",
                            "\"{}\"",
                            "{",
                            "}",
                            "{}{}",
                            "{} x",
                            "{},",
                            "{\"a\":}",
                            "{\"a\"}",
                            "{a:1}",
                            "{'a':1}",
                            "{\"a\":1,}",
                            "{\"a\":[1,]}",
                            "{\"a\":01}",
                            "{\"a\":+1}",
                            "{\"a\":.5}",
                            "{\"a\":NaN}",
                            "{\"a\":Infinity}",
                            "{\"a\":0x1}",
                            "{\"a\":tru}",
                            "{\"a\":True}",
                            "{\"a\":\"x\ny\"}",
                            "{\"a\":\"\\x41\"}",
                            "{\"a\":\"\\u12\"}",
                            "{/**/}",
                            "{}//",
                            "{\"a\":1 \"b\":2}",
                            "{\"a\":\"\\ud800\"}",
                            "\xEF\xBB\xBF{}"}) {
        INFO(bad);
        const auto object = json::parse_object(bad);
        CHECK_FALSE(object);
    }
}

TEST_CASE("OP-04: text that is not UTF-8, or has a NUL in it, is refused") {
    CHECK_FALSE(json::parse_object("{\"a\":\"\xff\"}"));
    CHECK_FALSE(json::parse_object("{\"\xc0\x80\":1}"));
    CHECK_FALSE(json::parse_object(std::string("{}\0", 3)));
    CHECK_FALSE(json::parse_object(std::string("{\"a\":\"x\0y\"}", 11)));
    CHECK_FALSE(json::parse_object("{\"a\":\"x\\u0000y\"}")); // some would cut it there
    CHECK_FALSE(json::parse_object("{\"x\\u0000y\":1}"));
}

TEST_CASE("OP-04: no member twice, at any depth, however it is spelled") {
    CHECK_FALSE(json::parse_object(R"({"a":1,"a":1})"));
    CHECK_FALSE(json::parse_object(R"({"a":1,"b":{},"a":2})"));
    CHECK_FALSE(json::parse_object(R"({"x":{"a":1,"a":2}})"));
    CHECK_FALSE(json::parse_object(R"({"x":[{"a":1,"a":2}]})"));
    CHECK_FALSE(json::parse_object("{\"a\":1,\"\\u0061\":2}"));
    CHECK(json::parse_object(R"({"a":{"a":{"a":1}},"A":2,"b":[{"a":1},{"a":2}]})"));
}

TEST_CASE("OP-04: nesting has a limit") {
    CHECK(json::parse_object(nested(json::k_max_depth)));
    CHECK_FALSE(json::parse_object(nested(json::k_max_depth + 1)));
    CHECK_FALSE(json::parse_object("{\"a\":" + std::string(100'000, '[')));
}

TEST_CASE("getters never convert") {
    const auto object =
        parse(R"({"string":"12","yes":"true","integer":12,"zero":0,"negative":-3,"fraction":5.0,"huge":1e300,
        "largest":9223372036854775807,"smallest":-9223372036854775808,"beyond":9223372036854775808,
        "true":true,"false":false,"null":null,"object":{"a":1},"array":["x","y"],"mixed":["x",1],"none":[]})");
    const auto only = [&](const char* wanted, const auto& get) {
        for (const std::string& name : object->getNames()) {
            INFO(name);
            CHECK(get(name) == (std::string(wanted).find("|" + name + "|") != std::string::npos));
        }
        CHECK_FALSE(get("absent"));
    };
    only("|string|yes|", [&](const std::string& name) { return json::get_string(*object, name).has_value(); });
    only("|integer|zero|negative|largest|smallest|",
         [&](const std::string& name) { return json::get_integer(*object, name).has_value(); });
    only("|true|false|", [&](const std::string& name) { return json::get_bool(*object, name).has_value(); });
    only("|object|", [&](const std::string& name) { return !json::get_object(*object, name).isNull(); });
    only("|array|mixed|none|", [&](const std::string& name) { return !json::get_array(*object, name).isNull(); });
    only("|array|none|", [&](const std::string& name) { return json::get_strings(*object, name).has_value(); });
    CHECK_FALSE(json::parse_object(R"({"far":99999999999999999999})"));
    CHECK(json::get_string(*object, "string") == "12");
    CHECK(json::get_integer(*object, "largest") == INT64_MAX);
    CHECK(json::get_integer(*object, "smallest") == INT64_MIN);
    CHECK(json::get_integer(*object, "zero") == 0);
    CHECK(json::get_bool(*object, "false") == false);
    CHECK(json::get_strings(*object, "array") == std::vector<std::string>{"x", "y"});
    CHECK(json::get_strings(*object, "none")->empty());
}

TEST_CASE("text is one line, and comes back as it was") {
    Poco::JSON::Object object;
    std::string hostile = "\"\\/\b\f\n\r\t\x01\x1f é漢 \xF0\x9F\x94\x91 </script>";
    object.set("text", hostile);
    object.set("hostile\n\"name", true);
    object.set("number", std::int64_t{INT64_MAX});
    const std::string text = json::to_text(object);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(is_valid_utf8(text));
    const auto again = parse(text);
    CHECK(json::get_string(*again, "text") == hostile);
    CHECK(json::get_bool(*again, "hostile\n\"name") == true);
    CHECK(json::get_integer(*again, "number") == INT64_MAX);
}

TEST_CASE("an error never quotes the text") {
    const auto object = json::parse_object(R"({"a":"s3cret" x)");
    REQUIRE_FALSE(object);
    CHECK(object.error().kind == ErrorKind::invalid);
    CHECK(object.error().message.find("s3cret") == std::string::npos);
}
