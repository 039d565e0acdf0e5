// A device for tests that does the agent's part of a sign-in step by step, and each step as often at once as it is told:
//   test_device SERVER REDIRECT_URI
// takes one command a line and answers each by one line of JSON.
//   push                 the address for the browser
//   answer QUESTION_URL  where the browser goes from the pre-flight
//   redeem CODE COUNT    how often each session id or error came back
//   renew COUNT          how often a cookie was granted, or each error
//   revoke COUNT
//   use                  how often each status came back for all cookies that were granted so far
// Attempts that reach no server are made again, so that it may be killed and started in between.
#include "agent/transport.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "server/api/client.h"
#include "server/api/routes.h"

#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

namespace {

using namespace keyfob;
using platform::Result;
using server::api::Client;
using server::api::CookieGrant;

constexpr std::chrono::milliseconds k_pause{20};

class Device {
public:
    Device(platform::Origin server, std::string redirect_uri)
        : m_server(std::move(server)), m_redirect_uri(std::move(redirect_uri)) {}

    std::string push() {
        Client client = make_client();
        m_verifier = m_random.token();
        const auto pushed =
            client.push(m_key, {m_redirect_uri, m_random.token(),
                                platform::base64url_encode(platform::sha256(m_verifier)), "test device", "test"});
        if (!pushed)
            return pushed.error().message;
        m_request_uri = *pushed;
        return client.authorization_url(m_request_uri);
    }

    std::string answer(const std::string& question) {
        const auto url = platform::Url::parse(question);
        const auto parameters = platform::Parameters::parse(url ? url->query : "");
        return parameters ? make_client().preflight_url(m_key, m_request_uri, parameters->get("challenge")) : "";
    }

    Poco::JSON::Object redeem(const std::string& code, int count) {
        return at_once(count, [this, code](Client& client) -> Result<std::string> {
            KEYFOB_TRY_ASSIGN(auto grant, client.redeem(m_key, {code, m_verifier, m_redirect_uri}));
            const std::string session_id = grant.session_id;
            keep(session_id, std::move(grant.cookie));
            return session_id;
        });
    }

    Poco::JSON::Object renew(int count) {
        const std::string challenge = m_challenge; // all of them try the same
        return at_once(count, [this, challenge](Client& client) -> Result<std::string> {
            KEYFOB_TRY_ASSIGN(auto grant, client.refresh(m_key, m_session_id, challenge));
            keep(m_session_id, std::move(grant));
            return std::string("granted");
        });
    }

    Poco::JSON::Object revoke(int count) {
        return at_once(count, [this](Client& client) -> Result<std::string> {
            KEYFOB_TRY(client.revoke(m_key, m_session_id));
            return std::string("revoked");
        });
    }

    Poco::JSON::Object use() {
        Poco::JSON::Object statuses;
        for (const std::string& cookie : m_cookies) {
            platform::http::ClientRequest request;
            request.url = platform::Url::parse(m_server.text() + server::api::k_session_path).value();
            request.headers.set("Cookie", cookie);
            const auto response = m_transport.send(request);
            count_one(statuses, response ? std::to_string(response->status) : response.error().message);
        }
        return statuses;
    }

private:
    Client make_client() { return Client(m_server, m_transport, m_clock, m_random); }

    void keep(const std::string& session_id, CookieGrant grant) {
        const std::lock_guard lock(m_mutex);
        m_session_id = session_id;
        m_challenge = grant.challenge;
        m_cookies.push_back(grant.cookie_name + "=" + std::string(grant.cookie.reveal()));
    }

    static void count_one(Poco::JSON::Object& counts, const std::string& outcome) {
        counts.set(outcome, platform::json::get_integer(counts, outcome.c_str()).value_or(0) + 1);
    }

    /// Until the server has said something.
    std::string persist(const std::function<Result<std::string>(Client&)>& attempt) {
        while (true) {
            Client client = make_client();
            const auto outcome = attempt(client);
            if (outcome)
                return *outcome;
            const auto kind = outcome.error().kind;
            if (kind != platform::ErrorKind::unreachable && kind != platform::ErrorKind::timed_out)
                return outcome.error().code.empty() ? outcome.error().message : outcome.error().code;
            std::this_thread::sleep_for(k_pause);
        }
    }

    Poco::JSON::Object at_once(int count, const std::function<Result<std::string>(Client&)>& attempt) {
        Poco::JSON::Object counts;
        std::vector<std::thread> threads;
        threads.reserve(static_cast<std::size_t>(count));
        std::mutex mutex;
        for (int i = 0; i < count; ++i)
            threads.emplace_back([&] {
                const std::string outcome = persist(attempt);
                const std::lock_guard lock(mutex);
                count_one(counts, outcome);
            });
        for (std::thread& thread : threads)
            thread.join();
        return counts;
    }

    const platform::Origin m_server;
    const std::string m_redirect_uri;
    const agent::HttpTransport m_transport;
    const platform::SystemClock m_clock;
    platform::SystemRandom m_random;
    const platform::jose::EcKey m_key = platform::jose::EcKey::generate();
    std::string m_verifier;
    std::string m_request_uri;
    std::mutex m_mutex; ///< the three below
    std::string m_session_id;
    std::string m_challenge;
    std::vector<std::string> m_cookies;
};

std::string run(Device& device, const std::string& line) {
    std::istringstream words(line);
    std::string command;
    std::string text;
    int count = 1;
    words >> command;
    if (command == "push")
        return "\"" + device.push() + "\"";
    if (command == "answer")
        return words >> text, "\"" + device.answer(text) + "\"";
    if (command == "redeem")
        return words >> text >> count, platform::json::to_text(device.redeem(text, count));
    if (command == "renew")
        return words >> count, platform::json::to_text(device.renew(count));
    if (command == "revoke")
        return words >> count, platform::json::to_text(device.revoke(count));
    if (command == "use")
        return platform::json::to_text(device.use());
    return "\"unknown command\"";
}

} // namespace

int main(int count, char** arguments) {
    const auto server = platform::Url::parse(count == 3 ? arguments[1] : "");
    if (!server)
        return 3;
    Device device(server->origin, arguments[2]);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << run(device, line) << std::endl;
    return 0;
}
