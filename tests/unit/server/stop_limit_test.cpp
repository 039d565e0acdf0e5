#include "server/stop_limit.h"

#include "server/housekeeping.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using namespace keyfob::server;

namespace {

/// Calls `during` while it is asked to prepare.
class SlowProvider final : public signin::IdentityProvider {
public:
    SlowProvider(int& prepared, std::function<void()> during) : m_prepared(prepared), m_during(std::move(during)) {}
    [[nodiscard]] const std::string& id() const override { return m_id; }
    [[nodiscard]] const std::string& display_name() const override { return m_id; }
    [[nodiscard]] platform::Result<std::string> authorization_url(const signin::UpstreamAttempt&) override {
        return platform::Error{};
    }
    [[nodiscard]] platform::Result<signin::Identity> complete(const signin::UpstreamAttempt&, const std::string&,
                                                              const std::string&) override {
        return platform::Error{};
    }
    [[nodiscard]] bool accepts_issuer(const std::string&) const override { return false; }
    [[nodiscard]] platform::Result<void> prepare() override {
        ++m_prepared;
        m_during();
        return platform::Error{platform::ErrorKind::timed_out, "no answer"};
    }
    [[nodiscard]] bool ready() const override { return false; }
    [[nodiscard]] platform::Result<signin::Identity> believe(const std::string&) const override {
        return platform::Error{platform::ErrorKind::invalid, "it has no claims"};
    }

private:
    const std::string m_id = "slow";
    int& m_prepared;
    std::function<void()> m_during;
};

signin::Providers three(int& prepared, const std::function<void()>& during) {
    std::vector<std::unique_ptr<signin::IdentityProvider>> all;
    for (int i = 0; i < 3; ++i)
        all.push_back(std::make_unique<SlowProvider>(prepared, during));
    return signin::Providers(std::move(all));
}

} // namespace

TEST_CASE("OP-08: a stop that takes too long is given up, once") {
    std::promise<void> given_up; // a second set_value would throw
    const StopLimit limit(std::chrono::milliseconds{0}, [&] { given_up.set_value(); });
    given_up.get_future().wait();
}

TEST_CASE("OP-08: a stop in time is not given up") {
    bool given_up = false;
    {
        const StopLimit limit(std::chrono::hours{1}, [&] { given_up = true; });
    }
    CHECK_FALSE(given_up);
}

TEST_CASE("OP-08: no further provider is asked once the server stops") {
    int prepared = 0;
    std::stop_source stopping;
    prepare_providers(three(prepared, [] {}), stopping.get_token());
    CHECK(prepared == 3);
    prepared = 0;
    prepare_providers(three(prepared, [&] { stopping.request_stop(); }), stopping.get_token());
    CHECK(prepared == 1);
}
