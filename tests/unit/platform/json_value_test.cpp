#include "platform/json_value.h"

#include "platform/json_limits.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform;
using json::Value;

namespace {

Value parse(const std::string& text) {
    auto value = json::parse_value(text);
    INFO(text);
    REQUIRE(value);
    return *value;
}

std::string nested(int depth) { // `depth` objects inside each other
    std::string text;
    for (int i = 1; i < depth; ++i)
        text += "{\"a\":";
    return text + "{}" + std::string(static_cast<std::size_t>(depth - 1), '}');
}

} // namespace

TEST_CASE("OP-04: a value is one well-formed object and nothing else") {
    for (const char* good : {"{}", " \n{\"a\" : [1, 2, {\"b\": null}]} ", R"({"a":"\u00e9\n\"\\\/"})", R"({"":0})"})
        CHECK(json::parse_value(good));
    const char* bad =
        GENERATE("", " ", "[]", "null", "1", "\"{}\"", "{", "}", "{}{}", "{} x", "{},", "{\"a\":}", "{\"a\"}", "{a:1}",
                 "{'a':1}", "{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}",
                 "{\"a\":Infinity}", "{\"a\":1e999}", "{\"a\":0x1}", "{\"a\":tru}", "{\"a\":True}", "{\"a\":\"x\ny\"}",
                 "{\"a\":\"\\x41\"}", "{\"a\":\"\\u12\"}", "{/**/}", "{}//", "{\"a\":1 \"b\":2}", "{\"a\":\"\\ud800\"}",
                 "{\"a\":\"\xff\"}", "{\"\xc0\x80\":1}", "\xEF\xBB\xBF{}");
    INFO(bad);
    const auto value = json::parse_value(bad);
    REQUIRE_FALSE(value);
    CHECK(value.error().kind == ErrorKind::invalid);
}

TEST_CASE("OP-04: a value with a NUL in it is refused, and one behind it as well") {
    CHECK_FALSE(json::parse_value(std::string("{}\0", 3)));
    CHECK_FALSE(json::parse_value(std::string("{}\0{", 4)));
    CHECK_FALSE(json::parse_value(std::string("{\"a\":\"x\0y\"}", 11)));
    CHECK_FALSE(json::parse_value("{\"a\":\"x\\u0000y\"}"));
    CHECK_FALSE(json::parse_value("{\"a\":[\"x\\u0000y\"]}"));
    CHECK_FALSE(json::parse_value("{\"x\\u0000y\":1}"));
}

TEST_CASE("OP-04: no member of a value twice, at any depth, however it is spelled") {
    CHECK_FALSE(json::parse_value(R"({"a":1,"a":1})"));
    CHECK_FALSE(json::parse_value(R"({"a":1,"b":{},"a":2})"));
    CHECK_FALSE(json::parse_value(R"({"x":{"a":1,"a":2}})"));
    CHECK_FALSE(json::parse_value(R"({"x":[{"a":1,"a":2}]})"));
    CHECK_FALSE(json::parse_value(R"({"x":[{"a":1,"a":2},{"b":1}],"y":{}})"));
    CHECK_FALSE(json::parse_value("{\"a\":1,\"\\u0061\":2}"));
    CHECK(json::parse_value(R"({"a":{"a":{"a":1}},"A":2,"b":[{"a":1},{"a":2}]})"));
}

TEST_CASE("OP-04: nesting of a value has a limit") {
    CHECK(json::parse_value(nested(json::k_max_depth)));
    CHECK_FALSE(json::parse_value(nested(json::k_max_depth + 1)));
    const std::string arrays(json::k_max_depth - 1, '[');
    const std::string ends(json::k_max_depth - 1, ']');
    CHECK(json::parse_value("{\"a\":" + arrays + ends + "}"));
    CHECK_FALSE(json::parse_value("{\"a\":[" + arrays + ends + "]}"));
    CHECK_FALSE(json::parse_value("{\"a\":" + std::string(100'000, '[')));
    CHECK_FALSE(json::parse_value("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}"));
}

TEST_CASE("getters of a value never convert") {
    const Value object =
        parse(R"({"string":"12","yes":"true","integer":12,"zero":0,"negative":-3,"fraction":5.0,"huge":1e300,
        "largest":9223372036854775807,"smallest":-9223372036854775808,"beyond":9223372036854775808,"far":99999999999999999999,
        "true":true,"false":false,"null":null,"object":{"a":1},"array":["x","y"],"mixed":["x",{"a":1},{}],"none":[]})");
    const auto only = [&](const char* wanted, const auto& get) {
        for (const auto& member : object.items()) {
            INFO(member.key());
            CHECK(get(member.key()) == (std::string(wanted).find("|" + member.key() + "|") != std::string::npos));
        }
        CHECK_FALSE(get("absent"));
    };
    only("|string|yes|", [&](const std::string& name) { return json::get_string(object, name).has_value(); });
    only("|integer|zero|negative|largest|smallest|",
         [&](const std::string& name) { return json::get_integer(object, name).has_value(); });
    only("|true|false|", [&](const std::string& name) { return json::get_bool(object, name).has_value(); });
    only("|object|", [&](const std::string& name) { return json::get_object(object, name) != nullptr; });
    only("|array|mixed|none|", [&](const std::string& name) { return json::get_array(object, name) != nullptr; });
    only("|mixed|", [&](const std::string& name) { return !json::get_objects(object, name).empty(); });
    CHECK(json::get_objects(object, "mixed").size() == 2);
    CHECK(json::get_string(object, "string") == "12");
    CHECK(json::get_integer(object, "largest") == INT64_MAX);
    CHECK(json::get_integer(object, "smallest") == INT64_MIN);
    CHECK(json::get_integer(object, "zero") == 0);
    CHECK(json::get_bool(object, "false") == false);
    CHECK_FALSE(json::get_string(parse("{}"), "x"));
    CHECK_FALSE(json::get_string(*json::get_array(object, "array"), "x"));
}

TEST_CASE("a value comes back as it was, its members in order") {
    const std::string hostile = "\"\\/\b\f\n\r\t\x01\x1f é漢 \xF0\x9F\x94\x91 </script>";
    const Value value{{"z", hostile}, {"hostile\n\"name", true}, {"a", INT64_MAX}};
    const std::string text = json::to_text(value);
    CHECK(text.find('\n') == std::string::npos);
    const Value again = parse(text);
    CHECK(again == value);
    CHECK(again.begin().key() == "z");
    CHECK(json::get_string(again, "z") == hostile);
    CHECK(json::get_integer(again, "a") == INT64_MAX);
}

TEST_CASE("CL-02: JSON is written in ASCII, and means the same") {
    CHECK(json::to_text({{"a", "b\n"}}) == R"({"a":"b\n"})");
    CHECK(json::to_text("é") == R"("\u00e9")");
    CHECK(json::to_text("\u202E") == R"("\u202e")");
    CHECK(json::to_text("\u009B31m") == R"("\u009b31m")");
    CHECK(json::to_text("😀") == R"("\ud83d\ude00")");
    CHECK(json::to_text("\x7f") == R"("\u007f")");
}

TEST_CASE("what is not UTF-8 is replaced in JSON") {
    const char* octets = GENERATE("\xff", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf0\x9f\x98", "\x9b");
    const std::string text = json::to_text(std::string("a") + octets + "z");
    INFO(text);
    CHECK(text.starts_with("\"a\\ufffd"));
    CHECK(text.ends_with("z\""));
    CHECK(json::parse_value("{\"x\":" + text + "}"));
}

TEST_CASE("an object has few members, and who sends many is refused at once") {
    std::string text;
    for (int i = 0; i < 64; ++i)
        text += (text.empty() ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
    CHECK(json::parse_value("{" + text + "}"));
    CHECK_FALSE(json::parse_value("{" + text + ",\"one more\":0}"));
    CHECK(json::parse_value("{\"list\":[{" + text + "},{" + text + "}]}"));
}
