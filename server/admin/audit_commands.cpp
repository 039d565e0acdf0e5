#include "server/admin/command.h"

#include <charconv>

namespace keyfob::server::admin {
namespace {

using platform::Result;
using signin::AuditRecord;

constexpr std::int64_t k_usual_limit = 50;

Poco::JSON::Object object_of(const AuditRecord& record) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("id", record.id);
    object.set("at", record.at);
    object.set("event", record.event);
    object.set("request_id", record.request_id);
    object.set("client_address", record.client_address);
    object.set("user_id", record.user_id);
    object.set("user", record.user);
    object.set("session", record.session);
    object.set("detail", record.detail);
    return object;
}

/// Seconds of `90s`, `15m`, `8h`, `30d`.
Result<std::int64_t> read_span(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::int64_t factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
    if (error != std::errc() || factor == 0 || number < 0 || number > 1'000'000)
        return platform::usage_error(text + " is no span of time", "write 90s, 15m, 8h or 30d");
    return number * factor;
}

Result<std::int64_t> read_limit(const Context& context) {
    const auto text = context.arguments.value("limit");
    if (!text)
        return k_usual_limit;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size() || number < 1 || number > 100'000)
        return platform::usage_error("--limit takes a number from 1 to 100000");
    return number;
}

Result<storage::AuditFilter> read_filter(const Context& context) {
    storage::AuditFilter filter;
    if (const auto text = context.arguments.value("since")) {
        KEYFOB_TRY_ASSIGN(const std::int64_t span, read_span(*text));
        filter.since = context.now() - span;
    }
    filter.event = context.arguments.value("event").value_or("");
    if (const auto text = context.arguments.value("user")) {
        KEYFOB_TRY_ASSIGN(const signin::User user, find_user(*context.administration, *text));
        filter.user_id = user.id;
    }
    return filter;
}

} // namespace

Result<void> audit_show(const Context& context) {
    KEYFOB_TRY_ASSIGN(const storage::AuditFilter filter, read_filter(context));
    KEYFOB_TRY_ASSIGN(const std::int64_t limit, read_limit(context));
    KEYFOB_TRY_ASSIGN(const auto records, context.administration->newest(filter, limit));
    std::vector<std::vector<std::string>> rows{{"TIME", "EVENT", "USER", "SESSION", "ADDRESS", "REQUEST", "DETAIL"}};
    for (const AuditRecord& record : records) {
        if (context.output.is_json())
            context.output.object(object_of(record));
        rows.push_back({time_text(record.at), record.event, record.user_id == 0 ? "" : std::to_string(record.user_id),
                        record.session, record.client_address, record.request_id, record.detail});
    }
    if (!context.output.is_json())
        context.output.table(rows);
    return {};
}

Result<void> audit_export(const Context& context) {
    KEYFOB_TRY_ASSIGN(const storage::AuditFilter filter, read_filter(context));
    return context.administration->each(filter, [&](const AuditRecord& record) {
        context.output.object(object_of(record));
        return context.output.is_read();
    });
}

} // namespace keyfob::server::admin
