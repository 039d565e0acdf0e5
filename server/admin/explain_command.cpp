#include "server/admin/command.h"
#include "server/config_providers.h"
#include "server/provider_setup.h"
#include "server/signin/allow_rules.h"

#include <algorithm>
#include <fstream>
#include <iostream>

namespace keyfob::server::admin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::Identity;
using signin::Verdict;

constexpr std::size_t k_longest_claims = 1024 * 1024;

Result<std::string> read_all(std::istream& stream, const std::string& name) {
    std::string text(k_longest_claims + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.bad() || (text.empty() && !stream.eof()))
        return Error{ErrorKind::not_found, "cannot read " + name};
    if (text.size() > k_longest_claims)
        return Error{ErrorKind::invalid, name + " is longer than 1 MiB"};
    return text;
}

Result<std::string> read_claims(const std::string& name) {
    if (name == "-")
        return read_all(std::cin, "the input");
    std::ifstream file(name);
    return read_all(file, name);
}

std::string name_of(const Identity& identity) {
    return (identity.email.empty() ? identity.subject : identity.email) + " (subject " + identity.subject + " of " +
           identity.issuer + ")";
}

const char* word_of(const Verdict& verdict) {
    return verdict.misfit.empty() ? "fits" : "does not fit";
}

void print_json(const Output& output, const Verdict& verdict) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("rule", verdict.rule->where);
    object.set("text", to_text(*verdict.rule));
    object.set("fits", verdict.misfit.empty());
    object.set("reason", verdict.misfit);
    output.object(object);
}

void print(const Output& output, const Identity& identity, const std::vector<Verdict>& verdicts) {
    if (output.is_json()) {
        for (const Verdict& verdict : verdicts)
            print_json(output, verdict);
        return;
    }
    output.say(name_of(identity));
    for (const Verdict& verdict : verdicts)
        output.say("  " + verdict.rule->where + ": " + to_text(*verdict.rule) + ": " + word_of(verdict) +
                   (verdict.misfit.empty() ? "" : ", " + verdict.misfit));
}

} // namespace

/// What the rules say of a person who has not come.
Result<void> explain(const Context& context) {
    const auto id = context.arguments.value("provider");
    const auto file = context.arguments.value("claims");
    if (!id || !file)
        return platform::usage_error("whom? --provider ID and --claims FILE say it");
    const ProviderConfig* entry = find_provider(context.config, *id);
    if (entry == nullptr)
        return platform::usage_error("there is no provider " + *id);
    KEYFOB_TRY_ASSIGN(const auto provider, make_provider(context.config, *entry, context.clock));
    KEYFOB_TRY_ASSIGN(const std::string claims, read_claims(*file));
    KEYFOB_TRY_ASSIGN(const Identity identity, provider->believe(claims));
    const signin::AllowRules rules(context.config.allow);
    const auto verdicts = rules.verdicts(*id, identity);
    print(context.output, identity, verdicts);
    const auto deciding =
        std::find_if(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.misfit.empty(); });
    if (deciding == verdicts.end())
        return Error{ErrorKind::denied,
                     verdicts.empty() ? "nobody is let in: there is no rule for " + *id : "refused: no rule fits",
                     "an [[allow]] of the configuration with provider = \"" + *id + "\" would let somebody in",
                     k_refused};
    if (!context.output.is_json())
        context.output.say("let in by " + deciding->rule->where);
    return {};
}

} // namespace keyfob::server::admin
