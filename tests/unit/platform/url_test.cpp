#include "platform/url.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform;

TEST_CASE("a URL is taken apart and put together again") {
    struct Row {
        const char* text;
        const char* scheme;
        const char* host;
        std::uint16_t port;
        const char* path;
        const char* query;
        const char* written;
    };
    const Row row = GENERATE(
        Row{"https://example.com", "https", "example.com", 443, "/", "", "https://example.com/"},
        Row{"https://EXAMPLE.com:443/A?b=C", "https", "example.com", 443, "/A", "b=C", "https://example.com/A?b=C"},
        Row{"http://127.0.0.1:8420/cb/x?", "http", "127.0.0.1", 8420, "/cb/x", "", "http://127.0.0.1:8420/cb/x?"},
        Row{"http://localhost:80?q", "http", "localhost", 80, "/", "q", "http://localhost/?q"},
        Row{"https://[::1]:9443/%2e%2e/..;/", "https", "::1", 9443, "/%2e%2e/..;/", "",
            "https://[::1]:9443/%2e%2e/..;/"},
        Row{"https://a-b.c_d.xn--p1ai/?a=/&b=?@:", "https", "a-b.c_d.xn--p1ai", 443, "/",
            "a=/&b=?@:", "https://a-b.c_d.xn--p1ai/?a=/&b=?@:"},
        Row{"http://3com.example/", "http", "3com.example", 80, "/", "", "http://3com.example/"},
        Row{"http://h/p@x", "http", "h", 80, "/p@x", "", "http://h/p@x"});
    const auto url = Url::parse(row.text);
    INFO(row.text);
    REQUIRE(url);
    CHECK(url->origin.scheme == row.scheme);
    CHECK(url->origin.host == row.host);
    CHECK(url->origin.port == row.port);
    CHECK(url->path == row.path);
    CHECK(url->query == row.query);
    CHECK(url->text() == row.written);
    const auto again = Url::parse(url->text());
    REQUIRE(again);
    CHECK(again->text() == row.written);
}

TEST_CASE("AS-02: a hostile URL is refused") {
    const char* text = GENERATE(
        // no URL, or another scheme
        "", "/", "//127.0.0.1", "127.0.0.1", "http", "http:", "http:/", "http://", "http:///path", "https://?q",
        "http:127.0.0.1", "HTTP://127.0.0.1", "Http://127.0.0.1", " http://127.0.0.1", "javascript:alert(1)//http://x",
        "javascript://127.0.0.1/%0aalert(1)", "data://x", "file:///etc/passwd", "ftp://127.0.0.1", "httpx://127.0.0.1",
        "view-source:http://x", "://127.0.0.1", "http:\\\\127.0.0.1",
        // user information, and several of it
        "http://127.0.0.1@evil.example", "http://127.0.0.1:80@evil.example", "http://user@127.0.0.1",
        "http://a:b@127.0.0.1", "http://@127.0.0.1", "http://127.0.0.1@@evil.example",
        "http://evil.example@127.0.0.1@other",
        // fragments and backslashes
        "http://127.0.0.1:80#@evil.example", "http://127.0.0.1#", "http://127.0.0.1/#f",
        "http://127.0.0.1\\@evil.example", "http://127.0.0.1\\.evil.example", "http://127.0.0.1/\\evil",
        "http:/\\127.0.0.1",
        // other spellings of an address
        "http://127.1", "http://127.0.1", "http://2130706433", "http://0x7f.1", "http://0x7f000001",
        "http://0177.0.0.1", "http://127.0.0.01", "http://127.0.0.256", "http://127.0.0.1.", "http://127.0.0.1.0",
        "http://1.2.3.4.5", "http://127.0.0.0x1", "http://127..0.1", "http://.127.0.0.1", "http://0", "http://1.1",
        "http://a.1", "http://a.0x1",
        // escapes and letters in the authority
        "http://%31%32%37.0.0.1", "http://127%2e0.0.1", "http://127.0.0.1%00.evil.example", "http://127.0.0.1%23@x",
        "http://ex%61mple.com",
        "http://127\xE3\x80\x82"
        "0.0.1",
        "http://ex\xC3\xA4mple.com", "http://\xE2\x91\xA0.example", "http://127.0.0.1\xE2\x80\xAE",
        // blanks and controls anywhere
        "http://127.0.0.1\t", "http://127.0.0.1\r\nX: y", "http://127.0.0.1/\n", "http://127.0.0.1/a b",
        "http://127.0.0.1 .evil.example", "ht\ntp://127.0.0.1", "http://127.0.0.1/\x7f", "http://127.0.0.1/\x01",
        "\thttp://127.0.0.1",
        // ports
        "http://127.0.0.1:", "http://127.0.0.1:0", "http://127.0.0.1:00", "http://127.0.0.1:65536",
        "http://127.0.0.1:99999", "http://127.0.0.1:080", "http://127.0.0.1:+80", "http://127.0.0.1:-80",
        "http://127.0.0.1:8O", "http://127.0.0.1:80:80", "http://127.0.0.1:0x50", "http://127.0.0.1:80.evil.example",
        "http://127.0.0.1: 80", "http://127.0.0.1:4294967376",
        // IPv6
        "http://::1", "http://[::1", "http://::1]", "http://[]", "http://[::1]x", "http://[::1]80",
        "http://[::1].evil.example", "http://[127.0.0.1]", "http://[::1%25lo]", "http://[::1%lo]", "http://[v1.x]",
        "http://[:::]", "http://[1:2:3:4:5:6:7:8:9]", "http://[::g]", "http://[::1]]", "http://[[::1]]",
        "http://[12345::]", "http://[:]", "http://[::1::]",
        // names
        "http://-a.example", "http://a-.example", "http://a..example", "http://.example", "http://a.example.",
        "http://a,b", "http://a!b", "http://a*b", "http://a$b", "http://a'b", "http://a;b", "http://a&b", "http://a=b",
        "http://a(b)", "http://a~b",
        // what a page or a log could take for its own
        "http://127.0.0.1/\"", "http://127.0.0.1/<script>", "http://127.0.0.1/>", "http://127.0.0.1/`",
        "http://127.0.0.1/{x}", "http://127.0.0.1/|x", "http://127.0.0.1/^");
    INFO(text);
    const auto url = Url::parse(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::invalid);
}

TEST_CASE("AS-02: a NUL and too much length are refused") {
    CHECK_FALSE(Url::parse(std::string_view("http://127.0.0.1\0.evil.example", 30)));
    CHECK_FALSE(Url::parse(std::string_view("http://[::1\0]", 13)));
    CHECK(Url::parse("http://127.0.0.1/" + std::string(8000, 'a')));
    CHECK_FALSE(Url::parse("http://127.0.0.1/" + std::string(8200, 'a')));
    CHECK_FALSE(Url::parse("http://" + std::string(64, 'a') + ".example"));
    std::string long_name;
    while (long_name.size() < 260)
        long_name += "abc.";
    CHECK_FALSE(Url::parse("http://" + long_name + "example"));
}

TEST_CASE("AS-02: loopback is the two literal addresses and nothing that means them") {
    for (const char* text : {"http://127.0.0.1", "http://127.0.0.1:80", "https://127.0.0.1:1/x", "http://[::1]:4711"}) {
        INFO(text);
        CHECK(Url::parse(text)->origin.is_loopback());
    }
    for (const char* text :
         {"http://localhost", "http://127.0.0.1.nip.io", "http://127.0.0.1.evil.example", "http://127.0.0.2",
          "http://0.0.0.0", "http://[::ffff:127.0.0.1]", "http://[::127.0.0.1]", "http://[0:0:0:0:0:0:0:1]",
          "http://[::]", "http://[::2]", "http://localhost.evil.example", "http://127-0-0-1.example"}) {
        INFO(text);
        const auto url = Url::parse(text);
        REQUIRE(url);
        CHECK_FALSE(url->origin.is_loopback());
    }
}

TEST_CASE("an origin is scheme, host and port") {
    const auto origin = [](const char* text) { return Url::parse(text).value().origin; };
    CHECK(origin("https://Example.com/a") == origin("https://example.com:443/b?c"));
    CHECK_FALSE(origin("https://example.com") == origin("http://example.com"));
    CHECK_FALSE(origin("http://example.com") == origin("http://example.com:8080"));
    CHECK_FALSE(origin("http://example.com") == origin("http://www.example.com"));
    CHECK(origin("http://example.com:443").text() == "http://example.com:443");
    CHECK(origin("http://[::1]:81").authority() == "[::1]:81");
}

TEST_CASE("parameters are decoded once, in order") {
    const auto parameters = Parameters::parse("a=1&b=x+y%2Bz&c=&d&&e=%C3%A9&f=a=b&%61b=%2526");
    REQUIRE(parameters);
    CHECK(parameters->all() ==
          std::vector<std::pair<std::string, std::string>>{
              {"a", "1"}, {"b", "x y+z"}, {"c", ""}, {"d", ""}, {"e", "é"}, {"f", "a=b"}, {"ab", "%26"}});
    CHECK(parameters->get("f") == "a=b");
    CHECK(parameters->get("A").empty());
    CHECK(parameters->find("A") == nullptr);
    CHECK(parameters->find("c") != nullptr);
    CHECK(Parameters::parse("")->all().empty());
}

TEST_CASE("RP-22: a parameter twice is refused, however it is spelled") {
    CHECK_FALSE(Parameters::parse("state=a&state=b"));
    CHECK_FALSE(Parameters::parse("state=a&state=a"));
    CHECK_FALSE(Parameters::parse("code=1&x=2&c%6Fde=3"));
    CHECK_FALSE(Parameters::parse("a+b=1&a%20b=2"));
    CHECK_FALSE(Parameters::parse("&=1&=2"));
    CHECK(Parameters::parse("state=a&State=b"));
}

TEST_CASE("malformed parameters are refused") {
    for (const char* text :
         {"a=%", "a=%4", "a=%zz", "%=1", "a=%00", "%00=1", "a=%ff", "a=%C3", "a=\xff", "a=%ED%A0%80"}) {
        INFO(text);
        CHECK_FALSE(Parameters::parse(text));
    }
    CHECK_FALSE(Parameters::parse(std::string("a=b\0c", 5)));
    std::string many;
    for (int i = 0; i < 64; ++i)
        many += "p" + std::to_string(i) + "=&";
    CHECK(Parameters::parse(many));
    CHECK_FALSE(Parameters::parse(many + "last="));
}

TEST_CASE("parameters are encoded so that they come back") {
    Parameters parameters;
    parameters.add("redirect_uri", "http://127.0.0.1:1/cb?x=1&y=2#z");
    parameters.add("na me", "a+b c\"'<>\r\n\xC3\xA9");
    const auto again = Parameters::parse(parameters.encode());
    REQUIRE(again);
    CHECK(again->all() == parameters.all());
    CHECK(parameters.encode().find_first_of(" \r\n\"'<>#") == std::string::npos);
    CHECK(with_query("http://a/b", parameters).starts_with("http://a/b?redirect_uri="));
    CHECK(with_query("http://a/b?c=d", parameters).starts_with("http://a/b?c=d&redirect_uri="));
}
