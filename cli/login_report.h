#pragma once

#include "cli/console.h"
#include "cli/started_login.h"
#include "platform/json_value.h"
#include "platform/result.h"
#include "platform/url.h"

#include <string>

namespace keyfob::cli {

/// How a login is told: to a person on stderr, or to a program as one JSON event a line on stdout.
class LoginReport {
public:
    LoginReport(Console& console, bool json) : m_console(console), m_json(json) {}

    void waiting(const std::string& server, const StartedLogin& login);
    void browser_started();
    void no_browser(const std::string& why, const platform::Url& start);
    /// How to use a browser that is not on this machine.
    void elsewhere(const platform::Url& start);
    void still_waiting(const StartedLogin& login);
    /// No browser has come in a time in which people open one (CL-05).
    void not_reached(const platform::Url& start);
    void signed_in(const platform::json::Value& account);
    /// Returns the exit code.
    [[nodiscard]] int failed(const platform::Error& error);

private:
    void tell_code(const StartedLogin& login);

    Console& m_console;
    bool m_json;
};

} // namespace keyfob::cli
