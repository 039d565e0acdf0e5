#pragma once

#include <string>
#include <vector>

namespace keyfob::cli {

/// A QR code (ISO/IEC 18004) of an address, for the camera of a telephone, with the quiet zone that cameras need. Each row is drawn with half
/// blocks, two rows of modules in one line of text, dark modules in the foreground. Empty if the text is too long for one.
[[nodiscard]] std::vector<std::string> qr_code(const std::string& text);

} // namespace keyfob::cli
