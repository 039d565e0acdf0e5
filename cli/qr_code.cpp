#include "cli/qr_code.h"

#include <memory>

#include <qrencode.h>

namespace keyfob::cli {
namespace {

constexpr int k_quiet_zone = 4; // modules, as the standard wants it
constexpr int k_any_version = 0;

/// Outside of the code everything is light.
bool is_dark(const QRcode& code, int x, int y) {
    if (x < 0 || y < 0 || x >= code.width || y >= code.width)
        return false;
    return (code.data[y * code.width + x] & 1) != 0;
}

const char* block(bool upper, bool lower) {
    if (upper)
        return lower ? "\u2588" : "\u2580";
    return lower ? "\u2584" : " ";
}

} // namespace

std::vector<std::string> qr_code(const std::string& text) {
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
        QRcode_encodeString8bit(text.c_str(), k_any_version, QR_ECLEVEL_L), &QRcode_free);
    std::vector<std::string> rows;
    if (!code)
        return rows;
    const int end = code->width + k_quiet_zone;
    for (int y = -k_quiet_zone; y < end; y += 2) {
        std::string row;
        for (int x = -k_quiet_zone; x < end; ++x)
            row += block(is_dark(*code, x, y), is_dark(*code, x, y + 1));
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace keyfob::cli
