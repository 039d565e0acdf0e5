#include "agent/login/loopback_listener.h"

#include "agent/login/loopback_pages.h"
#include "platform/log.h"
#include "platform/request_ids.h"
#include "platform/tcp_peer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include <unistd.h>

namespace keyfob::agent::login {
namespace {

using platform::Result;
using platform::http::Pool;
using platform::http::Request;
using platform::http::Response;

constexpr std::size_t k_nonce_octets = 16;

Response plain(int status, const char* text) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    response.body = text;
    return response;
}

Response see_other(const std::string& location) {
    Response response;
    response.status = 303;
    response.headers.set("Location", location);
    return response;
}

Response response_of(const Step& step) {
    return step.location.empty() ? page_response(step.page) : see_other(step.location);
}

/// AG-05: a page of somebody else that fetches, frames or posts; a person's own navigation has neither Origin nor another mode, and is shown in
/// a whole tab.
bool is_navigation(const Request& request) {
    const std::string* mode = request.headers.find("Sec-Fetch-Mode");
    const std::string* destination = request.headers.find("Sec-Fetch-Dest");
    return request.headers.find("Origin") == nullptr && (mode == nullptr || *mode == "navigate") &&
           (destination == nullptr || *destination == "document");
}

/// AG-01: whether a connection is our own user's. The first of another user is logged; they could fill the log.
class PeerCheck {
public:
    bool operator()(std::uint16_t peer_port, std::uint16_t local_port) const {
        const auto owner = platform::loopback_peer_owner(peer_port, local_port);
        if (owner && *owner != ::getuid() && !m_told->exchange(true))
            platform::log::warning("browser_refused", {{"reason", "it belongs to another user of this machine"},
                                                       {"uid", std::to_string(*owner)}});
        return owner == ::getuid();
    }

private:
    std::shared_ptr<std::atomic<bool>> m_told = std::make_shared<std::atomic<bool>>(false);
};

platform::http::ServerOptions server_options(std::uint16_t port, platform::Random& random) {
    platform::http::ServerOptions options;
    options.port = port;
    options.access_log = false; // the paths are secrets
    options.limits.fast_threads = 2;
    options.limits.upstream_threads = 4;
    options.limits.connections = 32;
    options.limits.queue = 16;
    options.request_id = [ids = std::make_shared<platform::RequestIds>(random)] { return ids->next(); };
    options.limits.stop_grace = std::chrono::milliseconds{0}; // no page is left to be asked for
    options.admit_peer = [check = PeerCheck()](const std::string&, std::uint16_t peer_port, std::uint16_t local_port) {
        return check(peer_port, local_port);
    };
    return options;
}

} // namespace

LoopbackListener::LoopbackListener(platform::Random& random, const std::string& nonce)
    : m_start_path("/s/" + random.token(k_nonce_octets)), m_preflight_path("/preflight/" + nonce),
      m_callback_path("/cb/" + nonce), m_done_path("/done/" + random.token(k_nonce_octets)) {}

Result<std::unique_ptr<LoopbackListener>> LoopbackListener::open(std::uint16_t port, platform::Random& random) {
    std::unique_ptr<LoopbackListener> listener(new LoopbackListener(random, random.token(k_nonce_octets)));
    KEYFOB_TRY_ASSIGN(listener->m_server, platform::http::Server::start(server_options(port, random), *listener));
    listener->m_port = listener->m_server->port();
    return listener;
}

void LoopbackListener::when_reached(std::function<void()> reached) {
    const std::lock_guard lock(m_mutex);
    m_on_reached = std::move(reached);
}

void LoopbackListener::tell_reached() {
    std::function<void()> reached;
    {
        const std::lock_guard lock(m_mutex);
        reached = std::exchange(m_on_reached, nullptr);
    }
    if (reached)
        reached();
}

void LoopbackListener::serve(std::shared_ptr<LoginFlow> flow, std::function<void()> on_done) {
    const std::lock_guard lock(m_mutex);
    m_flow = std::move(flow);
    m_on_done = std::move(on_done);
}

void LoopbackListener::set_account(const std::string& name) {
    const std::lock_guard lock(m_mutex);
    m_account = name;
}

void LoopbackListener::stop() {
    if (m_server)
        m_server->stop();
}

platform::http::Application::Admission LoopbackListener::admit(const Request& head) {
    Admission admission;
    admission.body_bytes = 0;
    const std::string* host = head.headers.find("Host");
    const std::array known{&m_start_path, &m_preflight_path, &m_callback_path, &m_done_path};
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const std::string* path) { return *path == head.path; });
    if (host == nullptr || m_port == 0 || "http://" + *host != base())
        admission.refusal = plain(421, "not here\n"); // AG-02: a name that was made to point at this machine
    else if (!is_known)
        admission.refusal = plain(404, "nothing here\n");
    else if (head.method != "GET")
        admission.refusal = plain(405, "only GET\n");
    else if (!is_navigation(head))
        admission.refusal = plain(403, "only a person's own navigation\n");
    admission.pool = head.path == m_done_path ? Pool::fast : Pool::upstream;
    return admission;
}

Response LoopbackListener::handle(const Request& request) {
    tell_reached();
    if (request.path == m_start_path)
        return begin();
    if (request.path == m_preflight_path)
        return answer_challenge(request);
    return request.path == m_callback_path ? finish(request) : done();
}

Response LoopbackListener::begin() {
    const auto current = flow();
    if (!current)
        return page_response(Page::over);
    const auto step = current->begin();
    return step ? response_of(*step) : not_begun_response(step.error().message);
}

Response LoopbackListener::answer_challenge(const Request& request) {
    const auto question = platform::Parameters::parse(request.query);
    const auto current = flow();
    if (!current || !question)
        return page_response(Page::not_yours);
    return response_of(current->answer_challenge(*question));
}

Response LoopbackListener::finish(const Request& request) {
    const auto answer = platform::Parameters::parse(request.query);
    const auto current = flow();
    if (!current || !answer) // RP-22
        return page_response(Page::not_yours);
    const Step step = current->finish(*answer);
    return step.page == Page::signed_in ? see_other(base() + m_done_path) // AG-04: the code leaves the address bar
                                        : page_response(step.page);
}

std::shared_ptr<LoginFlow> LoopbackListener::flow() const {
    const std::lock_guard lock(m_mutex);
    return m_flow;
}

Response LoopbackListener::done() {
    const std::lock_guard lock(m_mutex);
    if (m_account.empty())
        return page_response(Page::over);
    if (m_on_done)
        m_on_done();
    return signed_in_response(m_account, KEYFOB_CLI_NAME);
}

} // namespace keyfob::agent::login
