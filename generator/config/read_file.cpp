#include "config/read_file.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/error.hpp"

namespace quillgen {

std::string read_file(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    throw UserError(fmt::format("{}: is a directory; give the path of a file", file));
  std::ifstream in(file, std::ios::binary);
  if (!in) throw UserError(fmt::format("{}: cannot be opened; check the path and its permissions", file));
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw UserError(fmt::format("{}: cannot be read; check the path and its permissions", file));
  return bytes;
}

}  // namespace quillgen
