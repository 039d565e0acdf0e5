#pragma once

#include "platform/arguments.h"
#include "platform/clock.h"
#include "server/admin/output.h"
#include "server/config.h"
#include "server/storage/administration.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::admin {

/// What an operator's command gets. Refers to things that outlive its run.
struct Context {
    const Config& config;
    storage::Administration* administration; ///< null where the command needs no database
    const platform::Arguments& arguments;
    const std::string& operand; ///< the user or session that is meant; empty where the command takes none
    const Output& output;
    const platform::Clock& clock;

    [[nodiscard]] std::int64_t now() const { return platform::to_unix(clock.now()); }
    [[nodiscard]] std::int64_t idle_since() const { return now() - config.idle_seconds; }
};

/// The code of an error that is a refusal: exit code 6.
inline constexpr const char* k_refused = "refused";

/// One row of the command table.
struct Command {
    std::string_view group;   ///< `keyfob-server GROUP VERB`
    std::string_view verb;    ///< empty: the group alone is the command, and it needs no database
    std::string_view operand; ///< what the usage calls it; empty: none; in brackets: may be left out
    std::string_view summary;
    std::span<const platform::Option> options; ///< beside --config
    platform::Result<void> (*run)(const Context& context) = nullptr;
};

/// The one table of operator commands: dispatcher and documentation.
[[nodiscard]] std::span<const Command> command_table();

/// The user that somebody means by a number, `provider:subject`, or an e-mail address that one user has. Errors: not_found, invalid (several).
[[nodiscard]] platform::Result<signin::User> find_user(storage::Administration& administration,
                                                       const std::string& text);

platform::Result<void> users_list(const Context& context);
platform::Result<void> users_show(const Context& context);
platform::Result<void> users_disable(const Context& context);
platform::Result<void> users_enable(const Context& context);
platform::Result<void> sessions_list(const Context& context);
platform::Result<void> sessions_revoke(const Context& context);
platform::Result<void> audit_show(const Context& context);
platform::Result<void> audit_export(const Context& context);
platform::Result<void> explain(const Context& context);
platform::Result<void> doctor(const Context& context);

} // namespace keyfob::server::admin
