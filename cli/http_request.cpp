#include "cli/http_request.h"

#include "platform/encoding.h"
#include "platform/system_error.h"
#include "platform/unique_fd.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::UniqueFd;
using platform::Url;

/// The client must know a length before it sends: what has none (a pipe) is read into memory, up to this.
constexpr std::size_t k_longest_unsized_body = 64 * 1024 * 1024;
constexpr const char* k_form = "application/x-www-form-urlencoded";

/// The session's, the connection's and the framing's: not for a person to set.
constexpr std::array k_reserved{"cookie",  "host", "content-length", "transfer-encoding", "connection", "keep-alive",
                                "upgrade", "te",   "trailer",        "proxy-connection"};

bool is_method(const std::string& word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string trim(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Result<void> add_header(platform::http::Headers& headers, const std::string& line) {
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    if (colon == std::string::npos || !platform::http::is_token(name))
        return usage_error("not a header: " + line, "write -H 'Name: value'");
    const std::string lower = platform::lower_case(name);
    if (std::find(k_reserved.begin(), k_reserved.end(), lower) != k_reserved.end())
        return usage_error("the header " + name + " cannot be set",
                           lower == "cookie" ? "the session's cookie is added by itself" : "");
    std::string value = trim(line.substr(colon + 1));
    if (!platform::http::is_header_value(value))
        return usage_error("the value of the header " + name + " holds characters that no header may have");
    headers.add(name, std::move(value));
    return {};
}

Result<void> set_target(HttpRequest& request, const std::string& text) {
    const bool is_path = text.starts_with('/');
    if (!is_path && text.find("://") == std::string::npos)
        return usage_error("neither a path nor a URL: " + text, "write /" + text + " or https://" + text);
    auto url = Url::parse(is_path ? "http://127.0.0.1" + text : text);
    if (!url)
        return usage_error("cannot ask for " + text + ": " + url.error().message);
    if (is_path)
        request.path = text;
    else
        request.url = *url;
    return {};
}

Result<void> set_method(HttpRequest& request, const Arguments& arguments) {
    const auto& words = arguments.positional();
    const auto option = arguments.value("X");
    const std::string method = words.size() == 2 ? words[0] : option.value_or(arguments.has("d") ? "POST" : "GET");
    if (words.size() == 2 && option)
        return usage_error("the method is given twice: " + words[0] + " and -X " + *option);
    if (!is_method(method))
        return usage_error("not a method: " + method, "write it in capital letters: GET, POST, PUT, DELETE");
    if (method == "CONNECT" || method == "TRACE")
        return usage_error("the method " + method + " is not for requests with a session");
    request.method = method;
    return {};
}

Result<std::string> read_all(int fd, const std::string& name) {
    std::string all;
    std::array<char, 64 * 1024> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    while (true) {
        const ssize_t count = ::read(fd, piece.data(), piece.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return platform::system_error("read " + name);
        if (count == 0)
            return all;
        all.append(piece.data(), static_cast<std::size_t>(count));
        if (all.size() > k_longest_unsized_body)
            return Error{ErrorKind::failed, "too much data from " + name,
                         "put it into a file, and send that with -d @FILE"};
    }
}

Result<void> set_body_from_file(HttpRequest& request, const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0)
        return platform::system_error("read " + path);
    if (!S_ISREG(status.st_mode) || status.st_size == 0) { // pipes, and files of /proc, do not tell their length
        KEYFOB_TRY_ASSIGN(request.body, read_all(fd.get(), path));
        return {};
    }
    request.body_file = std::move(fd);
    request.body_length = static_cast<std::uint64_t>(status.st_size);
    return {};
}

Result<void> set_body(HttpRequest& request, const std::string& data) {
    if (data == "@")
        return usage_error("-d @ names no file", "write -d @FILE, or -d @- for standard input");
    if (data == "@-") {
        KEYFOB_TRY_ASSIGN(request.body, read_all(STDIN_FILENO, "standard input"));
    } else if (data.starts_with('@')) {
        KEYFOB_TRY(set_body_from_file(request, data.substr(1)));
    } else {
        request.body = data;
    }
    if (request.headers.find("Content-Type") == nullptr)
        request.headers.add("Content-Type", k_form);
    return {};
}

} // namespace

Result<HttpRequest> parse_http_request(const Arguments& arguments) {
    const auto& words = arguments.positional();
    if (words.empty() || (words.size() == 1 && is_method(words[0])))
        return usage_error("the path or URL is missing");
    HttpRequest request;
    KEYFOB_TRY(set_method(request, arguments));
    KEYFOB_TRY(set_target(request, words.back()));
    for (const std::string& line : arguments.values("H"))
        KEYFOB_TRY(add_header(request.headers, line));
    if (const auto data = arguments.value("d"))
        KEYFOB_TRY(set_body(request, *data));
    if (request.headers.find("Accept") == nullptr)
        request.headers.add("Accept", "*/*");
    if (request.headers.find("User-Agent") == nullptr)
        request.headers.add("User-Agent", KEYFOB_CLI_NAME "/" KEYFOB_VERSION);
    return request;
}

} // namespace keyfob::cli
