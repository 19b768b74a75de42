#include "cli/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/error.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

bool write_all(const std::string& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary);
  out << text << std::flush;
  return static_cast<bool>(out);
}

[[noreturn]] void refuse(const std::string& file) {
  throw UserError(fmt::format("{}: cannot be written; check that its folder exists and may be written to", file));
}

}  // namespace

void write_output(const std::string& file, std::string_view text) {
  std::error_code error;
  if (fs::exists(file, error) && !fs::is_regular_file(file, error)) {
    if (!write_all(file, text)) refuse(file);
    return;
  }
  const auto temporary = fmt::format("{}.{}.tmp", file, getpid());
  const bool written = write_all(temporary, text);
  if (written) fs::rename(temporary, file, error);
  if (written && !error) return;
  std::error_code ignored;
  fs::remove(temporary, ignored);
  refuse(file);
}

}  // namespace quillgen::cli
