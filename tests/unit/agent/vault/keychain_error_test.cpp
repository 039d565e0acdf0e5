#include "agent/vault/keychain_error.h"

#include "agent/api/error_code.h"

#include <catch2/catch.hpp>

#include <gio/gio.h>
#include <libsecret/secret.h>

using namespace keyfob;
using agent::vault::is_gone;
using agent::vault::keychain_error;

TEST_CASE("each error of the bus says which way the keychain fails", "[vault]") {
    REQUIRE(SECRET_ERROR != 0); // tells GLib the errors' names
    const auto row = GENERATE(table<std::string, std::string>(
        {{"org.freedesktop.Secret.Error.IsLocked", agent::api::k_keychain_locked},
         {"org.freedesktop.Secret.Error.NoSuchObject", agent::api::k_keychain_unreachable},
         {"org.freedesktop.DBus.Error.UnknownObject", agent::api::k_keychain_unreachable},
         {"org.freedesktop.DBus.Error.UnknownMethod", agent::api::k_keychain_unreachable},
         {"org.freedesktop.DBus.Error.ServiceUnknown", agent::api::k_keychain_unreachable},
         {"org.freedesktop.DBus.Error.Timeout", agent::api::k_timed_out},
         {"org.freedesktop.DBus.Error.AccessDenied", agent::api::k_keychain_denied},
         {"org.freedesktop.DBus.Error.Failed", agent::api::k_keychain_denied}}));
    CAPTURE(std::get<0>(row));
    GError* error = g_dbus_error_new_for_dbus_error(std::get<0>(row).c_str(), "No such secret collection");
    CHECK(keychain_error(*error).code == std::get<1>(row));
    CHECK(is_gone(*error) == (std::get<0>(row).find("NoSuch") != std::string::npos ||
                              std::get<0>(row).find("Error.UnknownO") != std::string::npos ||
                              std::get<0>(row).find("UnknownMethod") != std::string::npos));
    g_error_free(error);
}
