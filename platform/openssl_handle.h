#pragma once

#include <string>
#include <string_view>

namespace keyfob::platform {

/// For std::unique_ptr of what OpenSSL has made, with the function that frees it.
template <auto Free> struct Deleter {
    template <typename T> void operator()(T* pointer) const { Free(pointer); }
};

[[nodiscard]] inline const unsigned char* octets_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
[[nodiscard]] inline unsigned char* octets_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

} // namespace keyfob::platform
