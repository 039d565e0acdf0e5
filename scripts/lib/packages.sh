# shellcheck shell=bash
# What each script needs from Debian 12, and how it is installed. Sourced, not run.
# shellcheck disable=SC2034  # the lists are used by the scripts that source this

# Build: compiler, generator, libraries.
packages_build=(g++ cmake ninja-build pkg-config ccache mold python3
    libpoco-dev libsqlite3-dev libssl-dev libsecret-1-dev libqrencode-dev libtomlplusplus-dev nlohmann-json3-dev libkainjow-mustache-dev catch2)
# Run the whole thing on one machine: a keychain on a session bus, a browser and its driver.
packages_run=(dbus dbus-daemon libglib2.0-bin gnome-keyring libsecret-tools chromium chromium-sandbox chromium-driver curl ca-certificates)
# Tests alone: what reads QR codes, linters.
packages_test=(libzbar0 clang-format clang-tidy shellcheck)
# The bench alone: load, and the peers.
packages_bench=(wrk nginx-light openssl openssh-client oidc-agent-cli)
# Fuzzers: Clang 14 with libFuzzer and the sanitizers, and what names the lines of a stack.
packages_fuzz=(clang-14 libclang-rt-14-dev llvm-14)

# missing_packages NAME…: those that are not installed, one a line.
missing_packages() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        printf 'error: root is needed to install packages\nhint: run this as root, install sudo, or install them yourself: %s\n' "$*" >&2
        return 1
    fi
}

# install_packages ASK NAME…: installs what is missing; with ASK=yes on a terminal it asks once before.
install_packages() {
    local ask=$1 missing answer
    shift
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    printf 'To be installed from Debian: %s\n' "${missing[*]}" >&2
    if [ "$ask" = yes ] && [ -t 0 ] && [ -t 2 ]; then
        read -r -p 'Install them now? [Y/n] ' answer
        case "$answer" in [nN]*) echo 'error: nothing was installed' >&2; return 1 ;; esac
    fi
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}
