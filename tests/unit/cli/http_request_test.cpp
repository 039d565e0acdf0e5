#include "cli/http_request.h"

#include "agent/api/error_code.h"
#include "cli/command_table.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

#include <unistd.h>

using namespace keyfob;
using cli::HttpRequest;

namespace {

platform::Result<HttpRequest> parse(const std::vector<std::string>& words) {
    const auto table = cli::command_table();
    const auto row = std::find_if(table.begin(), table.end(), [](const auto& command) { return command.name == "do"; });
    auto arguments = cli::Arguments::parse(row->options, words);
    REQUIRE(arguments);
    return cli::parse_http_request(*arguments);
}

void check_usage(const std::vector<std::string>& words) {
    const auto request = parse(words);
    CAPTURE(words);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == agent::api::k_usage);
}

std::string header(const HttpRequest& request, const char* name) {
    const std::string* value = request.headers.find(name);
    return value == nullptr ? "absent" : *value;
}

} // namespace

TEST_CASE("the method is a word in front, -X, or follows from the data", "[cli]") {
    CHECK(parse({"/x"})->method == "GET");
    CHECK(parse({"DELETE", "/x"})->method == "DELETE");
    CHECK(parse({"/x", "-X", "PUT"})->method == "PUT");
    CHECK(parse({"/x", "-d", "a=b"})->method == "POST");
    CHECK(parse({"PATCH", "/x", "-d", "a=b"})->method == "PATCH");
    check_usage({"get", "/x"});
    check_usage({"GET", "/x", "-X", "GET"});
    check_usage({"/x", "-X", "GE T"});
    check_usage({"/x", "-X", ""});
    check_usage({"TRACE", "/x"});
    check_usage({"CONNECT", "/x"});
}

TEST_CASE("the target is a path on the account's server or a whole URL", "[cli]") {
    CHECK(parse({"/a?b"})->on_server("https://s.example") == "https://s.example/a?b");
    CHECK(parse({"//evil.example/"})->on_server("https://s.example") == "https://s.example//evil.example/");
    CHECK(parse({"https://t.example"})->on_server("https://s.example") == "https://t.example/");
    for (const char* wrong : {"", "secured", "s.example/x", "file:///etc/passwd", "/a b", "/a\nb", "/\\b", "/a#b",
                              "https://u@s.example/", "GET"})
        check_usage({wrong});
    check_usage({});
}

TEST_CASE("headers are added in order; those of session and connection are refused", "[cli][AG-08]") {
    const auto request = parse({"/x", "-H", "X-A: 1", "-H", "x-a:\t2 ", "-H", "Accept: text/html", "-H", "X-Empty:"});
    REQUIRE(request);
    CHECK(request->headers.all("X-A") == std::vector<std::string_view>{"1", "2"});
    CHECK(header(*request, "Accept") == "text/html");
    CHECK(header(*request, "X-Empty").empty());
    CHECK(header(*parse({"/x"}), "Accept") == "*/*");
    for (const char* wrong :
         {"Cookie: a=b", "cOOKIE:a=b", "Host: evil.example", "Content-Length: 5", "Transfer-Encoding: chunked",
          "Connection: close", "No colon", ": no name", "Bad name: x", "X: a\r\nCookie: b", "X\n: a", "X: \x1b[31m"})
        check_usage({"/x", "-H", wrong});
}

TEST_CASE("data is a text or a file, and a form unless said otherwise", "[cli]") {
    const auto form = parse({"/x", "-d", "a=b&c"});
    CHECK(form->body == "a=b&c");
    CHECK(header(*form, "Content-Type") == "application/x-www-form-urlencoded");
    CHECK(header(*parse({"/x", "-d", "{}", "-H", "content-type: application/json"}), "Content-Type") ==
          "application/json");
    CHECK(header(*parse({"/x"}), "Content-Type") == "absent");
}

TEST_CASE("a file is streamed, byte for byte", "[cli]") {
    const tests::TemporaryDirectory directory;
    const std::string content("a\r\n\0b\xff\n", 7);
    std::ofstream(directory.file("data"), std::ios::binary) << content;
    const auto request = parse({"/x", "-d", "@" + directory.file("data")});
    REQUIRE(request);
    REQUIRE(request->body_file);
    CHECK(request->body_length == 7);
    std::string read(100, ' ');
    read.resize(static_cast<std::size_t>(::read(request->body_file.get(), read.data(), read.size())));
    CHECK(read == content);
    CHECK(request->body.empty());
}

TEST_CASE("files without a length are read, and those that cannot be read are errors", "[cli]") {
    const tests::TemporaryDirectory directory;
    const auto of_proc = parse({"/x", "-d", "@/proc/self/comm"});
    REQUIRE(of_proc);
    CHECK_FALSE(of_proc->body.empty());
    std::ofstream(directory.file("empty")).flush();
    CHECK(parse({"/x", "-d", "@" + directory.file("empty")})->body.empty());
    for (const std::string& wrong : {directory.file("nothing"), directory.path()}) {
        const auto request = parse({"/x", "-d", "@" + wrong});
        REQUIRE_FALSE(request);
        CHECK(request.error().message.starts_with("cannot read "));
    }
}
