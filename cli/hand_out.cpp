#include "cli/hand_out.h"

#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "platform/json_value.h"

namespace keyfob::cli {
namespace {

using platform::Result;
using platform::json::Value;

Result<void> read_headers(const Value& answer, platform::http::Headers& headers) {
    const Value* pairs = platform::json::get_array(answer, "headers");
    if (pairs == nullptr)
        return agent_nonsense("hand_out");
    for (const Value& pair : *pairs) {
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
            return agent_nonsense("hand_out");
        const auto name = pair[0].get<std::string>();
        const auto value = pair[1].get<std::string>();
        if (!platform::http::is_token(name) || !platform::http::is_header_value(value))
            return agent_nonsense("hand_out");
        headers.add(name, value);
    }
    return {};
}

} // namespace

Result<HandOut> ask_hand_out(agent::api::Client& agent, const std::string& url, const std::string& method,
                             const std::string& account) {
    Value parameters = platform::json::make_object("url", url, "method", method);
    if (!account.empty())
        parameters["account"] = account;
    KEYFOB_TRY_ASSIGN(const Value answer, agent.call(agent::api::k_hand_out, parameters));
    const Value* owner = platform::json::get_object(answer, "account");
    if (owner == nullptr)
        return agent_nonsense("hand_out");
    HandOut hand_out{read_account(*owner).server,
                     {},
                     std::chrono::seconds(platform::json::get_integer(answer, "expires_in").value_or(0))};
    KEYFOB_TRY(read_headers(answer, hand_out.headers));
    if (hand_out.headers.fields().empty())
        return agent_nonsense("hand_out");
    return hand_out;
}

platform::Error in_one_line(platform::Error error) {
    if (error.code == agent::api::k_sign_in_needed) {
        error.message += "; " + (error.hint.empty() ? "run " KEYFOB_CLI_NAME " login" : error.hint);
        error.hint.clear();
    }
    return error;
}

} // namespace keyfob::cli
