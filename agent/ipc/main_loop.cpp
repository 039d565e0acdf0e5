#include "agent/ipc/main_loop.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include <glib-unix.h>

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

PollerSource::PollerSource(platform::Poller poller, std::function<void(void*)> ready)
    : m_poller(std::move(poller)), m_ready(std::move(ready)) {
    GSource* const source = g_unix_fd_source_new(m_poller.descriptor(), G_IO_IN);
    g_source_set_can_recurse(source, TRUE); // it does not, but otherwise GLib wakes itself up twice for each event
    const GUnixFDSourceFunc take = [](int, GIOCondition, void* data) -> gboolean {
        static_cast<PollerSource*>(data)->take_ready();
        return G_SOURCE_CONTINUE;
    };
    g_source_set_callback(source, G_SOURCE_FUNC(take), this, nullptr);
    m_source = g_source_attach(source, nullptr);
    g_source_unref(source);
}

PollerSource::~PollerSource() {
    g_source_remove(m_source);
}

void PollerSource::take_ready() {
    for (void* const tag : m_poller.wait(std::chrono::milliseconds{0}))
        m_ready(tag);
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
