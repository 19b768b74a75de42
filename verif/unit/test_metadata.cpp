// Files for other tools of an output folder with a bench; what else they say is looked at in whole folders
// (verif/system/metadata.py).
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "accel/metadata/metadata.hpp"
#include "config/load.hpp"

using namespace quillgen;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a folder with a bench has target sim, which takes the bench before the design and its top first") {
  const auto manifest = nlohmann::ordered_json::parse(
      R"({"top": "left_quillgen", "version": "1.2.3", "ports": [{"name": "clk", "direction": "input", "width": 1}]})");
  emit::Files files = {{"files.f", "left_a.v\nleft_quillgen.v\n"}};
  const auto config = load_preset("nano");
  const auto plain = accel::metadata(config, manifest, files);
  CHECK(plain.size() == 5);
  CHECK(has(plain.at("left_quillgen.core"), "name: quillgen:accelerator:left_quillgen:1.2.3\n"));
  CHECK(!has(plain.at("left_quillgen.core"), "sim"));
  CHECK(!has(plain.at("left_quillgen.core"), "bench"));
  CHECK(!has(plain.at("Bender.yml"), "target"));
  for (const char* name : {"tb/axi_checks.v", "tb/quillgen_tb.v", "tb/Makefile", "registers.md"}) files[name] = "";
  const auto benched = accel::metadata(config, manifest, files);
  const std::string bench = "    files:\n      - tb/quillgen_tb.v\n      - tb/axi_checks.v\n";
  CHECK(has(benched.at("left_quillgen.core"), "  bench:\n" + bench));
  CHECK(has(benched.at("left_quillgen.core"), "  sim:\n    filesets: [bench, rtl]\n    toplevel: left_quillgen_tb\n"));
  CHECK(has(benched.at("Bender.yml"), "  - target: test\n" + bench));
  for (const char* name : {"left_quillgen.xml", "left_quillgen.rdl", "left_quillgen.sdc"})
    CHECK(benched.at(name) == plain.at(name));
}
