#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace keyfob::fuzz {

/// What must hold for every input; libFuzzer keeps the input that breaks it. `what` is said when it does not.
inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size}; // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast): octets
}

/// Cuts the octets up to `end`, or all of them, off the front of `input`.
inline std::string_view take(std::string_view& input, char end) {
    const std::size_t length = input.find(end);
    const std::string_view part = input.substr(0, length);
    input = length == std::string_view::npos ? std::string_view{} : input.substr(length + 1);
    return part;
}

/// A JSON object's text with one more member in front.
inline std::string with_member(std::string_view object, std::string_view member) {
    const std::size_t begin = object.find('{') + 1;
    return std::string(object.substr(0, begin)).append(member).append(",").append(object.substr(begin));
}

} // namespace keyfob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size); // NOLINT: libFuzzer's name
