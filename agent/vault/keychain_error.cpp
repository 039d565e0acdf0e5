#include "agent/vault/keychain_error.h"

#include "agent/api/error_code.h"

#include <algorithm>
#include <array>

#include <gio/gio.h>
#include <libsecret/secret.h>

namespace keyfob::agent::vault {
namespace {

using platform::Error;
using platform::ErrorKind;

/// The bus says that nobody is there. libsecret calls an object that is not there an unknown method.
constexpr std::array k_absent{
    G_DBUS_ERROR_SERVICE_UNKNOWN,   G_DBUS_ERROR_NAME_HAS_NO_OWNER,  G_DBUS_ERROR_NO_SERVER,
    G_DBUS_ERROR_DISCONNECTED,      G_DBUS_ERROR_NO_REPLY,           G_DBUS_ERROR_FILE_NOT_FOUND,
    G_DBUS_ERROR_NO_NETWORK,        G_DBUS_ERROR_BAD_ADDRESS,        G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND,
    G_DBUS_ERROR_SPAWN_EXEC_FAILED, G_DBUS_ERROR_SPAWN_CHILD_EXITED, G_DBUS_ERROR_SPAWN_CHILD_SIGNALED,
    G_DBUS_ERROR_SPAWN_FAILED,      G_DBUS_ERROR_UNKNOWN_OBJECT,     G_DBUS_ERROR_UNKNOWN_METHOD,
};

std::string dbus_name(const GError& error) {
    char* name = g_dbus_error_get_remote_error(&error);
    std::string text = name != nullptr ? name : "";
    g_free(name);
    return text;
}

bool is(const GError& error, GQuark domain, int code) {
    return g_error_matches(&error, domain, code) != 0;
}

bool is_absent(const GError& error) {
    if (error.domain == G_DBUS_ERROR)
        return std::find(k_absent.begin(), k_absent.end(), error.code) != k_absent.end();
    return error.domain == G_IO_ERROR || is_gone(error);
}

} // namespace

Error locked() {
    return {ErrorKind::locked, "the keychain is locked",
            "unlock it (by signing in to the desktop, or in its own program) and try again", api::k_keychain_locked};
}

Error unreachable(const std::string& why) {
    return {ErrorKind::unreachable, "no keychain can be reached: " + why,
            "start gnome-keyring or KeePassXC in this session; it must own org.freedesktop.secrets on the session bus",
            api::k_keychain_unreachable};
}

Error timed_out() {
    return {ErrorKind::timed_out, "the keychain did not answer in time",
            "is its program stopped, or does it wait for a prompt?", api::k_timed_out};
}

Error denied(const std::string& why) {
    return {ErrorKind::denied, "the keychain refused: " + why, "look into the keychain's own program",
            api::k_keychain_denied};
}

bool is_gone(const GError& error) {
    return is(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
           is(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) || is(error, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT);
}

Error keychain_error(const GError& error) {
    if (is(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED) || dbus_name(error) == "org.freedesktop.Secret.Error.IsLocked")
        return locked();
    if (is(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) || is(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT))
        return timed_out();
    return is_absent(error) ? unreachable(error.message) : denied(error.message);
}

} // namespace keyfob::agent::vault
