// Work in a process of its own, so that an assertion or a crash is one failed case and not the end of all.
#pragma once
#include <functional>
#include <optional>
#include <string>

namespace quillgen::fuzz {

/// What `work` returns, computed in a child process; nothing when that dies.
std::optional<std::string> in_child(const std::function<std::string()>& work);

}  // namespace quillgen::fuzz
