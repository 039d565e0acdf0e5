#include "platform/secret_string.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <ostream>
#include <type_traits>

using namespace keyfob::platform;

namespace {

constexpr const char* k_short = "sh0rt";                                                       // fits in the object
const std::string k_long = "a secret that is too long for the inline buffer of a std::string"; // does not

template <typename T>
concept Printable = requires(std::ostream& stream, const T& value) {
    stream << value;
};

bool object_holds(const SecretString& secret, std::string_view text) {
    const std::string_view octets(reinterpret_cast<const char*>(&secret), sizeof secret);
    return octets.find(text) != std::string_view::npos;
}

} // namespace

TEST_CASE("AG-07: wiping overwrites the memory, also behind the end") {
    const std::string text = GENERATE(std::string(k_short), k_long);
    std::string value = text;
    value.resize(3); // the rest of the secret is still there
    const char* memory = value.data();
    const std::size_t size = value.capacity();
    wipe(value);
    CHECK(value.empty());
    REQUIRE(value.data() == memory);
    REQUIRE(value.capacity() == size);
    CHECK(std::all_of(memory, memory + size, [](char c) { return c == '\0'; }));
}

TEST_CASE("AG-07: a secret that has moved leaves nothing behind") {
    SecretString source{std::string(k_short)};
    REQUIRE(object_holds(source, k_short));
    SecretString target(std::move(source));
    CHECK(target.reveal() == k_short);
    CHECK_FALSE(object_holds(source, k_short)); // NOLINT(bugprone-use-after-move): that is the point
    CHECK(source.empty());

    SecretString other{std::string("0ther")};
    other = std::move(target);
    CHECK(other.reveal() == k_short);
    CHECK_FALSE(object_holds(target, k_short)); // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(object_holds(other, "0ther"));
}

TEST_CASE("AG-07: moving a secret onto itself keeps it") {
    SecretString secret{std::string(k_long)};
    SecretString& same = secret;
    secret = std::move(same);
    CHECK(secret.reveal() == k_long);
}

TEST_CASE("a duplicate is independent of the original") {
    SecretString original{std::string(k_long)};
    const SecretString copy = original.duplicate();
    original = SecretString();
    CHECK(original.empty());
    CHECK(copy.reveal() == k_long);
}

TEST_CASE("OP-01: a secret is neither copied by accident, nor printed, nor turned into a text") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<SecretString>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<SecretString>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<SecretString, std::string>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<SecretString, std::string_view>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, SecretString>);
    STATIC_REQUIRE_FALSE(Printable<SecretString>);
    STATIC_REQUIRE(Printable<std::string>);
}
