#include "emit/checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emit/lines.hpp"

namespace quillgen::emit {

using namespace hdl;

namespace {

struct Check {
  std::string name, condition;
};

}  // namespace

std::string print_checks(const Module& m, const Expressions& text,
                         const std::function<std::string(const std::string&)>& unique_name) {
  if (!m.has_clock() || (m.stream_checks().empty() && m.assertions().empty())) return "";
  const std::string active = m.has_reset() ? "!rst" : "1'b1";
  std::vector<Check> list;
  std::string history, remember;
  for (const auto& s : m.stream_checks()) {
    std::vector<std::string> payload;
    int width = 0;
    for (Id id : s.payload) payload.push_back(text.whole(id)), width += m.width(id);
    const std::string data = payload.empty()       ? "1'b0"
                             : payload.size() == 1 ? payload[0]
                                                   : fmt::format("{{{}}}", fmt::join(payload, ", "));
    width = std::max(width, 1);
    const std::string held = unique_name(fmt::format("check_{}_held", s.name)),
                      last = unique_name(fmt::format("check_{}_last", s.name)), valid = text.whole(s.valid);
    history += fmt::format("  reg {};\n  reg {}{};\n", held, range(width), last);
    remember +=
        wrap_line(fmt::format("    {} <= {} && {} && !{};", held, active, valid, text.whole(s.ready)), 8) + "\n";
    remember += wrap_line(fmt::format("    {} <= {};", last, data), 8) + "\n";
    list.push_back({fmt::format("stream {} changed while it was waiting", s.name),
                    fmt::format("!{} || ({} && {} == {})", held, valid, data, last)});
  }
  for (const auto& a : m.assertions()) list.push_back({a.name, text.whole(a.condition)});
  // FORMAL alone turns the checks into assertions.
  std::string out = "`ifdef QUILLGEN_CHECKS\n`elsif FORMAL\n`define QUILLGEN_CHECKS\n`endif\n\n";
  out += fmt::format("`ifdef QUILLGEN_CHECKS\n{}  always @(posedge clk) begin : {}\n{}", history, unique_name("checks"),
                     remember);
  out += "`ifdef FORMAL\n";
  for (const Check& c : list) out += wrap_line(fmt::format("    if ({}) assert ({});", active, c.condition), 8) + "\n";
  out += "`else\n";
  for (const Check& c : list)
    out += wrap_line(fmt::format("    if ({} && !({})) $fatal(1, \"%m: {}\");", active, c.condition, c.name), 8) + "\n";
  out += "`endif\n  end\n`endif\n";
  return out;
}

}  // namespace quillgen::emit
