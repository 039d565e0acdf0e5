#pragma once

#include "platform/clock.h"
#include "server/signin/store.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace keyfob::server {

/// Removes what is over, in small batches, once a minute (KS-08). Runs as long as the object lives.
class Housekeeping {
public:
    Housekeeping(signin::Store& store, const platform::Clock& clock);
    Housekeeping(const Housekeeping&) = delete;
    Housekeeping& operator=(const Housekeeping&) = delete;
    ~Housekeeping();

private:
    void run();
    void remove_expired();

    signin::Store& m_store;
    const platform::Clock& m_clock;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_stopping = false;
    std::thread m_thread;
};

} // namespace keyfob::server
