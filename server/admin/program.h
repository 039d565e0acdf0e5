#pragma once

#include <span>
#include <string>
#include <vector>

namespace keyfob::server::admin {

/// Whether `keyfob-server WORD …` is an operator's command.
[[nodiscard]] bool is_command(const std::string& word);
/// Runs it; the exit code: 0 done, 1 failed, 3 usage.
[[nodiscard]] int run(const std::vector<std::string>& words);
/// The lines of the usage text.
[[nodiscard]] std::string usage_lines();

} // namespace keyfob::server::admin
