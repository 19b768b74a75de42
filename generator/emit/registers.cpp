#include "emit/registers.hpp"

#include <fmt/core.h>

#include "emit/lines.hpp"
#include "emit/reset_style.hpp"

namespace quillgen::emit {

using namespace hdl;

namespace {

std::string literal_of(std::uint64_t value, int width) {
  if (width <= 64) return literal(value, width);
  return value == 0 ? fmt::format("{}'d0", width) : fmt::format("{{{}'d0, {}}}", width - 64, literal(value, 64));
}

std::string line(const std::string& text, std::size_t indent = 6) { return wrap_line("  " + text, indent) + "\n"; }

/// "if (x)" of every branch, the reset first; "" when there is only one, always taken.
std::vector<std::string> branches_of(const RegInfo& r, const Expressions& text, Reset style) {
  std::vector<std::string> branches;
  if (r.reset) branches.push_back(fmt::format("if ({})", in_reset(style)));
  for (const RegUpdate& u : r.updates)
    branches.push_back(u.enable == no_id
                           ? std::string(branches.empty() ? "" : "else")
                           : fmt::format("{}if ({})", branches.empty() ? "" : "else ", text.whole(u.enable)));
  return branches;
}

}  // namespace

std::string always_block(const Module& m, const Expressions& text, const std::vector<std::string>& nets,
                         const std::vector<const RegInfo*>& group, Reset style) {
  auto assignment = [&](const RegInfo& r, std::size_t branch) {
    std::string value;
    const Id data = r.reset && branch == 0 ? no_id : r.updates[branch - (r.reset ? 1 : 0)].data;
    if (r.value_names.empty()) value = data == no_id ? literal_of(*r.reset, m.width(r.node)) : text.whole(data);
    else if (data == no_id) value = text.value_of(r.node, *r.reset);
    else value = m.node(data).op == Op::constant ? text.value_of(r.node, m.node(data).extra) : text.whole(data);
    return fmt::format("{} <= {};", nets[r.node], value);
  };
  const std::vector<std::string> branches = branches_of(*group.front(), text, style);
  const bool plain = branches.size() == 1 && branches[0].empty();
  std::string out = line(fmt::format("always @({}){}", clock_edge(group.front()->reset.has_value(), style),
                                     group.size() > 1 && plain ? " begin" : ""));
  for (std::size_t b = 0; b < branches.size(); ++b) {
    if (group.size() == 1) {
      out += line(fmt::format("  {}{}{}", branches[b], plain ? "" : " ", assignment(*group.front(), b)), 10);
      continue;
    }
    if (!plain) out += line(fmt::format("  {}{} begin", b == 0 ? "" : "end ", branches[b]), 10);
    for (const RegInfo* r : group) out += line((plain ? "  " : "    ") + assignment(*r, b), 10);
    if (!plain && b + 1 == branches.size()) out += line("  end");
    if (plain) out += line("end");
  }
  return out;
}

}  // namespace quillgen::emit
