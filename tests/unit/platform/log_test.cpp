#include "platform/log.h"

#include "platform/unique_fd.h"
#include "tests/support/capture.h"

#include <catch2/catch.hpp>

#include <thread>

#include <fcntl.h>
#include <unistd.h>

using namespace keyfob;

namespace {

/// What is written while it runs.
template <typename Work> std::string logged(Work work) {
    const keyfob::tests::Capture capture;
    const keyfob::platform::UniqueFd kept(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    REQUIRE(::dup2(capture.fd(), STDERR_FILENO) == STDERR_FILENO);
    work();
    REQUIRE(::dup2(kept.get(), STDERR_FILENO) == STDERR_FILENO);
    return capture.text();
}

bool names(const std::string& text, const std::string& request_id) {
    return text.find("\"request_id\":\"" + request_id + "\"") != std::string::npos;
}

} // namespace

TEST_CASE("OP-02: a line names the request that its thread works on, and only while it does") {
    CHECK(logged([] { platform::log::info("before"); }).find("request_id") == std::string::npos);
    CHECK(names(logged([] {
                    const platform::log::Context context("request-1");
                    platform::log::info("meanwhile", {{"reason", "x"}});
                }),
                "request-1"));
    const std::string own = logged([] {
        const platform::log::Context context("request-1");
        platform::log::info("meanwhile", {{"request_id", "request-2"}});
    });
    CHECK(names(own, "request-2")); // a member that stands twice would be no well-formed line
    CHECK_FALSE(names(own, "request-1"));
    CHECK(logged([] { platform::log::info("after"); }).find("request_id") == std::string::npos);
    CHECK(logged([] {
              const platform::log::Context context("request-1");
              std::thread([] { platform::log::info("another thread"); }).join();
          }).find("request_id") == std::string::npos);
}
