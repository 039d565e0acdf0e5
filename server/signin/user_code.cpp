#include "server/signin/user_code.h"

namespace keyfob::server::signin {

namespace {
constexpr unsigned k_letters = k_user_code_letters.size();
constexpr unsigned k_first_unfair =
    256 / k_letters * k_letters; ///< an octet from here on would make some letters likelier
constexpr std::size_t k_longest_typed = 64;

char upper_case(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
} // namespace

std::string make_user_code(platform::Random& random) {
    std::string code;
    while (code.size() < k_user_code_length) {
        const auto octet = static_cast<unsigned char>(random.bytes(1)[0]);
        if (octet < k_first_unfair)
            code += k_user_code_letters[octet % k_letters];
    }
    return code;
}

std::string shown_user_code(const std::string& code) {
    return code.substr(0, code.size() / 2) + "-" + code.substr(code.size() / 2);
}

std::optional<std::string> parse_user_code(std::string_view text) {
    std::string code;
    if (text.size() > k_longest_typed)
        return std::nullopt;
    for (const char c : text) {
        if (c == ' ' || c == '-' || c == '\t')
            continue;
        if (k_user_code_letters.find(upper_case(c)) == std::string_view::npos)
            return std::nullopt;
        code += upper_case(c);
    }
    return code.size() == k_user_code_length ? std::optional(code) : std::nullopt;
}

} // namespace keyfob::server::signin
