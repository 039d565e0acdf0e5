#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace keyfob::platform {

/// No core dumps, and no other process of this user may attach or read this one's memory (AG-07). Call first thing in main.
void harden_process();

/// A standard descriptor that is closed when we start would be taken by the next socket, and what is printed would go there. A read-only
/// /dev/null makes printing fail as it should. Call in main before anything is opened.
void occupy_standard_descriptors();

/// As many descriptors as the system lets this process have, not only as many as it begins with: for who serves many connections.
void use_all_descriptors();

/// Where a started program runs and its output goes.
struct SpawnOptions {
    std::string output = "/dev/null"; ///< file for stdout and stderr, appended, made 0600
    std::string directory = {};       ///< its current directory; empty: ours
    bool new_session = false;         ///< so that the terminal's signals do not reach it
};

// Both start a program without a shell in this process's environment, stdin from /dev/null, no descriptor inherited but 0 to 2, default
// signals. `arguments[0]` is looked up in PATH unless it has a slash. Errors: not_found, failed; then nothing runs.

/// And leaves it alone: it is a child of init afterwards, so nobody needs to wait for it. The descriptor becomes readable when the program has
/// ended; there may be none.
[[nodiscard]] Result<UniqueFd> spawn_detached(const std::vector<std::string>& arguments,
                                              const SpawnOptions& options = {});

/// A program whose end is of interest. It goes on when this object, or this process, ends before it. One thread.
class ChildProcess {
public:
    ChildProcess(pid_t process, UniqueFd ended) : m_process(process), m_ended(std::move(ended)) {}
    [[nodiscard]] int descriptor() const { return m_ended.get(); } ///< readable when it has ended; there may be none
    /// nullopt while it runs; 128 and its number when a signal ended it.
    [[nodiscard]] std::optional<int> exit_code();

private:
    pid_t m_process;
    UniqueFd m_ended;
    std::optional<int> m_exit_code;
};
[[nodiscard]] Result<ChildProcess> spawn_child(const std::vector<std::string>& arguments,
                                               const SpawnOptions& options = {});

} // namespace keyfob::platform
