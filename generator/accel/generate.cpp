#include "accel/generate.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "accel/blocks.hpp"
#include "accel/host/axi_channels.hpp"
#include "accel/host/registers.hpp"
#include "accel/integration_text.hpp"
#include "accel/metadata/metadata.hpp"
#include "accel/testbench.hpp"
#include "config/load.hpp"
#include "emit/templates.hpp"

namespace quillgen {

void add_guides(const Config& config, const std::string& prefix, emit::Files& files) {
  const auto manifest = nlohmann::ordered_json::parse(files.at("manifest.json"));
  files.merge(emit::Files{{"quillgen_regs.h", accel::register_header()},
                          {"quillgen_driver.h", std::string(emit::template_text("quillgen_driver.h"))},
                          {"quillgen_driver.c", std::string(emit::template_text("quillgen_driver.c"))},
                          {prefix + "quillgen_config.h", accel::capability_header(config, prefix)},
                          {"registers.md", accel::register_page(config)},
                          {"integration.md", accel::integration_page(config, manifest, prefix)}});
  files.merge(accel::testbench(config, manifest));
  files.merge(accel::metadata(config, manifest, files));
}

// The styles of the configuration are those of the language, in the same order.
static_assert(static_cast<int>(hdl::Reset::sync_high) == sync_high &&
              static_cast<int>(hdl::Reset::sync_low) == sync_low &&
              static_cast<int>(hdl::Reset::async_low) == async_low);

emit::Options print_options(const Config& config, const std::string& prefix) {
  return {prefix, static_cast<hdl::Reset>(config.implementation.reset), accel::axi_channels()};
}

void generate(const Config& config, const std::filesystem::path& folder) {
  hdl::Design design;
  const accel::Shapes shapes(config);
  const hdl::Module& top = accel::build_top(design, shapes, top_name);
  std::filesystem::create_directories(folder);
  for (const auto& [name, text] : emit::design_files(design, top, to_json(config), print_options(config)))
    if (!(std::ofstream(folder / name, std::ios::binary) << text).flush())
      throw std::runtime_error("cannot write " + (folder / name).string());
}

}  // namespace quillgen
