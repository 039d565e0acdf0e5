#include "server/admin/command.h"
#include "server/config_providers.h"
#include "server/identity/diagnosis.h"
#include "server/provider_setup.h"

#include <algorithm>

namespace keyfob::server::admin {
namespace {

using identity::Finding;
using platform::Error;
using platform::ErrorKind;
using platform::Result;

void print(const Output& output, const ProviderConfig& entry, const Finding& finding) {
    if (!output.is_json()) {
        output.say("  " + std::string(finding.is_ok ? "ok     " : "wrong  ") + finding.what +
                   std::string(11 - std::min<std::size_t>(finding.what.size(), 10), ' ') + finding.detail);
        if (!finding.fix.empty())
            output.say("         " + std::string(11, ' ') + "hint: " + finding.fix);
        return;
    }
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("provider", entry.id);
    object.set("what", finding.what);
    object.set("ok", finding.is_ok);
    object.set("detail", finding.detail);
    object.set("fix", finding.fix);
    output.object(object);
}

/// How many things are wrong.
Result<std::size_t> examine(const Context& context, const ProviderConfig& entry) {
    const identity::ProviderSettings settings = settings_of(context.config, entry);
    KEYFOB_TRY_ASSIGN(const auto fetcher, identity::make_fetcher(settings));
    if (!context.output.is_json())
        context.output.say(entry.id + " (" + entry.kind + ", " + entry.issuer + ")");
    const auto findings = identity::diagnose(settings, redirect_uri(context.config, entry.id), *fetcher, context.clock);
    for (const Finding& finding : findings)
        print(context.output, entry, finding);
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [](const Finding& finding) { return !finding.is_ok; }));
}

} // namespace

/// What keeps people from signing in with each provider, and what mends it.
Result<void> doctor(const Context& context) {
    const auto id = context.arguments.value("provider");
    if (id && find_provider(context.config, *id) == nullptr)
        return platform::usage_error("there is no provider " + *id);
    std::size_t wrong = 0;
    for (const ProviderConfig& entry : context.config.providers) {
        if (id && entry.id != *id)
            continue;
        KEYFOB_TRY_ASSIGN(const std::size_t found, examine(context, entry));
        wrong += found;
    }
    if (wrong > 0)
        return Error{ErrorKind::failed, std::to_string(wrong) + (wrong == 1 ? " thing is" : " things are") + " wrong",
                     "each is told above, with what mends it"};
    return {};
}

} // namespace keyfob::server::admin
