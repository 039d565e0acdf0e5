#include "platform/periodic_task.h"

#include <catch2/catch.hpp>

#include <future>
#include <stdexcept>

using namespace keyfob::platform;

TEST_CASE("an action that throws is called again, and ends nothing") {
    std::promise<void> third;
    int calls = 0;
    const PeriodicTask task(std::chrono::milliseconds{0}, [&] {
        ++calls;
        if (calls == 1)
            throw std::runtime_error("on purpose");
        if (calls == 2)
            throw 2;
        if (calls == 3)
            third.set_value();
    });
    third.get_future().wait();
}
