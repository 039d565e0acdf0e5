/// A flood of pushed requests for tests/e2e/flood_test.py: real HTTP on connections that are kept, with real proofs where wanted.
///
///   flood PORT URL SOURCE KIND REQUESTS FIRST_OCTET NETWORKS
///
/// KIND: `none` (no proof), `garbage` (a proof that is none) or `proven` (a proof of a device key that pushes five times). SOURCE is the loopback
/// address to come from. X-Forwarded-For names NETWORKS addresses that begin with FIRST_OCTET, in turn. Goes on until standard input ends, and for
/// REQUESTS at least. Prints one JSON object: how many answers had
/// which status, and how long all took.
#include "platform/encoding.h"
#include "platform/jose/dpop.h"
#include "platform/json.h"
#include "platform/random.h"
#include "platform/unique_fd.h"
#include "platform/url.h"
#include "server/api/routes.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace {

using namespace keyfob;

constexpr int k_connections = 8;
constexpr int k_pushes_per_key = 5;

struct Arguments {
    std::uint16_t port = 0;
    std::string url;
    std::string source;
    std::string kind;
    std::int64_t requests = 0;
    std::string first_octet;
    std::int64_t networks = 1;
};

struct Answer {
    int status = 0;
    std::string nonce;
    bool closes = false;
};

/// One connection that is kept, and opened anew when the server has closed it.
class Line {
public:
    explicit Line(const Arguments& arguments) : m_arguments(arguments) {}

    Answer exchange(const std::string& request) {
        for (int attempt = 0; attempt < 3; ++attempt) {
            if (!m_fd)
                open();
            if (::send(m_fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(request.size()))
                if (const Answer answer = read(); answer.status != 0)
                    return answer;
            m_fd.reset(); // it was idle for too long
        }
        throw std::runtime_error("the server does not answer");
    }

private:
    void open() {
        m_fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in from{}, to{};
        from.sin_family = to.sin_family = AF_INET;
        to.sin_port = htons(m_arguments.port);
        ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
        ::inet_pton(AF_INET, m_arguments.source.c_str(), &from.sin_addr);
        const int on = 1;
        ::setsockopt(m_fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::bind(m_fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
            ::connect(m_fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("cannot connect");
        m_buffer.clear();
    }

    bool fill() {
        char piece[16 * 1024];
        const ssize_t count = ::recv(m_fd.get(), piece, sizeof piece, 0);
        if (count > 0)
            m_buffer.append(piece, static_cast<std::size_t>(count));
        return count > 0;
    }

    static std::string field(const std::string& head, const std::string& name) {
        const std::size_t begin = head.find("\r\n" + name + ": ");
        const std::size_t value = begin + name.size() + 4;
        return begin == std::string::npos ? "" : head.substr(value, head.find("\r\n", value) - value);
    }

    Answer read() {
        std::size_t end = 0;
        while ((end = m_buffer.find("\r\n\r\n")) == std::string::npos)
            if (!fill())
                return {};
        const std::string head = m_buffer.substr(0, end + 2);
        const std::size_t whole = end + 4 + std::stoul(field(head, "Content-Length"));
        while (m_buffer.size() < whole)
            if (!fill())
                return {};
        m_buffer.erase(0, whole);
        const Answer answer{std::stoi(head.substr(9, 3)), field(head, "DPoP-Nonce"),
                            field(head, "Connection") == "close"};
        if (answer.closes)
            m_fd.reset();
        return answer;
    }

    const Arguments& m_arguments;
    platform::UniqueFd m_fd;
    std::string m_buffer;
};

/// Makes requests; one for each thread.
class Flooder {
public:
    explicit Flooder(const Arguments& arguments) : m_arguments(arguments), m_line(arguments) {
        m_nonce =
            m_line.exchange("GET " + std::string(server::api::k_metadata_path) + " HTTP/1.1\r\n" + host() + "\r\n")
                .nonce;
    }

    int push(std::int64_t number) {
        if (m_pushes++ % k_pushes_per_key == 0 && m_arguments.kind == "proven")
            m_key = platform::jose::EcKey::generate();
        const std::string body = form();
        std::string head =
            "POST " + std::string(server::api::k_par_path) + " HTTP/1.1\r\n" + host() +
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n" + forwarded(number) + proof();
        const Answer answer = m_line.exchange(head + "\r\n" + body);
        if (!answer.nonce.empty())
            m_nonce = answer.nonce;
        return answer.status;
    }

private:
    [[nodiscard]] std::string host() const {
        return "Host: " + m_arguments.url.substr(m_arguments.url.find("//") + 2) + "\r\n";
    }
    [[nodiscard]] std::string forwarded(std::int64_t number) const {
        const std::int64_t network = number % m_arguments.networks;
        return "X-Forwarded-For: " + m_arguments.first_octet + "." + std::to_string(network / 65'536 % 256) + "." +
               std::to_string(network / 256 % 256) + "." + std::to_string(network % 256) + "\r\n";
    }
    [[nodiscard]] std::string proof() {
        if (m_arguments.kind == "none")
            return {};
        if (m_arguments.kind == "garbage")
            return "DPoP: eyJhbGciOiJFUzI1NiJ9.e30." + std::string(86, 'A') + "\r\n";
        return "DPoP: " +
               platform::jose::make_dpop_proof(*m_key, "POST", m_arguments.url + server::api::k_par_path, m_nonce,
                                               m_random.token(16), std::chrono::system_clock::now()) +
               "\r\n";
    }
    [[nodiscard]] std::string form() {
        platform::Parameters form;
        form.add("client_id", server::api::k_agent_client_id);
        form.add("response_type", "code");
        form.add("redirect_uri", "http://127.0.0.1:40001/cb/" + m_random.token(16));
        form.add("state", m_random.token());
        form.add("code_challenge", m_random.token());
        form.add("code_challenge_method", "S256");
        form.add("device_name", "flood");
        form.add("device_os", "none");
        return form.encode();
    }

    const Arguments& m_arguments;
    Line m_line;
    platform::SystemRandom m_random;
    std::optional<platform::jose::EcKey> m_key;
    std::int64_t m_pushes = 0;
    std::string m_nonce;
};

std::map<int, std::int64_t> run(const Arguments& arguments) {
    std::atomic<std::int64_t> next = 0;
    std::atomic<bool> released = false;
    std::thread releaser([&] {
        std::cin.ignore(std::numeric_limits<std::streamsize>::max());
        released = true;
    });
    std::mutex mutex;
    std::map<int, std::int64_t> statuses;
    std::vector<std::thread> threads;
    for (int i = 0; i < k_connections; ++i)
        threads.emplace_back([&] {
            Flooder flooder(arguments);
            std::map<int, std::int64_t> own;
            for (std::int64_t number = next++; number < arguments.requests || !released; number = next++)
                ++own[flooder.push(number)];
            const std::lock_guard lock(mutex);
            for (const auto& [status, count] : own)
                statuses[status] += count;
        });
    for (std::thread& thread : threads)
        thread.join();
    releaser.join();
    return statuses;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 8) {
        std::cerr << "usage: flood PORT URL SOURCE none|garbage|proven REQUESTS FIRST_OCTET NETWORKS\n";
        return 3;
    }
    const Arguments arguments{static_cast<std::uint16_t>(std::stoi(argv[1])),
                              argv[2],
                              argv[3],
                              argv[4],
                              std::stoll(argv[5]),
                              argv[6],
                              std::stoll(argv[7])};
    std::cout << "begun" << std::endl; // somebody waits for it
    const auto begun = std::chrono::steady_clock::now();
    const auto statuses = run(arguments);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::cout << "{";
    for (const auto& [status, count] : statuses)
        std::cout << "\"" << status << "\": " << count << ", ";
    std::cout << "\"seconds\": " << took.count() << "}" << std::endl;
    return 0;
}
