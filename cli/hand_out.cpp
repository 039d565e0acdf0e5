#include "cli/hand_out.h"

#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "platform/json.h"

namespace keyfob::cli {
namespace {

using platform::Result;
using Poco::JSON::Object;

Result<void> read_headers(const Object& answer, platform::http::Headers& headers) {
    const auto pairs = platform::json::get_array(answer, "headers");
    for (unsigned i = 0; !pairs.isNull() && i < pairs->size(); ++i) {
        const auto pair = pairs->getArray(i);
        if (pair.isNull() || pair->size() != 2 || !pair->get(0).isString() || !pair->get(1).isString())
            return agent_nonsense("hand_out");
        const auto name = pair->get(0).extract<std::string>();
        const auto value = pair->get(1).extract<std::string>();
        if (!platform::http::is_token(name) || !platform::http::is_header_value(value))
            return agent_nonsense("hand_out");
        headers.add(name, value);
    }
    return {};
}

} // namespace

Result<HandOut> ask_hand_out(agent::api::Client& agent, const std::string& url, const std::string& method,
                             const std::string& account) {
    Object parameters(Poco::JSON_PRESERVE_KEY_ORDER);
    parameters.set("url", url);
    parameters.set("method", method);
    if (!account.empty())
        parameters.set("account", account);
    KEYFOB_TRY_ASSIGN(const Object::Ptr answer, agent.call(agent::api::k_hand_out, parameters));
    const auto owner = platform::json::get_object(*answer, "account");
    if (owner.isNull())
        return agent_nonsense("hand_out");
    HandOut hand_out{read_account(*owner).server,
                     {},
                     std::chrono::seconds(platform::json::get_integer(*answer, "expires_in").value_or(0))};
    KEYFOB_TRY(read_headers(*answer, hand_out.headers));
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
