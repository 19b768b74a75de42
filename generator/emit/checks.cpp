#include "emit/checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "emit/lines.hpp"
#include "emit/reset_style.hpp"

namespace quillgen::emit {

using namespace hdl;

namespace {

// What drives a net, through wires.
Id driver(const Module& m, Id id) {
  while (m.node(id).op == Op::wire) id = m.node(id).a;
  return id;
}

// The one node that all bits of a value come from unchanged, or no_id.
Id whole_source(const Module& m, Id id) {
  id = driver(m, id);
  const Node& n = m.node(id);
  if (n.op == Op::slice) return whole_source(m, n.a);
  if (n.op != Op::concat) return id;
  const Id high = whole_source(m, n.a);
  return high == whole_source(m, n.b) ? high : no_id;
}

// The stream comes as it is from an instance, or from outside: there it is checked.
bool is_passed_on(const Module& m, const StreamCheck& s) {
  const Node& valid = m.node(driver(m, s.valid));
  const bool from_instance = valid.op == Op::instance_output && (valid.extra >> 63) == 0;
  if (valid.op != Op::input && !from_instance) return false;
  for (Id id : s.payload) {
    const Id source = whole_source(m, id);
    if (source == no_id || m.node(source).op != valid.op) return false;
    if (from_instance && m.node(source).extra >> 32 != valid.extra >> 32) return false;
  }
  if (!from_instance) return true;
  // The instance sees the same ready: otherwise a stream that waits might go on in it.
  const InstanceInfo& maker = m.instances()[valid.extra >> 32];
  return std::ranges::any_of(maker.inputs, [&](Id id) { return id != no_id && driver(m, id) == driver(m, s.ready); });
}

std::vector<const StreamCheck*> made_here(const Module& m) {
  std::vector<const StreamCheck*> list;
  for (const StreamCheck& s : m.stream_checks())
    if (m.has_clock() && !is_passed_on(m, s)) list.push_back(&s);
  return list;
}

}  // namespace

bool has_stream_check(const Module& m) { return !made_here(m).empty(); }

std::string print_checks(const Module& m, const Expressions& text, const Options& options,
                         const std::function<std::string(const std::string&)>& unique_name) {
  const auto streams = made_here(m);
  if (!m.has_clock() || (streams.empty() && m.assertions().empty())) return "";
  // FORMAL alone turns the checks into assertions.
  std::string out =
      "`ifdef QUILLGEN_CHECKS\n`elsif FORMAL\n`define QUILLGEN_CHECKS\n`endif\n\n`ifdef QUILLGEN_CHECKS\n";
  const char* reset = m.has_reset() ? reset_port(options.reset) : options.reset == Reset::sync_high ? "1'b0" : "1'b1";
  for (const StreamCheck* s : streams) {
    std::vector<std::string> payload;
    int width = 0;
    for (Id id : s->payload) payload.push_back(text.whole(id)), width += m.width(id);
    const std::string data = payload.empty()       ? "1'b0"
                             : payload.size() == 1 ? payload[0]
                                                   : fmt::format("{{{}}}", fmt::join(payload, ", "));
    out += fmt::format("  {}stream_check #(.WIDTH({})) {} (\n", options.prefix, std::max(width, 1),
                       unique_name("check_" + s->name));
    out += wrap_line(fmt::format("    .clk(clk), .{}({}), .valid({}), .ready({}), .payload({})",
                                 reset_port(options.reset), reset, text.whole(s->valid), text.whole(s->ready), data),
                     8) +
           "\n  );\n";
  }
  if (!m.assertions().empty()) {
    const std::string margin = m.has_reset() ? "      " : "    ";
    auto line = [&](const std::string& statement) { return wrap_line(margin + statement, margin.size() + 4) + "\n"; };
    if (!streams.empty()) out += "\n";
    out += fmt::format("  always @({}) begin : {}\n", clock_edge(m.has_reset(), options.reset), unique_name("checks"));
    if (m.has_reset()) out += fmt::format("    if ({}) begin\n    end else begin\n", in_reset(options.reset));
    out += "`ifdef FORMAL\n";
    for (const Assertion& a : m.assertions()) out += line(fmt::format("assert ({});", text.whole(a.condition)));
    out += "`else\n";
    for (const Assertion& a : m.assertions())
      out += line(fmt::format("if ({}) $fatal(1, \"%m: {}\");", text.denial(a.condition), a.name));
    out += fmt::format("`endif\n{}  end\n", m.has_reset() ? "    end\n" : "");
  }
  return out + "`endif\n";
}

}  // namespace quillgen::emit
