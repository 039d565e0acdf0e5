#include "platform/unique_fd.h"
#include "server/config.h"
#include "tests/fuzz/fuzzer.h"

#include <algorithm>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

using namespace keyfob;
using keyfob::fuzz::require;

namespace {

/// A file in memory.
class File {
public:
    File() : m_file(::memfd_create("configuration", MFD_CLOEXEC)) {}
    void write(std::string_view text) {
        require(::ftruncate(m_file.get(), 0) == 0 &&
                    ::pwrite(m_file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
                "the file can be written");
    }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(m_file.get()); }

private:
    platform::UniqueFd m_file;
};

/// OP-10: each problem has its file and its line.
void check_problems(const platform::Error& error, const std::string& file) {
    require(error.message.starts_with(file + ":"), "each problem has its place");
    require(!error.hint.empty(), "a refused file comes with a hint");
}

bool has_secrets(const server::Config& config) {
    return !config.resource_servers.empty() ||
           std::any_of(config.providers.begin(), config.providers.end(),
                       [](const server::ProviderConfig& provider) { return !provider.client_secret_file.empty(); });
}

void check_config(const server::Config& config) {
    require(!config.providers.empty() && !config.external_url.empty() && !config.hosts().empty() &&
                config.listen_port != 0 && config.database_file.starts_with('/'),
            "what was accepted can start");
    require(config.cookie_seconds > 0 && config.cookie_seconds <= config.idle_seconds &&
                config.idle_seconds <= config.absolute_seconds,
            "lifetimes are in order");
    require(config.uses_tls() || !config.trusted_proxies.empty() || config.listen_address == "127.0.0.1" ||
                config.listen_address == "::1",
            "nothing but loopback, TLS or a proxy");
}

} // namespace

/// OP-10: every file is either taken, and what --check shows of it is taken for the same, or its problems are told, each with its place.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static File file;
    file.write(fuzz::text_of(data, size));
    const auto config = server::load_config(file.path());
    if (!config) {
        check_problems(config.error(), file.path());
        return 0;
    }
    check_config(*config);
    const std::string shown = server::to_text(*config);
    if (has_secrets(*config)) // what is masked cannot be read again
        return 0;
    file.write(shown);
    const auto again = server::load_config(file.path());
    require(again.has_value() && server::to_text(*again) == shown, "what --check shows means the same");
    return 0;
}
