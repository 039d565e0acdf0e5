#pragma once

#include "server/signin/device_service.h"
#include "tests/unit/server/signin/fixture.h"

#include <catch2/catch.hpp>

#include <string>

namespace keyfob::server::signin::tests {

/// The services with the device grant turned on.
struct DeviceFixture : Fixture {
    using Fixture::Fixture;

    static DeviceRequest request(const Device& device, const std::string& address = "192.0.2.1") {
        return {platform::json::to_text(*device.key.public_jwk()),
                device.key.thumbprint(),
                "Ann's server",
                "Debian 12",
                address,
                device.challenge()};
    }
    DeviceAuthorization authorize(const Device& device) { return must(devices->authorize(request(device))); }
    platform::Result<IssuedCookie> poll(const Device& device, const std::string& device_code) {
        return devices->poll({device_code, device.verifier, device.key.thumbprint()});
    }
    /// The stable code of what a device is told; `session` when it gets one.
    std::string told(const Device& device, const std::string& device_code) {
        const auto polled = poll(device, device_code);
        return polled ? "session" : polled.error().code;
    }
    Flow enter(const std::string& user_code, Browser& browser) {
        Flow flow = must(devices->enter(user_code, "198.51.100.7"));
        browser.keep(flow);
        return flow;
    }
    Flow to_confirmation(const std::string& user_code, Browser& browser, const std::string& name = "ann") {
        Flow flow = enter(user_code, browser);
        const auto outcome = must(pairings.finish_upstream("company", answer(flow, name), browser.cookie()));
        if (outcome.flow_id != flow.pairing.flow_id)
            throw std::runtime_error("no confirmation follows");
        return flow;
    }
    Flow to_decided(const std::string& user_code, bool approve) {
        Browser browser;
        Flow flow = to_confirmation(user_code, browser);
        CHECK(must(decide(flow, browser, approve)).empty()); // no browser is sent anywhere
        return flow;
    }

    std::unique_ptr<DeviceService> devices =
        must(DeviceService::create(settings(), *database.store, sessions, tokens, clock, random));
};

} // namespace keyfob::server::signin::tests
