#include "platform/http/request_parser.h"
#include "tests/unit/platform/http/application.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using namespace keyfob::platform::http::tests;

namespace {

using namespace std::string_literals;

/// One request as an attacker, or a careless program, would send it. `status`: of the only answer, after which the connection ends.
struct Refused {
    std::string name;
    std::string octets;
    int status;
};

std::string with_lines(const std::string& lines, const std::string& method = "POST") {
    return method + " /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

std::string with_first_line(const std::string& line) {
    return line + "\r\nHost: a\r\n\r\n";
}

std::string shown(const std::string& text) {
    std::string result;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        constexpr const char* k_digits = "0123456789abcdef";
        if (octet >= 0x20 && octet < 0x7F)
            result += c;
        else
            result += "\\x"s + k_digits[octet / 16] + k_digits[octet % 16];
    }
    return result;
}

void append_transfer_codings(std::vector<Refused>& cases) {
    for (const char* value :
         {"chunked", "Chunked", "CHUNKED", "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked",
          "chunked;x=1", "\"chunked\"", "xchunked", "chunked\t", "", "cow", ", chunked"}) {
        const std::string line = "Transfer-Encoding: "s + value + "\r\n";
        cases.push_back({"transfer coding " + shown(value), with_lines(line) + "0\r\n\r\n", 501});
        cases.push_back({"transfer coding and length " + shown(value),
                         with_lines("Content-Length: 5\r\n" + line) + "0\r\n\r\n", 501});
        cases.push_back({"transfer coding on GET " + shown(value), with_lines(line, "GET") + "0\r\n\r\n", 501});
    }
    cases.push_back(
        {"two transfer codings", with_lines("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 501});
    cases.push_back({"a transfer coding in capitals", with_lines("TRANSFER-ENCODING: chunked\r\n"), 501});
    cases.push_back(
        {"a transfer coding of HTTP/1.0", "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501});
}

void append_lengths(std::vector<Refused>& cases) {
    for (const char* value : {"+5",
                              "-5",
                              "-0",
                              "5,5",
                              "5, 5",
                              "5 5",
                              "5;",
                              "5.0",
                              "0x5",
                              "1e1",
                              "5a",
                              "a5",
                              "\"5\"",
                              "",
                              "0000000000000005",
                              "9999999999999999",
                              "18446744073709551621",
                              "\xD9\xA5",
                              "5_0",
                              "5\v",
                              "0b101",
                              "NaN"})
        cases.push_back({"length "s + shown(value), with_lines("Content-Length: "s + value + "\r\n") + "12345", 400});
    for (const auto& [first, second] : {std::pair{"5", "5"}, {"5", "6"}, {"0", "5"}, {"5", ""}}) {
        cases.push_back({"lengths "s + first + " and " + second,
                         with_lines("Content-Length: "s + first + "\r\nContent-Length: " + second + "\r\n") + "12345",
                         400});
        cases.push_back({"lengths "s + first + " and, spelled otherwise, " + second,
                         with_lines("Content-Length: "s + first + "\r\nCONTENT-length: " + second + "\r\n") + "12345",
                         400});
    }
    for (const char* method : {"POST", "PUT", "PATCH", "PROPFIND", "post", "CONNECT", "TRACE"})
        cases.push_back({"no length with "s + method, with_lines("", method), 411});
}

void append_fields(std::vector<Refused>& cases) {
    for (const char* name : {"Host", "Content-Length", "Content-Type", "Authorization", "Cookie", "DPoP", "Origin",
                             "Referer", "Expect", "Connection", "Upgrade", "Sec-Secure-Session-Id",
                             "Secure-Session-Response", "Sec-Fetch-Site", "Sec-Fetch-Dest", "Sec-Fetch-Mode"}) {
        const std::string line = name + ": 1\r\n"s;
        cases.push_back({"twice "s + name, with_lines(line + line, "GET"), 400});
    }
    for (const char separator : "()<>@,;\\\"/[]?={} \t"s)
        cases.push_back({"a name with "s + shown({separator}), with_lines("X"s + separator + "Y: 1\r\n", "GET"), 400});
    for (const char* line : {"X : 1", "X\t: 1", " X: 1", "\tX: 1", ": 1", "X", "Content-Length : 5",
                             "Transfer-Encoding : chunked", "Host : b", "\xC3\xA9: 1", "X\x80: 1"}) {
        cases.push_back({"first line "s + shown(line), "GET /x HTTP/1.1\r\n"s + line + "\r\nHost: a\r\n\r\n", 400});
        cases.push_back({"last line "s + shown(line), with_lines(line + "\r\n"s, "GET"), 400});
    }
    cases.push_back({"a folded value", with_lines("X: 1\r\n 2\r\n", "GET"), 400});
    cases.push_back({"a value folded by a tab", with_lines("X: 1\r\n\t2\r\n", "GET"), 400});
    cases.push_back({"a folded length", with_lines("Content-Length:\r\n 5\r\n") + "12345", 400});
    cases.push_back({"an empty line with a blank", with_lines(" \r\n", "GET"), 400});
    for (int octet = 0; octet < 0x20; ++octet)
        if (octet != '\t' && octet != '\r' && octet != '\n')
            cases.push_back({"a control octet in a value "s + shown({static_cast<char>(octet)}),
                             with_lines("X: 1"s + static_cast<char>(octet) + "2\r\n", "GET"), 400});
    cases.push_back({"DEL in a value", with_lines("X: 1\x7F\r\n", "GET"), 400});
    cases.push_back({"NUL in a name", with_lines("X\0Y: 1\r\n"s, "GET"), 400});
}

void append_line_ends(std::vector<Refused>& cases) {
    cases.push_back({"a line feed ends the first line", "GET /x HTTP/1.1\nHost: a\r\n\r\n", 400});
    cases.push_back({"line feeds end all lines", "GET /x HTTP/1.1\nHost: a\n\n", 400});
    cases.push_back({"a line feed ends a field", with_lines("X: 1\nY: 2\r\n", "GET"), 400});
    cases.push_back({"a line feed hides a length", with_lines("X: 1\nContent-Length: 5\r\n", "GET") + "12345", 400});
    cases.push_back({"a line feed ends the head", "GET /x HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n\r\n", 400});
    cases.push_back({"a carriage return in a value", with_lines("X: 1\rY: 2\r\n", "GET"), 400});
    cases.push_back({"a carriage return hides a length", with_lines("X: 1\rContent-Length: 5\r\n", "GET"), 400});
    cases.push_back({"two carriage returns end a line", with_lines("X: 1\r\r\n", "GET"), 400});
    cases.push_back({"a carriage return in the first line", "GET /x\r HTTP/1.1\r\nHost: a\r\n\r\n", 400});
    cases.push_back({"a carriage return before the method", "\rGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400});
}

void append_first_lines(std::vector<Refused>& cases) {
    for (const char* target :
         {"http://a/x", "HTTP://a/x", "https://a/x", "http://evil/x", "//a/x", "//",    "a",   "a:80", "*",    "?x",
          "#",          "/x#y",       "/\x7F",       "/\xC3\xA9",     "/\x01", "/x\ty", "\\x", ".",    "../x", "x/y"})
        cases.push_back({"target "s + shown(target), with_first_line("GET "s + target + " HTTP/1.1"), 400});
    cases.push_back({"an absolute target with another host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400});
    cases.push_back({"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400});
    for (const char* version : {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/2", "HTTP/3", "HTTP/1", "HTTP/1.",
                                "HTTP/1.10", "HTTP/01.1", "HTTP/1.1x"})
        cases.push_back({"version "s + version, with_first_line("GET /x "s + version), 505});
    for (const char* line : {"GET /x http/1.1", "GET /x Http/1.1", "GET /x XTTP/1.1", "GET /x", "GET", "GET  HTTP/1.1",
                             " GET /x HTTP/1.1", "GET /x y HTTP/1.1", "GET /x  HTTP/1.1", "GET  /x HTTP/1.1",
                             "GET\t/x\tHTTP/1.1", "GET /x HTTP/1.1 ", "G(T /x HTTP/1.1", "G@T /x HTTP/1.1",
                             "GET: /x HTTP/1.1", "\"GET\" /x HTTP/1.1", "G\x01T /x HTTP/1.1", "G\xC3\x89T /x HTTP/1.1"})
        cases.push_back({"first line "s + shown(line), with_first_line(line), 400});
    cases.push_back({"a long method", with_first_line(std::string(17, 'M') + " /x HTTP/1.1"), 501});
    cases.push_back({"a long target", with_first_line("GET /" + std::string(8192, 'x') + " HTTP/1.1"), 414});
}

void append_the_rest(std::vector<Refused>& cases) {
    cases.push_back({"no Host", "GET /x HTTP/1.1\r\n\r\n", 400});
    cases.push_back({"no Host in HTTP/1.0", "GET /x HTTP/1.0\r\n\r\n", 400});
    cases.push_back({"an empty Host", "GET /x HTTP/1.1\r\nHost:\r\n\r\n", 400});
    cases.push_back({"a blank Host", "GET /x HTTP/1.1\r\nHost: \t \r\n\r\n", 400});
    cases.push_back({"two different Hosts", "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400});
    for (const char* host : {"b", "a.evil", "a:80", "a,b", "a b", "x@a", "a/", "a\xC3\xA9"})
        cases.push_back({"Host "s + shown(host), "GET /x HTTP/1.1\r\nHost: "s + host + "\r\n\r\n", 421});
    for (const char* value : {"200-ok", "100-continue, x", "100-continuee", "100", "", "\"100-continue\""})
        cases.push_back({"expectation "s + value, with_lines("Expect: "s + value + "\r\n", "GET"), 417});
    for (const char* value : {"a=1; A=2", "__Host-k=1; __host-k=2", "__Host-keyfob=1; x=2; __HOST-keyfob=3"})
        cases.push_back({"cookies "s + value, with_lines("Cookie: "s + value + "\r\n", "GET"), 400});
    std::string many;
    for (int i = 0; i < 64; ++i)
        many += "X-" + std::to_string(i) + ": 1\r\n";
    cases.push_back({"65 fields", with_lines(many, "GET"), 431});
    cases.push_back({"a head of more than 16 KiB",
                     with_lines("X: " + std::string(std::size_t{16} * 1024, 'x') + "\r\n", "GET"), 431});
    cases.push_back({"an endless first line", std::string(std::size_t{17} * 1024, 'G'), 414});
    cases.push_back({"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505});
}

std::vector<Refused> all_refused() {
    std::vector<Refused> cases;
    append_transfer_codings(cases);
    append_lengths(cases);
    append_fields(cases);
    append_line_ends(cases);
    append_first_lines(cases);
    append_the_rest(cases);
    return cases;
}

ServerOptions options_for_host_a() {
    ServerOptions options = options_of();
    options.hosts = {"a"};
    return options;
}

} // namespace

TEST_CASE("the strict front: 250 ways to frame a request otherwise have one refusal each, and nothing behind them is "
          "executed") {
    TestApplication application;
    const auto server = start(options_for_host_a(), application);
    const auto cases = all_refused();
    CHECK(cases.size() >= 250);
    for (const Refused& one : cases) {
        CAPTURE(one.name);
        TcpSocket socket = TcpSocket::connect(server->port());
        const Answer answer = ask(socket, one.octets + get("/smuggled"));
        CHECK(answer.status == one.status);
        CHECK(answer.has("Connection: close"));
        CHECK(socket.read_to_end().empty()); // one answer, and the end
    }
    CHECK(application.requests().empty());
}

TEST_CASE("the strict front: what is refused at once is never taken for good while it arrives") {
    for (const Refused& one : all_refused()) {
        CAPTURE(one.name);
        const bool is_refused_whole = std::holds_alternative<Refusal>(parse_request_head(one.octets, Limits{}));
        for (std::size_t length = 1; is_refused_whole && length < std::min<std::size_t>(one.octets.size(), 256);
             ++length)
            if (std::holds_alternative<RequestHead>(parse_request_head(one.octets.substr(0, length), Limits{})))
                FAIL_CHECK("taken after " << length << " octets");
    }
}

TEST_CASE("the strict front: what looks odd and is right is executed once, and the connection goes on") {
    struct Row {
        std::string octets;
        std::string body;
    };
    const std::vector<Row> rows{
        {with_lines("Content-Length: 0\r\n"), ""},
        {with_lines("Content-Length: 000\r\n"), ""},
        {with_lines("content-length:5\r\n") + "12345", "12345"},
        {with_lines("Content-Length: \t5 \t\r\n") + "12345", "12345"},
        {with_lines("Content-Length: 5\r\n", "GET") + "12345", "12345"},
        {with_lines("Content-Length: 37\r\n") + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n12",
         "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n12"},
        {"\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", ""},
        {with_lines("X:\r\n", "GET"), ""},
        {with_lines("X: =?utf-8?b?ZXZpbA==?=\r\n", "GET"), ""},
        {with_lines("X: \xC3\xA9\r\n", "GET"), ""},
        {with_lines("X: 1\r\nX: 2\r\n", "GET"), ""},
        {with_lines("Cookie: a=1; a=2\r\n", "GET"), ""},
        {with_lines("!#$%&'*+-.^_`|~09: 1\r\n", "GET"), ""},
        {with_lines("TE: chunked\r\nTrailer: X\r\n", "GET"), ""},
        {with_lines("Upgrade: h2c\r\nConnection: Upgrade\r\n", "GET"), ""},
        {"GET /x?y=/../%00 HTTP/1.1\r\nHost: A\r\n\r\n", ""},
        {"BREW /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", ""},
    };
    TestApplication application;
    const auto server = start(options_for_host_a(), application);
    TcpSocket socket = TcpSocket::connect(server->port());
    for (const Row& row : rows) {
        CAPTURE(row.octets);
        const Answer answer = ask(socket, row.octets);
        CHECK(answer.status == 200);
        CHECK_FALSE(answer.has("Connection: close"));
        REQUIRE_FALSE(application.requests().empty());
        CHECK(application.requests().back().body == row.body);
    }
    CHECK(application.requests().size() == rows.size());
}
