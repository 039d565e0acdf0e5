#include "platform/http/message.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform::http;

TEST_CASE("header names compare without case, values and order stay") {
    Headers headers;
    headers.add("Set-Cookie", "a=1");
    headers.add("X", "1");
    headers.add("set-cookie", "b=2");
    CHECK(*headers.find("SET-COOKIE") == "a=1");
    CHECK(headers.all("Set-cookie") == std::vector<std::string_view>{"a=1", "b=2"});
    CHECK(headers.count("x") == 1);
    CHECK(headers.count("y") == 0);
    CHECK(headers.find("y") == nullptr);
    headers.set("SET-COOKIE", "c=3");
    CHECK(headers.all("set-cookie") == std::vector<std::string_view>{"c=3"});
    headers.remove("x");
    CHECK(headers.fields() == std::vector<Headers::Field>{{"SET-COOKIE", "c=3"}});
}

TEST_CASE("a media type is told from its parameters, with or without blanks between") {
    for (const char* field :
         {"application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded",
          "application/x-www-form-urlencoded;charset=utf-8", "application/x-www-form-urlencoded ; charset=utf-8",
          " application/x-www-form-urlencoded\t"}) {
        Headers headers;
        headers.set("content-type", field);
        INFO(field);
        CHECK(media_type(headers) == k_form_type);
    }
    for (const char* field : {"", " ", ";", "; charset=utf-8"}) {
        Headers headers;
        headers.set("Content-Type", field);
        CHECK(media_type(headers).empty());
    }
    CHECK(media_type({}).empty());
}

TEST_CASE("SE-04: a cookie is found by exactly its name") {
    Request request;
    CHECK_FALSE(request.cookie("keyfob"));
    request.headers.add("Cookie", "__Host-keyfob=right; keyfob=\"quoted\"; x=a=b; empty=; $Path=/; nothing; last=1");
    CHECK(request.cookie("__Host-keyfob") == "right");
    CHECK(request.cookie("keyfob") == "\"quoted\"");
    CHECK(request.cookie("x") == "a=b");
    CHECK(request.cookie("empty") == "");
    CHECK(request.cookie("last") == "1");
    for (const char* name :
         {"__HoSt-keyfob", "__host-keyfob", "KEYFOB", "keyfob ", " keyfob", "nothing", "", "Path", "__Host-keyfo"}) {
        INFO(name);
        CHECK_FALSE(request.cookie(name));
    }
}

TEST_CASE("SE-04: a name with something around it is another name") {
    Request request;
    request.headers.add("Cookie", "\t__Host-keyfob=tab; __Host-keyfob =blank; x\"; __Host-keyfob=\"=quoted");
    CHECK(request.cookie("__Host-keyfob") == "\"=quoted"); // a quote opens nothing: the parts go by `;` alone
    CHECK(request.cookie("\t__Host-keyfob") == "tab");
    CHECK(request.cookie("__Host-keyfob ") == "blank");
}

TEST_CASE("SE-04: of two cookies with one name neither is taken") {
    Request request;
    request.headers.add("Cookie", "keyfob=planted; other=1; keyfob=own");
    CHECK_FALSE(request.cookie("keyfob"));
    CHECK(request.cookie("other") == "1");
}

TEST_CASE("cookies are taken apart in order") {
    using Cookies = std::vector<std::pair<std::string_view, std::string_view>>;
    CHECK(parse_cookies("a=1;b=2;  c=3;;d;=e;") == Cookies{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"", "e"}});
    CHECK(parse_cookies("").empty());
    CHECK(parse_cookies(";;; ;").empty());
}

TEST_CASE("a header value holds no control octet") {
    CHECK(is_header_value(""));
    CHECK(is_header_value("text/html; charset=utf-8\tx"));
    for (const std::string& wrong :
         {std::string("a\r\nb"), std::string("a\n"), std::string("a\r"), std::string("a\0b", 3), std::string("\x1b"),
          std::string("\x7f"), std::string("\xc3\xa9")})
        CHECK_FALSE(is_header_value(wrong));
}

TEST_CASE("a token is that of RFC 9110") {
    CHECK(is_token("!#$%&'*+-.^_`|~azAZ09"));
    for (const std::string& wrong :
         {std::string(), std::string("a b"), std::string("a:"), std::string("a\t"), std::string("(a)"),
          std::string("\"a\""), std::string("a/b"), std::string("\xc3\xa9"), std::string("a\0", 2)})
        CHECK_FALSE(is_token(wrong));
}
