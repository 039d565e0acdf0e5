#include "server/http/page_frame.h"

namespace keyfob::server::http::pages {

namespace {
constexpr const char* k_frame = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}} - Keyfob</title>
<link rel="stylesheet" href="/style.css">
{{#refresh}}<meta http-equiv="refresh" content="0;url={{refresh}}">
{{/refresh}}</head>
<body>
<main>
<h1>{{title}}</h1>
{{{body}}}
</main>
</body>
</html>
)";
} // namespace

std::string render(const std::string& text, mustache::data values) {
    return mustache::mustache(text).render(values);
}

std::string framed(const std::string& title, const std::string& body, const std::string& refresh) {
    mustache::data values;
    if (!refresh.empty())
        values.set("refresh", refresh);
    values.set("title", title);
    values.set("body", body);
    return render(k_frame, values);
}

std::string age_text(std::int64_t seconds) {
    if (seconds < 60)
        return "less than a minute";
    return std::to_string(seconds / 60) + (seconds < 120 ? " minute" : " minutes");
}

std::string account_text(const signin::User& user) {
    if (user.name.empty())
        return user.email.empty() ? user.subject : user.email;
    return user.email.empty() ? user.name : user.name + " (" + user.email + ")";
}

} // namespace keyfob::server::http::pages
