#include "agent/ipc/main_loop.h"

#include <algorithm>
#include <cstdint>

#include <glib.h>

namespace keyfob::agent::ipc {

void run_on_main_loop(std::function<void()> action) {
    auto* owned = new std::function<void()>(std::move(action)); // NOLINT(cppcoreguidelines-owning-memory): GLib owns it
    g_idle_add_full(
        G_PRIORITY_DEFAULT,
        [](void* data) -> gboolean {
            (*static_cast<std::function<void()>*>(data))();
            return G_SOURCE_REMOVE;
        },
        owned,
        [](void* data) {
            delete static_cast<std::function<void()>*>(data);
        }); // NOLINT(cppcoreguidelines-owning-memory)
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
