#include "cli/login_report.h"

#include "agent/api/error_code.h"
#include "cli/account_text.h"
#include "cli/command.h"
#include "cli/qr_code.h"
#include "cli/values.h"

#include <array>

#include <unistd.h>

namespace keyfob::cli {
namespace {

using platform::json::Value;

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "HOST";
}

Value event(const char* name) {
    return platform::json::make_object("event", name);
}

/// All that a person can do whose browser is not on this machine.
std::string from_elsewhere(const platform::Url& start) {
    const std::string port = std::to_string(start.origin.port);
    return "`ssh -L " + port + ":127.0.0.1:" + port + " " + host_name() + "`";
}

} // namespace

void LoginReport::waiting(const std::string& server, const StartedLogin& login) {
    if (m_json) {
        Value object = event("waiting");
        object[login.by_device_grant() ? "verification_uri" : "url"] = login.start.text();
        if (login.by_device_grant())
            object["user_code"] = login.user_code;
        object["expires_in"] = login.expires_in;
        object["joined"] = login.joined;
        m_console.print_json(object);
        return;
    }
    if (login.joined)
        m_console.note("a sign-in to " + server + " is already waiting; joining it");
    m_console.say("To sign in to " + server + ", open this address in " +
                  (login.by_device_grant() ? "any browser:" : "a browser on this machine:"));
    m_console.say("");
    m_console.say("  " + login.start.text());
    m_console.say("");
    if (login.by_device_grant())
        tell_code(login);
}

void LoginReport::tell_code(const StartedLogin& login) {
    const auto rows = qr_code(login.start.text());
    if (!rows.empty() && m_console.picture(rows, rows.size() * 2)) // modules are as high as wide, and two make a row
        m_console.say("");
    m_console.say("and type this code there, yourself:");
    m_console.say("");
    m_console.say("  " + login.user_code);
    m_console.say("");
    m_console.say("Nobody else has a reason to ask you for it.");
}

void LoginReport::browser_started() {
    if (!m_json)
        m_console.say("Your browser is being asked to open it.");
}

void LoginReport::no_browser(const std::string& why, const platform::Url& start) {
    if (m_json)
        return;
    m_console.note("no browser was opened: " + why + "; open the address yourself");
    elsewhere(start);
}

void LoginReport::elsewhere(const platform::Url& start) {
    if (!m_json)
        m_console.hint("a browser on another machine can open it too, after " + from_elsewhere(start) + " there");
}

void LoginReport::still_waiting(const StartedLogin& login) {
    if (!m_json)
        m_console.say("Waiting for you to finish there, up to " + describe(std::chrono::seconds(login.expires_in)) +
                      (login.joined ? ". Ctrl-C leaves it to the others." : ". Ctrl-C cancels."));
}

void LoginReport::not_reached(const platform::Url& start) {
    const std::string what = "no browser has reached this machine yet";
    const std::string hint =
        "is it on another machine? run " + from_elsewhere(start) +
        " there, then open the address there; or begin again with --device, where the server allows it";
    if (!m_json) {
        m_console.note(what);
        m_console.hint(hint);
        return;
    }
    Value object = event("not_reached");
    object["url"] = start.text();
    object["message"] = what;
    object["hint"] = hint;
    m_console.print_json(object);
}

void LoginReport::signed_in(const Value& account) {
    if (m_json) {
        Value object = event("signed_in");
        object["account"] = account;
        m_console.print_json(object);
        return;
    }
    const AccountText text = read_account(account);
    m_console.say("Signed in to " + text.server + " as " + text.user + ".");
}

int LoginReport::failed(const platform::Error& error) {
    if (!m_json)
        return fail(m_console, error);
    Value object = event("error");
    object["code"] = std::string(agent::api::error_code(error.code).word);
    object["message"] = error.message;
    object["hint"] = error.hint;
    m_console.print_json(object);
    return agent::api::exit_code(error);
}

} // namespace keyfob::cli
