#include "agent/vault/write_queue.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace keyfob;
using agent::vault::WriteQueue;
using platform::Result;

namespace {

/// Writes that end when the test says so.
struct Fixture {
    WriteQueue queue;
    std::vector<std::string> events;
    std::vector<WriteQueue::Done> running;

    void push(const std::string& id, const std::string& name) {
        queue.push(
            id,
            [this, name](WriteQueue::Done done) {
                events.push_back("begin " + name);
                running.push_back(std::move(done));
            },
            [this, name](const Result<void>& outcome) { events.push_back((outcome ? "end " : "fail ") + name); });
    }
    void end(std::size_t index, const Result<void>& outcome = {}) { WriteQueue::Done(running.at(index))(outcome); }
};

} // namespace

TEST_CASE("writes of one id follow each other, also after one that failed", "[vault]") {
    Fixture f;
    f.push("a", "1");
    f.push("a", "2");
    f.push("a", "3");
    REQUIRE(f.events == std::vector<std::string>{"begin 1"});
    f.end(0, platform::Error{platform::ErrorKind::locked, "locked"});
    f.end(1);
    REQUIRE_FALSE(f.queue.is_empty());
    f.end(2);
    REQUIRE(f.events == std::vector<std::string>{"begin 1", "fail 1", "begin 2", "end 2", "begin 3", "end 3"});
    REQUIRE(f.queue.is_empty());
}

TEST_CASE("writes of another id wait for nobody", "[vault]") {
    Fixture f;
    f.push("a", "1");
    f.push("b", "2");
    REQUIRE(f.events == std::vector<std::string>{"begin 1", "begin 2"});
}

TEST_CASE("what the end of a write asks for comes after what waited before", "[vault]") {
    Fixture f;
    f.queue.push(
        "a", [&](WriteQueue::Done done) { f.running.push_back(std::move(done)); },
        [&](const Result<void>&) { f.push("a", "last"); });
    f.push("a", "first");
    f.end(0);
    f.end(1);
    REQUIRE(f.events == std::vector<std::string>{"begin first", "end first", "begin last"});
}
