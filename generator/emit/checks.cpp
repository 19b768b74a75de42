#include "emit/checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emit/lines.hpp"
#include "emit/reset_style.hpp"

namespace quillgen::emit {

using namespace hdl;

namespace {

struct Check {
  std::string name, condition;
};

}  // namespace

std::string print_checks(const Module& m, const Expressions& text, Reset style,
                         const std::function<std::string(const std::string&)>& unique_name) {
  if (!m.has_clock() || (m.stream_checks().empty() && m.assertions().empty())) return "";
  const std::string margin = m.has_reset() ? "      " : "    ";
  auto line = [&](const std::string& statement) { return wrap_line(margin + statement, margin.size() + 4) + "\n"; };
  std::vector<Check> list;
  std::string history, forget, remember;
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
    forget += line(fmt::format("{} <= 1'b0;", held)) + line(fmt::format("{} <= {{{}{{1'b0}}}};", last, width));
    remember += line(fmt::format("{} <= {} && !{};", held, valid, text.whole(s.ready)));
    remember += line(fmt::format("{} <= {};", last, data));
    list.push_back({fmt::format("stream {} changed while it was waiting", s.name),
                    fmt::format("!{} || ({} && {} == {})", held, valid, data, last)});
  }
  for (const auto& a : m.assertions()) list.push_back({a.name, text.whole(a.condition)});
  // FORMAL alone turns the checks into assertions.
  std::string out = "`ifdef QUILLGEN_CHECKS\n`elsif FORMAL\n`define QUILLGEN_CHECKS\n`endif\n\n";
  out += fmt::format("`ifdef QUILLGEN_CHECKS\n{}  always @({}) begin : {}\n", history, clock_edge(m.has_reset(), style),
                     unique_name("checks"));
  if (m.has_reset()) out += fmt::format("    if ({}) begin\n{}    end else begin\n", in_reset(style), forget);
  out += remember + "`ifdef FORMAL\n";
  for (const Check& c : list) out += line(fmt::format("assert ({});", c.condition));
  out += "`else\n";
  for (const Check& c : list) out += line(fmt::format("if (!({})) $fatal(1, \"%m: {}\");", c.condition, c.name));
  out += fmt::format("`endif\n{}  end\n`endif\n", m.has_reset() ? "    end\n" : "");
  return out;
}

}  // namespace quillgen::emit
