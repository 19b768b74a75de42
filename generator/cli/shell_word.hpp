// Words of commands that somebody pastes into a shell, or that a script is made of.
#pragma once
#include <string>

namespace quillgen::cli {

/// True when a shell takes the word as it stands.
bool is_plain(const std::string& word);

/// In single quotes where the shell would read more into it.
std::string shell_word(const std::string& word);

}  // namespace quillgen::cli
