#include "platform/http/request_parser.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace keyfob::platform::http;

namespace {

using Outcome = std::variant<RequestHead, Incomplete, Refusal>;

Outcome parse(std::string_view input) {
    return parse_request_head(input, Limits{});
}

/// 200: accepted, 0: more is needed, else the status of the refusal.
int status_of(const Outcome& outcome) {
    if (const auto* refusal = std::get_if<Refusal>(&outcome))
        return refusal->status;
    return std::holds_alternative<RequestHead>(outcome) ? 200 : 0;
}

RequestHead accepted(std::string_view input) {
    Outcome outcome = parse(input);
    INFO(std::string(input));
    if (const auto* refusal = std::get_if<Refusal>(&outcome))
        FAIL(refusal->reason);
    REQUIRE(std::holds_alternative<RequestHead>(outcome));
    return std::get<RequestHead>(std::move(outcome));
}

std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string with_line(const std::string& line) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n";
}
std::string post_with(const std::string& lines) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

struct Row {
    const char* name;
    std::string input;
    int status;
};

} // namespace

TEST_CASE("OP-04: a request head is taken apart as it was sent") {
    const RequestHead head =
        accepted("POST /a/%2e%2e/b;c?x=1&y=%20?z HTTP/1.1\r\nHost: Example.com:8420\r\nContent-Length: 12\r\n"
                 "X-Thing:  \t padded value \t \r\nx-thing: second\r\nEmpty:\r\n\r\nbody");
    CHECK(head.request.method == "POST");
    CHECK(head.request.path == "/a/%2e%2e/b;c");
    CHECK(head.request.query == "x=1&y=%20?z");
    CHECK(*head.request.headers.find("host") == "Example.com:8420");
    CHECK(head.request.headers.all("X-THING") == std::vector<std::string_view>{"padded value", "second"});
    CHECK(head.request.headers.find("Empty")->empty());
    CHECK(head.content_length == 12);
    CHECK(head.keep_alive);
    CHECK(head.head_length ==
          std::string_view("POST /a/%2e%2e/b;c?x=1&y=%20?z HTTP/1.1\r\nHost: Example.com:8420\r\nContent-Length: 12\r\n"
                           "X-Thing:  \t padded value \t \r\nx-thing: second\r\nEmpty:\r\n\r\n")
              .size());
}

TEST_CASE("OP-04: every proper beginning of a good head wants more, and nothing behind it changes anything") {
    const std::string input = "GET /x?y HTTP/1.1\r\nHost: a\r\nCookie: b=c\r\n\r\n";
    for (std::size_t length = 0; length < input.size(); ++length) {
        INFO(input.substr(0, length));
        CHECK(status_of(parse(input.substr(0, length))) == 0);
    }
    for (const std::string& behind : {std::string(), input, std::string("\n\n"), std::string(100'000, '\0')}) {
        const RequestHead head = accepted(input + behind);
        CHECK(head.head_length == input.size());
        CHECK(head.request.path == "/x");
    }
}

TEST_CASE("the strict front: each looseness of Poco has its refusal") {
    const Row row = GENERATE(values<Row>({
        // framing: whoever stands before us must never read another length
        {"TE and CL", post_with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 501},
        {"CL and TE", post_with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 501},
        {"TE chunked", post_with("Transfer-Encoding: chunked\r\n"), 501},
        {"TE gzip, chunked", post_with("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"TE identity", post_with("Transfer-Encoding: identity\r\nContent-Length: 0\r\n"), 501},
        {"TE empty", post_with("Transfer-Encoding:\r\nContent-Length: 0\r\n"), 501},
        {"TE xchunked", post_with("Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n"), 501},
        {"TE in another case", post_with("tRANSFER-eNCODING: Chunked\r\n"), 501},
        {"TE on GET", with_line("Transfer-Encoding: chunked"), 501},
        {"TE on HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
        {"TE with a blank before the colon", post_with("Transfer-Encoding : chunked\r\nContent-Length: 0\r\n"), 400},
        {"TE behind a tab", post_with("\tTransfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
        {"TE behind a vertical tab", post_with("X: y\x0bTransfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
        {"TE behind a bare LF", post_with("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
        {"TE behind a bare CR", post_with("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
        {"two equal CL", post_with("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        {"two CL", post_with("Content-Length: 3\r\nContent-Length: 5\r\n"), 400},
        {"two CL in two cases", post_with("Content-Length: 3\r\ncontent-length: 5\r\n"), 400},
        {"CL +5", post_with("Content-Length: +5\r\n"), 400},
        {"CL -5", post_with("Content-Length: -5\r\n"), 400},
        {"CL 5,5", post_with("Content-Length: 5,5\r\n"), 400},
        {"CL 5, 5", post_with("Content-Length: 5, 5\r\n"), 400},
        {"CL 0x5", post_with("Content-Length: 0x5\r\n"), 400},
        {"CL 5 5", post_with("Content-Length:  5 5\r\n"), 400},
        {"CL 5.0", post_with("Content-Length: 5.0\r\n"), 400},
        {"CL 5e1", post_with("Content-Length: 5e1\r\n"), 400},
        {"CL 5;", post_with("Content-Length: 5;\r\n"), 400},
        {"CL a word", post_with("Content-Length: five\r\n"), 400},
        {"CL empty", post_with("Content-Length:\r\n"), 400},
        {"CL quoted", post_with("Content-Length: \"5\"\r\n"), 400},
        {"CL past 64 bits", post_with("Content-Length: 18446744073709551621\r\n"), 400},
        {"CL of a thousand digits", post_with("Content-Length: " + std::string(1000, '0') + "\r\n"), 400},
        {"CL bad on GET", with_line("Content-Length: x"), 400},
        {"POST without length", post_with(""), 411},
        {"PUT without length", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", 411},
        {"PATCH without length", "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 411},
        {"unknown method without length", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 411},
        // lines
        {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
        {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        {"bare CR in a value", with_line("X: a\rb"), 400},
        {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
        {"LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"folded line", with_line("X: a\r\n b"), 400},
        {"folded line by tab", with_line("X: a\r\n\tb"), 400},
        {"folded first line", "GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", 400},
        {"no colon", with_line("no colon here"), 400},
        {"no name", with_line(": value"), 400},
        {"blank before the colon", with_line("X : y"), 400},
        {"tab before the colon", with_line("X\t: y"), 400},
        {"blank in the name", with_line("X Y: z"), 400},
        {"name no token", with_line("X(y): z"), 400},
        {"name with a NUL", with_line(std::string("X\0: y", 6)), 400},
        {"name not ASCII", with_line("X\xc3\xa9: y"), 400},
        {"value with a NUL", with_line(std::string("X: a\0b", 6)), 400},
        {"value with an escape", with_line("X: \x1b[2J"), 400},
        {"value with DEL", with_line("X: a\x7f"), 400},
        {"value with BEL", with_line("X: a\x07"), 400},
        // request line
        {"absolute form", get("http://a/"), 400},
        {"absolute form of https", get("https://a/"), 400},
        {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"double slash", get("//evil.example/x"), 400},
        {"relative", get("x"), 400},
        {"only a query", get("?x"), 400},
        {"fragment", get("/x#y"), 400},
        {"target with a blank", get("/a b"), 400},
        {"target with a tab", get("/a\tb"), 400},
        {"target not ASCII", get("/\xc3\xa9"), 400},
        {"target with DEL", get("/\x7f"), 400},
        {"target with a NUL", get(std::string("/\0x", 3)), 400},
        {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"tab instead of blank", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"blank first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"blank last", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"HTTP/0.9", "GET /\r\n\r\n", 400},
        {"no version", "GET / \r\nHost: a\r\n\r\n", 400},
        {"version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"version 1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 505},
        {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"version 01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 505},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"method no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"method empty", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"method with a NUL", std::string("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n", 27), 400},
        {"method too long", std::string(17, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"TLS", "\x16\x03\x01\r\n\r\n", 400},
        // Host and what must be singular
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 400},
        {"Host empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"two Host", with_line("Host: a"), 400},
        {"two Host in two cases", with_line("hOST: b"), 400},
        {"two Cookie", with_line("Cookie: a=1\r\nCookie: b=2"), 400},
        {"two DPoP", with_line("DPoP: x\r\nDPoP: x"), 400},
        {"two Authorization", with_line("Authorization: x\r\nAuthorization: y"), 400},
        {"two Content-Type", with_line("Content-Type: a/b\r\nContent-Type: a/b"), 400},
        {"two Origin", with_line("Origin: http://a\r\nOrigin: null"), 400},
        {"two Sec-Fetch-Site", with_line("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site"), 400},
        {"two Secure-Session-Response", with_line("Secure-Session-Response: a\r\nSecure-Session-Response: b"), 400},
        // SE-04
        {"cookies of one name in two cases", with_line("Cookie: __Host-keyfob=1; x=y; __HoSt-keyfob=2"), 400},
    }));
    INFO(row.name);
    CHECK(status_of(parse(row.input)) == row.status);
}

TEST_CASE("the strict front: what is right is accepted") {
    const Row row = GENERATE(values<Row>({
        {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0},
        {"cookies of one name, one of them a parent domain's", with_line("Cookie: _ga=1; x=2; _ga=3"), 0},
        {"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"DELETE without length", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"OPTIONS without length", "OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"GET with a body", with_line("Content-Length: 5"), 5},
        {"CL 0", post_with("Content-Length: 0\r\n"), 0},
        {"CL 007", post_with("Content-Length: 007\r\n"), 7},
        {"CL in blanks", post_with("Content-Length: \t 5 \t\r\n"), 5},
        {"all of the punctuation of a target", get("/!$&'()*+,-./:;=@_~%20?a[]=b{}|^`\"<>\\"), 0},
        {"a query that begins with a slash", get("/?//evil.example"), 0},
        {"no blank behind the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", 0},
        {"a colon in a value", with_line("X: a:b::c"), 0},
        {"a value of Latin-1", with_line("X: caf\xe9"), 0},
        {"a tab in a value", with_line("X: a\tb"), 0},
        {"fields that may be repeated", with_line("Accept: a\r\nAccept: b\r\nX-Forwarded-For: c\r\nX-Forwarded-For: d"),
         0},
        {"cookies of several names", with_line("Cookie: a=1; b=1; ab=1; keyfob-flow-1=x; keyfob-flow-2=x"), 0},
        {"a cookie with = in its value", with_line("Cookie: a=b=c; d="), 0},
    }));
    INFO(row.name);
    CHECK(accepted(row.input).content_length == static_cast<std::size_t>(row.status));
}

TEST_CASE("the strict front: an encoded word stays literal") {
    const RequestHead head = accepted(with_line("X: =?utf-8?Q?a=0D=0ASet-Cookie:_evil=3D1?="));
    CHECK(*head.request.headers.find("X") == "=?utf-8?Q?a=0D=0ASet-Cookie:_evil=3D1?=");
    CHECK(head.request.headers.find("Set-Cookie") == nullptr);
}

TEST_CASE("a connection is kept only when both want it") {
    CHECK(accepted(get("/")).keep_alive);
    CHECK(accepted(with_line("Connection: keep-alive")).keep_alive);
    CHECK_FALSE(accepted(with_line("Connection: close")).keep_alive);
    CHECK_FALSE(accepted(with_line("connection: Close")).keep_alive);
    CHECK_FALSE(accepted(with_line("Connection: TE, close")).keep_alive);
    CHECK_FALSE(accepted("GET / HTTP/1.0\r\nHost: a\r\n\r\n").keep_alive);
}

TEST_CASE("OP-04: the limits of a head") {
    const Limits limits;
    const auto fields = [](std::size_t count) {
        std::string lines;
        for (std::size_t i = 0; i < count; ++i)
            lines += "x" + std::to_string(i) + ": y\r\n";
        return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
    };
    CHECK(status_of(parse(fields(limits.fields - 1))) == 200);
    CHECK(status_of(parse(fields(limits.fields))) == 431);

    const std::size_t others = with_line("X: ").size();
    CHECK(status_of(parse(with_line("X: " + std::string(limits.head_bytes - others, 'y')))) == 200);
    CHECK(status_of(parse(with_line("X: " + std::string(limits.head_bytes - others + 1, 'y')))) == 431);
    CHECK(status_of(parse("GET / HTTP/1.1\r\nX: " + std::string(limits.head_bytes, 'y'))) == 431);

    CHECK(status_of(parse(get("/" + std::string(8191, 'x')))) == 200);
    CHECK(status_of(parse(get("/" + std::string(8192, 'x')))) == 414);
    CHECK(status_of(parse("GET /" + std::string(limits.head_bytes, 'x'))) == 414);
}

TEST_CASE("OP-04: a first line that can only be wrong does not wait for its end") {
    CHECK(status_of(parse("GET / HTTP/1.1\nHost")) == 400);
    CHECK(status_of(parse("\n")) == 400);
    CHECK(status_of(parse("\nGET / HTTP/1.1")) == 400);
}
