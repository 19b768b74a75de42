#include "accel/generate.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "accel/blocks.hpp"
#include "accel/registers.hpp"
#include "config/error.hpp"
#include "config/load.hpp"

namespace quillgen {

namespace fs = std::filesystem;

namespace {

// A folder that may be replaced: its manifest says that quillgen wrote it.
bool is_ours(const fs::path& folder) {
  std::ifstream in(folder / "manifest.json");
  auto manifest = nlohmann::json::parse(in, nullptr, false);
  return manifest.is_object() && manifest.value("generator", "") == "quillgen";
}

void check_target(const fs::path& out, bool replace) {
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out)) throw UserError(fmt::format("--out {}: is a file; name a folder", out.string()));
  if (fs::is_empty(out)) return;
  if (!replace)
    throw UserError(fmt::format(
        "--out {}: the folder is not empty; name another, or --force to replace a folder that quillgen wrote",
        out.string()));
  if (!is_ours(out))
    throw UserError(
        fmt::format("--out {}: --force replaces only a folder that quillgen wrote, and this one has no manifest.json "
                    "of it; name another folder",
                    out.string()));
}

// Removed again unless it was moved to its place.
struct Staging {
  fs::path path;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

emit::Files accelerator_files(const Config& config) {
  hdl::Design design;
  const hdl::Module& top = accel::build_top(design, accel::Shapes(config), top_name);
  auto files = emit::design_files(design, top, to_json(config));
  files["quillgen_regs.h"] = accel::register_header();
  files["registers.md"] = accel::register_page(config);
  return files;
}

void generate(const Config& config, const fs::path& out, bool replace) {
  try {
    check_target(out, replace);
    const auto files = accelerator_files(config);
    const fs::path target = fs::absolute(out).lexically_normal();
    const fs::path place = target.has_filename() ? target : target.parent_path();
    Staging staging{fs::path(place.string() + fmt::format(".{}.tmp", ::getpid()))};
    fs::create_directories(staging.path);
    for (const auto& [name, text] : files) {
      std::ofstream file(staging.path / name, std::ios::binary);
      file << text;
      if (!file.flush())
        throw UserError(fmt::format("--out {}: cannot write {}; is the disk full?", out.string(), name));
    }
    fs::remove_all(place);
    fs::rename(staging.path, place);
  } catch (const fs::filesystem_error& e) {
    throw UserError(fmt::format("--out {}: cannot be written ({}); choose a folder you may write", out.string(),
                                e.code().message()));
  }
}

}  // namespace quillgen
