#pragma once

#include "agent/ipc/main_loop.h"

#include <glib.h>

#include <optional>
#include <thread>
#include <utility>

namespace keyfob::tests {

/// Runs the main loop until nothing is ready any more. For what happens in this thread alone that is the end of it.
inline void settle() {
    while (g_main_context_iteration(nullptr, FALSE) != 0) {
    }
}

/// Runs the main loop until `condition` holds. Other threads must wake the loop for what they change.
template <typename Condition> void run_until(Condition condition) {
    while (!condition())
        g_main_context_iteration(nullptr, TRUE);
}

/// Runs `work`, which may wait for the main loop, on a thread of its own, and the main loop until it has returned.
template <typename Work> auto while_loop_runs(Work work) {
    std::optional<decltype(work())> result;
    bool done = false;
    std::thread thread([&] {
        result.emplace(work());
        agent::ipc::run_on_main_loop([&done] { done = true; });
    });
    run_until([&] { return done; });
    thread.join();
    return std::move(*result);
}

} // namespace keyfob::tests
