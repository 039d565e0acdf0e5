#pragma once

#include "platform/paths.h"
#include "platform/process.h"
#include "platform/result.h"

#include <string>

namespace keyfob::platform {

/// Opens an http or https URL in this person's browser: $BROWSER (a list separated by `:` of commands, `%s` stands for the URL), else
/// xdg-open. Never through a shell (AG-06). Returns as soon as the opener has been started; whether it could open anything is known when it
/// ends, at once or with the browser. Errors: invalid (not such a URL), not_found (no opener, or no display to open it on), failed.
[[nodiscard]] Result<ChildProcess> open_browser(const std::string& url,
                                                const Environment& environment = process_environment);

} // namespace keyfob::platform
