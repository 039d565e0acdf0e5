#include "platform/encoding.h"
#include "platform/url.h"
#include "tests/fuzz/fuzzer.h"

#include <set>

using namespace keyfob::platform;
using keyfob::fuzz::require;

namespace {

constexpr std::size_t k_most = 64;

void check_escapes(std::string_view input) {
    const auto decoded = percent_decode(input);
    if (decoded)
        require(decoded->find('\0') == std::string::npos && percent_decode(percent_encode(*decoded)) == decoded,
                "what was decoded can be encoded and decoded again");
    if (input.find('\0') == std::string_view::npos)
        require(percent_decode(percent_encode(input)) == input, "every text without NUL can be encoded");
}

} // namespace

/// RP-22: no name twice; and what is taken apart, of a query or a form, can be put together again.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = keyfob::fuzz::text_of(data, size);
    check_escapes(input);
    const auto parsed = Parameters::parse(input);
    if (!parsed) {
        require(parsed.error().kind == ErrorKind::invalid && !parsed.error().message.empty(), "a refusal says why");
        require(!Parameters::parse(std::string(input) + "&more=1"), "what follows makes no refused parameters good");
        return 0;
    }
    std::set<std::string> names;
    for (const auto& [name, value] : parsed->all()) {
        require(names.insert(name).second, "no name stands twice");
        require((name + value).find('\0') == std::string::npos && is_valid_utf8(name) && is_valid_utf8(value),
                "names and values are text");
        require(parsed->get(name) == value, "each is found by its name");
    }
    require(names.size() <= k_most, "no more than the limit");
    const auto again = Parameters::parse(parsed->encode());
    require(again && again->all() == parsed->all(), "encoded and parsed again they are the same");
    const auto url = Url::parse(with_query("https://id.example.com/", *parsed));
    require(!url || Parameters::parse(url->query)->all() == parsed->all(), "a URL carries them unchanged");
    return 0;
}
