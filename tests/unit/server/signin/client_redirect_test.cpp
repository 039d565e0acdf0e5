#include "server/signin/loopback_redirect.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using keyfob::server::signin::is_redirect_path;
using keyfob::server::signin::parse_client_redirect;

namespace {

const std::vector<std::string> k_paths{"/callback", "/oauth/done", "/"};

bool accepts(const std::string& uri) {
    const auto redirect = parse_client_redirect(uri, k_paths);
    if (redirect)
        CHECK(*redirect == uri); // what will be sent is what was checked
    else
        CHECK(redirect.error().kind == keyfob::platform::ErrorKind::invalid);
    return redirect.has_value();
}

void check_refused(const std::vector<std::string>& uris) {
    for (const std::string& uri : uris) {
        INFO(uri);
        CHECK_FALSE(accepts(uri));
    }
}

} // namespace

TEST_CASE("AS-01: a standard client's own paths are accepted on 127.0.0.1, at any port") {
    for (const char* port : {"1", "80", "4711", "65535"})
        for (const std::string& path : k_paths)
            CHECK(accepts(std::string("http://127.0.0.1:") + port + path));
}

TEST_CASE("AS-02: a standard client's redirect at any other host is refused") {
    std::vector<std::string> uris;
    for (const char* authority : {"127.0.0.1@evil.example",
                                  "127.0.0.1:80@evil.example",
                                  "evil.example@127.0.0.1:4711",
                                  "user:x@127.0.0.1:4711",
                                  "a@b@127.0.0.1:4711",
                                  "@127.0.0.1:4711",
                                  "127.0.0.1:80#@evil.example",
                                  "127.0.0.1\\@evil.example",
                                  "127.0.0.1:80\\@evil.example",
                                  "127.1:4711",
                                  "2130706433:4711",
                                  "0x7f.1:4711",
                                  "0177.0.0.1:4711",
                                  "127.0.0.01:4711",
                                  "127.0.0.1.:4711",
                                  "127.0.0.1.nip.io:4711",
                                  "127.0.0.2:4711",
                                  "0.0.0.0:4711",
                                  "localhost:4711",
                                  "LOCALHOST:4711",
                                  "[::1]:4711",
                                  "[::ffff:127.0.0.1]:4711",
                                  "[127.0.0.1]:4711",
                                  "%31%32%37.0.0.1:4711",
                                  "%31"
                                  "27.0.0.1:4711",
                                  "127.0.0.1%00.evil.example:4711",
                                  "127.0.0.1%252f@evil.example:4711",
                                  "evil.example:4711",
                                  "evil.example#127.0.0.1:4711",
                                  "evil.example?127.0.0.1:4711",
                                  "",
                                  ":4711"})
        uris.push_back("http://" + std::string(authority) + "/callback");
    check_refused(uris);
}

TEST_CASE("AS-02: a standard client's redirect with any other port is refused") {
    std::vector<std::string> uris;
    for (const char* port : {"", ":", ":0", ":00", ":65536", ":99999", ":+80", ":-80", ":080", ":0x50", ": 80", ":80 ",
                             ":8%30", ":80:80", ":18446744073709551697"})
        uris.push_back(std::string("http://127.0.0.1") + port + "/callback");
    check_refused(uris);
}

TEST_CASE("AS-02: a standard client's redirect with any other scheme, path, query or fragment is refused") {
    const std::string base = "http://127.0.0.1:4711";
    check_refused({"HTTP://127.0.0.1:4711/callback",
                   "https://127.0.0.1:4711/callback",
                   "//127.0.0.1:4711/callback",
                   "http:/127.0.0.1:4711/callback",
                   "http:\\\\127.0.0.1:4711/callback",
                   "javascript://127.0.0.1:4711/callback",
                   "com.example.app:/callback",
                   "urn:ietf:wg:oauth:2.0:oob",
                   " http://127.0.0.1:4711/callback",
                   "\thttp://127.0.0.1:4711/callback",
                   base + "/callback\r\nSet-Cookie: a=b",
                   base + "/callback" + std::string(1, '\0'),
                   "",
                   "/callback",
                   base,
                   base + "?",
                   base + "/callback?",
                   base + "/callback?a=b",
                   base + "/callback#",
                   base + "/callback#a",
                   base + "/callback/",
                   base + "//callback",
                   base + "/Callback",
                   base + "/callback/more",
                   base + "/callbac",
                   base + "/./callback",
                   base + "/x/../callback",
                   base + "/..;/callback",
                   base + "/callback;a",
                   base + "/%63allback",
                   base + "/%2563allback",
                   base + "/oauth%2fdone",
                   base + "/oauth%252fdone",
                   base + "/oauth\\done",
                   base + "/oauth",
                   base + "/cb/AAAAAAAAAAAAAAAAAAAAAA"});
}

TEST_CASE("AS-01: a client without paths has no redirect at all") {
    CHECK_FALSE(parse_client_redirect("http://127.0.0.1:4711/", {}));
}

TEST_CASE("AS-01: a path can be registered only if there is one way to write it") {
    for (const char* path : {"/", "/callback", "/callback/", "/a/b/c", "/a-b_c.d~e", "/.well-known/x", "/...", "/0"}) {
        INFO(path);
        CHECK(is_redirect_path(path));
    }
    for (const std::string& path : std::vector<std::string>{"",
                                                            "callback",
                                                            "//",
                                                            "//a",
                                                            "/a//b",
                                                            "/a//",
                                                            "/.",
                                                            "/..",
                                                            "/./a",
                                                            "/a/..",
                                                            "/a/../b",
                                                            "/a?b",
                                                            "/a#b",
                                                            "/%61",
                                                            "/a b",
                                                            "/a\\b",
                                                            "/a;b",
                                                            "/a+b",
                                                            "/a@b",
                                                            "/a:b",
                                                            "/\xC3\xA4",
                                                            "/a\n",
                                                            "http://127.0.0.1/a",
                                                            "/" + std::string(128, 'a')}) {
        INFO(path);
        CHECK_FALSE(is_redirect_path(path));
    }
}
