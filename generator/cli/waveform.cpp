#include "cli/waveform.hpp"

#include <fmt/core.h>

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
  const auto place = harness::link_target(file_);
  folder_ = std::make_unique<harness::TemporaryFolder>(place.has_parent_path() ? place.parent_path() : ".");
  draft_ = folder_->path() / "trace.fst";
}

void Waveform::finish(const harness::SimulatorLibrary& library, const std::string& top) {
  if (!fs::exists(draft_)) return;
  const auto size = static_cast<double>(fs::file_size(draft_));
  const auto signals = library.signals(draft_);
  if (signals.empty())
    throw UserError(fmt::format("--trace {}: could not be written whole: make room on the disk", file_.string()));
  const auto list = harness::signal_list(signals, top, file_.stem().string());
  const auto list_file = fs::path(file_).replace_extension(".gtkw");
  std::vector<harness::OutputFile> files = {{list_file, list.text}};
  for (const auto& [name, states] : list.states) files.push_back({file_.parent_path() / name, states});
  harness::write_atomically(files);
  const auto place = harness::link_target(file_);
  harness::copy_mode(draft_, place);
  std::error_code ec;
  fs::rename(draft_, place, ec);
  if (ec) throw UserError("--trace " + harness::write_failure(file_, ec.value()));
  fmt::print("waveform: {} ({:.1f} MB); look at it with: gtkwave {}\n", file_.string(), size / 1e6, list_file.string());
}

}  // namespace quillgen::cli
