#include "emit/lines.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quillgen::emit {
namespace {

// Last place up to the limit where a line may be broken: after a separator that stands outside of strings.
std::size_t break_at(std::string_view line, std::size_t least) {
  for (std::string_view separator : {", ", " || ", " && ", " : ", " + "}) {
    for (std::size_t at = line.rfind(separator, line_limit); at != std::string_view::npos && at > least;
         at = line.rfind(separator, at - 1))
      if (std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(at), '"') % 2 == 0)
        return at + separator.size();
  }
  return std::string_view::npos;
}

}  // namespace

std::string range(int width) { return width == 1 ? "" : fmt::format("[{}:0] ", width - 1); }

std::string wrap_line(std::string_view text, std::size_t indent) {
  std::string out;
  std::string margin;  // of the line that `text` starts
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    std::size_t cut = std::string_view::npos;
    if (margin.size() + line.size() > line_limit) {
      const std::string head = margin + std::string(line.substr(0, line_limit + 8));
      cut = break_at(head, indent + 8);
      if (cut != std::string_view::npos) cut -= margin.size();
    }
    out += margin;
    margin.clear();
    if (cut != std::string_view::npos) {
      out += line.substr(0, cut - 1);
      out += '\n';
      margin.assign(indent, ' ');
      text = text.substr(cut);
      continue;
    }
    out += line;
    if (end == std::string_view::npos) return out;
    out += '\n';
    text = text.substr(end + 1);
  }
}

}  // namespace quillgen::emit
