// Temporaries, the nets that the printer names, stay within the section of the file that makes them: what several
// sections read has a name by its author.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <sstream>

#include "accel/blocks.hpp"
#include "config/load.hpp"
#include "emit/verilog.hpp"

using namespace quillgen;

namespace {

/// The words of each section: a comment line of its own starts one. Checks and unread bits are in none.
std::vector<std::set<std::string>> sections(const std::string& verilog) {
  std::vector<std::set<std::string>> list(1);
  std::istringstream lines(verilog.substr(verilog.find("\n);\n")));
  bool after_comment = false;
  for (std::string line; std::getline(lines, line) && line != "`ifdef QUILLGEN_CHECKS";) {
    if (line.starts_with("  wire _unused")) break;
    const bool comment = line.starts_with("  //");
    if (comment && !after_comment) list.emplace_back();
    after_comment = comment;
    if (comment) continue;
    std::string word;
    for (const char c : line + " ") {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') word += c;
      else list.back().insert(word), word.clear();
    }
  }
  return list;
}

/// Temporaries of a module that more than one section has.
std::vector<std::string> wanderers(const hdl::Module& m) {
  const emit::ModuleText text = emit::print_module(m);
  const auto in = sections(text.verilog);
  std::vector<std::string> list;
  for (hdl::Id id = 0; id < m.nodes().size(); ++id) {
    const std::string& net = text.nets[id];
    if (!m.name_of(id).empty() || net.empty() || m.port_index(net) >= 0) continue;
    if (std::ranges::count_if(in, [&](const auto& words) { return words.contains(net); }) > 1)
      list.push_back(fmt::format("{}.{}, {}", m.name(), net, m.describe_node(id)));
  }
  return list;
}

}  // namespace

TEST_CASE("a temporary that two sections read is found") {
  using namespace hdl;
  Module m("wandering");
  const UInt a = input(m, "a", UInt(4)), b = input(m, "b", UInt(4));
  m.note("First.");
  const UInt sum = a + b;
  auto kept = reg(m, "kept", UInt(5)), more = reg(m, "more", UInt(5));
  kept.next(sum);
  output(m, "first", kept);
  m.note("Second.");
  more.next((sum ^ kept));
  output(m, "second", more);
  const auto found = wanderers(m);
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("wandering.kept_sum, add (5 bits, test_printed_names.cpp:"));
}

TEST_CASE("what several sections of a file read has a name by its author") {
  for (const std::string preset : {"nano", "small", "quill"}) {
    hdl::Design d;
    accel::build_top(d, accel::Shapes(load_preset(preset)), "quillgen");
    std::vector<std::string> all;
    for (const auto& m : d.modules())
      if (!m->printed_as())
        for (const std::string& net : wanderers(*m)) all.push_back(net);
    MESSAGE(preset << ": " << d.modules().size() << " modules, " << all.size() << " temporaries without a name");
    CHECK_MESSAGE(all.empty(), preset << ": give these a name where they are made (.named):\n  "
                                      << fmt::format("{}", fmt::join(all, "\n  ")));
  }
}
