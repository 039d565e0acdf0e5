#include "platform/request_ids.h"

#include <array>
#include <charconv>

namespace keyfob::platform {

namespace {
constexpr std::size_t k_prefix_octets = 4; // with the number it fits into a std::string without an allocation
constexpr int k_hexadecimal = 16;
} // namespace

RequestIds::RequestIds(Random& random) : m_prefix(random.token(k_prefix_octets)) {}

std::string RequestIds::next() {
    std::array<char, 9> text{'-'};
    const std::uint32_t number = m_count.fetch_add(1, std::memory_order_relaxed);
    const auto end = std::to_chars(text.data() + 1, text.data() + text.size(), number, k_hexadecimal).ptr;
    return m_prefix + std::string(text.data(), end);
}

} // namespace keyfob::platform
