#include "cli/redirect.h"

#include <algorithm>
#include <vector>

namespace keyfob::cli {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::Url;
using platform::http::ClientRequest;
using platform::http::ClientResponse;

bool has_scheme(std::string_view reference) {
    const std::size_t end = reference.find_first_of(":/?");
    return end != std::string_view::npos && end > 0 && reference[end] == ':';
}

/// RFC 3986 section 5.2.4, for a path that begins with `/`.
std::string without_dot_segments(std::string_view path) {
    std::vector<std::string_view> segments;
    bool open = true; // ends in a slash
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        open = segment == "." || segment == "..";
        if (segment == ".." && !segments.empty())
            segments.pop_back();
        else if (!open)
            segments.push_back(segment);
    }
    std::string result;
    for (const std::string_view segment : segments)
        result.append("/").append(segment);
    return open ? result + "/" : result;
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool has_body(const ClientRequest& request) {
    return request.body_file >= 0 || !request.body.empty();
}

RedirectPlan not_followed(const std::string& why) {
    return {std::nullopt, "", "the redirect is not followed: " + why};
}

} // namespace

Result<Url> resolve_reference(const Url& base, std::string_view reference) {
    reference = reference.substr(0, reference.find('#'));
    if (has_scheme(reference))
        return Url::parse(reference);
    if (reference.starts_with("//"))
        return Url::parse(base.origin.scheme + ":" + std::string(reference));
    const std::size_t question = std::min(reference.find('?'), reference.size());
    const std::string_view path = reference.substr(0, question);
    std::string query(reference.substr(question));
    std::string target = base.path;
    if (path.starts_with('/'))
        target = path;
    else if (!path.empty())
        target = base.path.substr(0, base.path.rfind('/') + 1) + std::string(path);
    else if (query.empty() && base.has_query)
        query = "?" + base.query;
    return Url::parse(base.origin.text() + without_dot_segments(target) + query);
}

RedirectPlan plan_redirect(const ClientRequest& request, const ClientResponse& head) {
    const auto locations = head.headers.all("Location");
    if (!is_redirect(head.status) || locations.empty())
        return {};
    const bool idempotent = (request.method == "GET" || request.method == "HEAD") && !has_body(request);
    if (locations.size() > 1)
        return not_followed("it names several addresses");
    const auto next = resolve_reference(request.url, locations[0]);
    if (!next)
        return not_followed(next.error().message);
    if (!(next->origin == request.url.origin))
        return not_followed("it leads to another server, " + next->origin.text());
    if (!idempotent && head.status != 303)
        return not_followed("a " + request.method + " request is not sent twice; it leads to " + next->target());
    return {*next, request.method == "HEAD" ? "HEAD" : "GET", ""};
}

} // namespace keyfob::cli
