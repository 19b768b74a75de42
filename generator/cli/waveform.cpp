#include "cli/waveform.hpp"

#include <fmt/format.h>

#include "cli/output_file.hpp"
#include "config/error.hpp"
#include "harness/signal_list.hpp"

namespace quillgen::cli {

namespace fs = std::filesystem;

Waveform::Waveform(const std::string& file) : file_(file) {
  std::error_code ec;
  if (file_.extension() != ".fst")
    throw UserError(fmt::format("--trace {}: the name must end in .fst, the format written: name it {}", file,
                                fs::path(file_).replace_extension(".fst").string()));
  if (fs::exists(file_, ec) && !fs::is_regular_file(file_, ec))
    throw UserError(fmt::format("--trace {}: exists and is no file: choose another name", file));
  folder_ = std::make_unique<harness::TemporaryFolder>(file_.has_parent_path() ? file_.parent_path() : ".");
  draft_ = folder_->path() / "trace.fst";
}

void Waveform::finish(const harness::SimulatorLibrary& library, const std::string& top) {
  if (!fs::exists(draft_)) return;
  const auto size = static_cast<double>(fs::file_size(draft_));
  const auto signals = library.signals(draft_);
  if (signals.empty())
    throw UserError(fmt::format("--trace {}: could not be written whole: make room on the disk", file_.string()));
  const auto list = harness::signal_list(signals, top, file_.stem().string());
  const auto folder = folder_->path().parent_path();
  for (const auto& [name, states] : list.states) write_output((folder / name).string(), states);
  const auto list_file = fs::path(file_).replace_extension(".gtkw");
  write_output(list_file.string(), list.text);
  std::error_code ec;
  fs::rename(draft_, file_, ec);
  if (ec) throw UserError(fmt::format("--trace {}: cannot be written: {}", file_.string(), ec.message()));
  fmt::print("waveform: {} ({:.1f} MB); look at it with: gtkwave {}\n", file_.string(), size / 1e6, list_file.string());
}

}  // namespace quillgen::cli
