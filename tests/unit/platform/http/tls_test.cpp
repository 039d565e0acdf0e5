#include "platform/http/client.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/platform/http/application.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <thread>

#include <openssl/ssl.h>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using namespace keyfob::platform::http::tests;
using keyfob::tests::CertificateAuthority;
using keyfob::tests::TcpListener;

namespace {

/// A directory with an authority and one certificate by it.
struct Files {
    explicit Files(const CertificateAuthority::Wanted& wanted = {}) {
        authority.write_certificate(ca());
        authority.issue(wanted, certificate(), key());
    }
    [[nodiscard]] std::string ca() const { return directory.file("ca.pem"); }
    [[nodiscard]] std::string certificate() const { return directory.file("certificate.pem"); }
    [[nodiscard]] std::string key() const { return directory.file("key.pem"); }

    keyfob::tests::TemporaryDirectory directory;
    CertificateAuthority authority;
};

std::unique_ptr<Server> serve(const Files& files, Application& application, Limits limits = patient_limits()) {
    auto context = TlsContext::for_server(files.certificate(), files.key());
    if (!context)
        FAIL(context.error().message);
    ServerOptions options = options_of(limits);
    options.tls = *context;
    return start(std::move(options), application);
}

Result<ClientResponse> fetch(const std::string& host, std::uint16_t port, const std::string& ca,
                             const std::string& body = {}) {
    ClientOptions options;
    options.connect_deadline = options.total_deadline = std::chrono::minutes{10};
    auto context = TlsContext::for_client(ca);
    if (!context)
        FAIL(context.error().message);
    options.tls = *context;
    ClientRequest request;
    request.method = body.empty() ? "GET" : "POST";
    request.url = Url::parse("https://" + host + ":" + std::to_string(port) + "/path").value();
    request.body = body;
    return Client(options).fetch(request);
}

} // namespace

TEST_CASE("RP-18: TLS between our own client and server") {
    const Files files;
    TestApplication application;
    application.on_handle = [](const Request& request) {
        return TestApplication::text(request.body + std::string(500'000, 'x'));
    };
    application.on_admit = [](const Request&) { return Application::Admission{Pool::fast, 1'000'000, std::nullopt}; };
    const auto server = serve(files, application);
    const std::string body(300'000, 'b');
    const auto response = fetch("localhost", server->port(), files.ca(), body);
    if (!response)
        FAIL(response.error().message);
    CHECK(response->status == 200);
    CHECK(response->body == body + std::string(500'000, 'x'));
    CHECK(response->headers.find("Strict-Transport-Security") != nullptr);
    CHECK(application.requests().at(0).tls);
}

TEST_CASE("RP-18: a certificate by address") {
    const Files files;
    TestApplication application;
    const auto server = serve(files, application);
    const auto response = fetch("127.0.0.1", server->port(), files.ca());
    if (!response)
        FAIL(response.error().message);
    CHECK(response->status == 200);
}

TEST_CASE("RP-18: a server whose certificate is not right is refused, and sees no request") {
    struct Row {
        const char* name;
        CertificateAuthority::Wanted wanted;
        bool trusted;
    };
    const Row row = GENERATE(values<Row>({
        {"another name", {.common_name = "other.example", .alternative_names = "DNS:other.example"}, true},
        {"a name below", {.common_name = "x.localhost", .alternative_names = "DNS:x.localhost"}, true},
        {"another name, with ours as common name",
         {.common_name = "localhost", .alternative_names = "DNS:other.example"},
         true},
        {"no alternative name", {.common_name = "localhost", .alternative_names = ""}, true},
        {"only another address", {.common_name = "x", .alternative_names = "IP:127.0.0.2"}, true},
        {"only another address, with ours as common name",
         {.common_name = "localhost", .alternative_names = "IP:127.0.0.2"},
         true},
        {"expired", {.ends_in = -60}, true},
        {"not valid yet", {.begins_in = 3600, .ends_in = 7200}, true},
        {"self-signed", {.self_signed = true}, true},
        {"an authority that we do not know", {}, false},
    }));
    INFO(row.name);
    const Files files(row.wanted);
    TestApplication application;
    const auto server = serve(files, application);
    const auto response = fetch("localhost", server->port(), row.trusted ? files.ca() : std::string());
    REQUIRE_FALSE(response);
    INFO(response.error().message);
    CHECK(response.error().kind == ErrorKind::denied);
    CHECK(response.error().message.find("localhost") != std::string::npos);
    CHECK(application.requests().empty());
}

TEST_CASE("RP-18: TLS before 1.2 is refused") {
    const Files files;
    TestApplication application;
    const auto server = serve(files, application);
    const auto handshake = [&](int version) {
        const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_min_proto_version(context.get(), version);
        SSL_CTX_set_max_proto_version(context.get(), version);
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
        const TcpSocket socket = TcpSocket::connect(server->port());
        SSL_set_fd(ssl.get(), socket.descriptor());
        return SSL_connect(ssl.get()) == 1;
    };
    CHECK_FALSE(handshake(TLS1_VERSION));
    CHECK_FALSE(handshake(TLS1_1_VERSION));
    CHECK(handshake(TLS1_2_VERSION));
    CHECK(handshake(TLS1_3_VERSION));
}

TEST_CASE("a TLS stream that is cut off is not taken for its end") {
    const Files files;
    const bool orderly = GENERATE(true, false);
    const TcpListener listener;
    std::thread server([&] {
        const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        SSL_CTX_use_certificate_chain_file(context.get(), files.certificate().c_str());
        SSL_CTX_use_PrivateKey_file(context.get(), files.key().c_str(), SSL_FILETYPE_PEM);
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
        const TcpSocket peer = listener.accept();
        SSL_set_fd(ssl.get(), peer.descriptor());
        if (SSL_accept(ssl.get()) != 1)
            return;
        char request[4096];
        SSL_read(ssl.get(), request, sizeof request);
        const std::string answer = "HTTP/1.1 200 OK\r\n\r\nhalf of an"; // its end is the end of the connection
        SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
        if (orderly)
            SSL_shutdown(ssl.get());
    });
    const auto response = fetch("localhost", listener.port(), files.ca());
    server.join();
    CHECK(response.has_value() == orderly);
}

TEST_CASE("OP-04: peers that begin a TLS handshake and say no more hold no thread") {
    const Files files;
    Limits limits = patient_limits();
    limits.fast_threads = limits.upstream_threads = 1;
    TestApplication application;
    const auto server = serve(files, application, limits);
    std::vector<TcpSocket> slow;
    for (int i = 0; i < 200; ++i) { // both ends need descriptors here
        slow.push_back(TcpSocket::connect(server->port()));
        slow.back().send(std::string("\x16\x03\x01\x02\x00\x01", 6)); // the beginning of a ClientHello
    }
    const auto response = fetch("localhost", server->port(), files.ca());
    if (!response)
        FAIL(response.error().message);
    CHECK(response->body == "GET /path");
}

TEST_CASE("plain HTTP on a TLS port is answered, nothing of it is read, and silence harms nobody else") {
    const Files files;
    TestApplication application;
    Limits limits = patient_limits();
    limits.fast_threads = 2;
    limits.handshake_deadline = std::chrono::milliseconds{30};
    const auto server = serve(files, application, limits);
    TcpSocket plain = TcpSocket::connect(server->port());
    plain.send(get("/") + get("/second"));
    const Answer answer = read_answer(plain);
    CHECK(answer.status == 400);
    CHECK(answer.has("Connection: close"));
    CHECK(answer.head.find("Strict-Transport-Security") == std::string::npos); // RFC 6797 section 7.2
    CHECK(answer.body.find("this port speaks https") != std::string::npos);
    CHECK(plain.read_to_end().empty());
    TcpSocket slow = TcpSocket::connect(server->port());
    slow.send(std::string("\x16\x03\x01\x02\x00", 5)); // the beginning of a hello
    slow.read_to_end();                                // closed at the deadline of the handshake
    CHECK(application.requests().empty());
}

TEST_CASE("RP-18: certificate and key files that cannot be used are named") {
    const Files files;
    const Files others;
    std::ofstream(files.directory.file("garbage.pem")) << "no certificate";
    const auto check = [](const Result<keyfob::platform::http::TlsContextPtr>& context, const std::string& name) {
        REQUIRE_FALSE(context);
        CHECK(context.error().kind == ErrorKind::invalid);
        CHECK(context.error().message.find(name) != std::string::npos);
    };
    check(TlsContext::for_server(files.directory.file("absent.pem"), files.key()), "absent.pem");
    check(TlsContext::for_server(files.certificate(), files.directory.file("absent.pem")), "absent.pem");
    check(TlsContext::for_server(files.directory.file("garbage.pem"), files.key()), "garbage.pem");
    check(TlsContext::for_server(files.certificate(), others.key()), "key.pem");
    check(TlsContext::for_client(files.directory.file("absent.pem")), "absent.pem");
    check(TlsContext::for_client(files.directory.file("garbage.pem")), "garbage.pem");
    CHECK(TlsContext::for_client());
}

TEST_CASE("there is no connection whose certificate would not be checked for a host") {
    const auto context = TlsContext::for_client();
    REQUIRE(context);
    for (const std::string& host : {std::string(), std::string("a\0b", 3)})
        CHECK_THROWS_AS((*context)->connect(0, host), std::runtime_error);
    CHECK((*context)->connect(0, "example.com"));
    CHECK((*context)->connect(0, "127.0.0.1"));
}
