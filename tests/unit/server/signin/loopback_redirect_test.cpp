#include "server/signin/loopback_redirect.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using keyfob::server::signin::parse_loopback_redirect;

namespace {

const std::string k_nonce = "AAAAAAAAAAAAAAAAAAAAAA"; // 16 octets

} // namespace

TEST_CASE("AS-01: the agent's own address is accepted as it is written, at any port") {
    for (const std::string& port : std::vector<std::string>{"1", "80", "4711", "65535"}) {
        const std::string uri = "http://127.0.0.1:" + port + "/cb/" + k_nonce;
        const auto redirect = parse_loopback_redirect(uri);
        INFO(uri);
        REQUIRE(redirect);
        CHECK(redirect->uri == uri);
        CHECK(std::to_string(redirect->port) == port);
    }
}

TEST_CASE("AS-01: the nonce has 16 to 64 octets of strict base64url") {
    const auto accepts = [](const std::string& nonce) {
        return parse_loopback_redirect("http://127.0.0.1:4711/cb/" + nonce).has_value();
    };
    CHECK(accepts(k_nonce));
    CHECK(accepts(std::string(86, 'A')));
    CHECK(accepts("abcdefghijklmnop-_012g"));
    for (const std::string& nonce : std::vector<std::string>{std::string(),
                                                             std::string(20, 'A'),
                                                             std::string(87, 'A'),
                                                             std::string(88, 'A'),
                                                             k_nonce + "/",
                                                             k_nonce + "==",
                                                             k_nonce + "?",
                                                             k_nonce + "?a=b",
                                                             k_nonce + "#",
                                                             k_nonce + "#a",
                                                             k_nonce + ";a",
                                                             k_nonce + "/../x",
                                                             "AAAAAAAAAAAAAAAAAAAAAB",
                                                             "AAAAAAAAAAAAAAAAAAAAA+",
                                                             "AAAAAAAAAAAAAAAAAAAAA/",
                                                             "AAAAAAAAAAAAAAAAAAAAA.",
                                                             "%41AAAAAAAAAAAAAAAAAAAAA",
                                                             "AAAAAAAAAAAAAAAAAAAAA\xC3\x84",
                                                             k_nonce + " ",
                                                             " " + k_nonce}) {
        INFO(nonce);
        CHECK_FALSE(accepts(nonce));
    }
}

TEST_CASE("AS-02: every other spelling of the host is refused") {
    const std::string path = "/cb/" + k_nonce;
    for (const std::string& authority : std::vector<std::string>{"127.0.0.1@evil.example",
                                                                 "127.0.0.1:80@evil.example",
                                                                 "evil.example@127.0.0.1",
                                                                 "user:x@127.0.0.1:4711",
                                                                 "@127.0.0.1:4711",
                                                                 "127.0.0.1:80#@evil.example",
                                                                 "127.0.0.1\\@evil.example",
                                                                 "127.0.0.1:80\\@evil.example",
                                                                 "127.1:4711",
                                                                 "127.0.1:4711",
                                                                 "2130706433:4711",
                                                                 "0x7f.1:4711",
                                                                 "0x7f000001:4711",
                                                                 "0177.0.0.1:4711",
                                                                 "127.0.0.01:4711",
                                                                 "127.0.0.1.:4711",
                                                                 "127.0.0.1.nip.io:4711",
                                                                 "127.0.0.2:4711",
                                                                 "0.0.0.0:4711",
                                                                 "localhost:4711",
                                                                 "LOCALHOST:4711",
                                                                 "localhost.localdomain:4711",
                                                                 "[::1]:4711",
                                                                 "[::ffff:127.0.0.1]:4711",
                                                                 "[::ffff:7f00:1]:4711",
                                                                 "[127.0.0.1]:4711",
                                                                 "%31%32%37.0.0.1:4711",
                                                                 "%31"
                                                                 "27.0.0.1:4711",
                                                                 "127.0.0.1%00.evil.example:4711",
                                                                 "127.0.0.1%2eevil.example:4711",
                                                                 "127.0.0.1%252f@evil.example:4711",
                                                                 "127\xE3\x80\x82"
                                                                 "0.0.1:4711",
                                                                 "\xEF\xBC\x91"
                                                                 "27.0.0.1:4711",
                                                                 "evil.example:4711",
                                                                 "evil.example#127.0.0.1:4711",
                                                                 "evil.example?127.0.0.1:4711",
                                                                 "",
                                                                 ":4711"}) {
        INFO(authority);
        CHECK_FALSE(parse_loopback_redirect("http://" + authority + path));
    }
}

TEST_CASE("AS-02: every other spelling of the port is refused") {
    for (const std::string& port :
         std::vector<std::string>{"", ":", ":0", ":00", ":65536", ":99999", ":100000", ":+80", ":-80", ":080", ":0x50",
                                  ": 80", ":80 ", ":8%30", ":80:80", ":4711.", ":18446744073709551697"}) {
        INFO(port);
        CHECK_FALSE(parse_loopback_redirect("http://127.0.0.1" + port + "/cb/" + k_nonce));
    }
}

TEST_CASE("AS-02: every other scheme, path and trick of white space is refused") {
    const std::string rest = "127.0.0.1:4711/cb/" + k_nonce;
    for (const std::string& uri : std::vector<std::string>{"HTTP://" + rest,
                                                           "Http://" + rest,
                                                           "https://" + rest,
                                                           "//" + rest,
                                                           "http:/" + rest,
                                                           "http:" + rest,
                                                           "http:///" + rest,
                                                           "http:\\\\" + rest,
                                                           "javascript://" + rest,
                                                           "file://" + rest,
                                                           " http://" + rest,
                                                           "\thttp://" + rest,
                                                           "http://" + rest + "\n",
                                                           "http://" + rest + "\r\nSet-Cookie: a=b",
                                                           "ht\ttp://" + rest,
                                                           "http://\t" + rest,
                                                           "http://127.0.0.1\t:4711/cb/" + k_nonce,
                                                           rest,
                                                           std::string(),
                                                           "http://127.0.0.1:4711/cb/" + k_nonce + std::string(1, '\0'),
                                                           "http://127.0.0.1:4711",
                                                           "http://127.0.0.1:4711/",
                                                           "http://127.0.0.1:4711/cb",
                                                           "http://127.0.0.1:4711/cb/",
                                                           "http://127.0.0.1:4711//cb/" + k_nonce,
                                                           "http://127.0.0.1:4711/CB/" + k_nonce,
                                                           "http://127.0.0.1:4711/cb//" + k_nonce,
                                                           "http://127.0.0.1:4711/./cb/" + k_nonce,
                                                           "http://127.0.0.1:4711/x/../cb/" + k_nonce,
                                                           "http://127.0.0.1:4711/..;/cb/" + k_nonce,
                                                           "http://127.0.0.1:4711/%63b/" + k_nonce,
                                                           "http://127.0.0.1:4711/cb%2f" + k_nonce,
                                                           "http://127.0.0.1:4711/cb%252f" + k_nonce,
                                                           "http://127.0.0.1:4711/cb\\" + k_nonce,
                                                           "http://127.0.0.1:4711/other/" + k_nonce,
                                                           "http://127.0.0.1:4711?/cb/" + k_nonce,
                                                           "http://127.0.0.1:4711#/cb/" + k_nonce,
                                                           "http://" + rest + "?",
                                                           "http://" + rest + "#"}) {
        INFO(uri);
        const auto redirect = parse_loopback_redirect(uri);
        REQUIRE_FALSE(redirect);
        CHECK(redirect.error().kind == keyfob::platform::ErrorKind::invalid);
        CHECK(redirect.error().message.find("127.0.0.1:PORT/cb/") != std::string::npos);
    }
}
