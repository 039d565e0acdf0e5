#include "agent/ipc/main_loop.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include <glib.h>

namespace keyfob::agent::ipc {

namespace {

using Action = std::function<void()>;

/// GLib hands an action over from one thread to another by means that no checker of threads sees, so it is done under this mutex too.
std::mutex handing_over;

Action* hand_over(Action action) {
    const std::lock_guard lock(handing_over);
    return new Action(std::move(action)); // NOLINT(cppcoreguidelines-owning-memory): GLib owns it
}

Action take_over(void* posted) {
    const std::lock_guard lock(handing_over);
    return std::move(*static_cast<Action*>(posted));
}

} // namespace

void run_on_main_loop(std::function<void()> action) {
    g_idle_add_full(
        G_PRIORITY_DEFAULT,
        [](void* posted) -> gboolean {
            take_over(posted)();
            return G_SOURCE_REMOVE;
        },
        hand_over(std::move(action)), [](void* posted) { delete static_cast<Action*>(posted); });
}

void Timer::start(std::chrono::milliseconds delay, std::function<void()> action) {
    cancel();
    m_action = std::move(action);
    m_source = g_timeout_add(
        static_cast<guint>(std::clamp<std::int64_t>(delay.count(), 0, G_MAXUINT)),
        [](void* data) -> gboolean {
            auto* self = static_cast<Timer*>(data);
            self->m_source = 0;
            const auto now = std::move(self->m_action); // the timer may be started anew, or go, in there
            now();
            return G_SOURCE_REMOVE;
        },
        this);
}

void Timer::cancel() {
    if (m_source != 0)
        g_source_remove(m_source);
    m_source = 0;
}

} // namespace keyfob::agent::ipc
