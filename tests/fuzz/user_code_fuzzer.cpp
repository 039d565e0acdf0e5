#include "server/signin/user_code.h"
#include "tests/fuzz/fuzzer.h"

#include <algorithm>
#include <string>

using namespace keyfob;
using namespace keyfob::server::signin;
using keyfob::fuzz::require;

/// DG-02: whatever is taken is a code, and the same one however it is written.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    const auto code = parse_user_code(input);
    const auto letters =
        std::count_if(input.begin(), input.end(), [](char c) { return c != ' ' && c != '-' && c != '\t'; });
    require(!code || letters == k_user_code_length, "no letter is left out");
    if (!code)
        return 0;
    require(code->size() == k_user_code_length && code->find_first_not_of(k_user_code_letters) == std::string::npos,
            "a code is eight of twenty letters");
    require(parse_user_code(shown_user_code(*code)) == code, "as it is shown it is the same");
    require(parse_user_code(*code) == code, "as it is kept too");
    return 0;
}
