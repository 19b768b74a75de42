#include "emit/printed_text.hpp"

#include <algorithm>
#include <cctype>

#include "emit/templates.hpp"

namespace quillgen::emit {
namespace {

bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Every place where `from` stands for itself: not as a part of a longer name.
void replace(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    const std::size_t end = at + from.size();
    const bool inside = (at > 0 && in_name(from.front()) && in_name(text[at - 1])) ||
                        (end < text.size() && in_name(from.back()) && in_name(text[end]));
    if (!inside) text.replace(at, from.size(), to);
    at += inside ? from.size() : to.size();
  }
}

void make_active_low(std::string& text, hdl::Reset style) {
  for (const std::string block : {"", " begin : checks"})
    if (style == hdl::Reset::async_low)
      replace(text, "@(posedge clk)" + block + "\n    if (rst)",
              "@(posedge clk or negedge rst_n)" + block + "\n    if (rst)");
  replace(text, "!rst", "rst_n");
  replace(text, "if (rst)", "if (!rst_n)");
  replace(text, ".rst  ", ".rst_n");  // columns stay straight
  replace(text, "rst", "rst_n");
}

// The heading, the module itself and the modules with parameters that it instantiates.
std::string prefixed(const std::string& text, const std::string& name, const std::string& prefix) {
  std::string out;
  for (std::size_t begin = 0, end; begin < text.size(); begin = end) {
    end = text.find('\n', begin) + 1;
    std::string line = text.substr(begin, end - begin);
    const std::size_t instance = line.find(" #(");
    if (line == "// " + name + "\n") line.insert(3, prefix);
    else if (line.starts_with("module " + name + " ")) line.insert(7, prefix);
    else if (instance != std::string::npos && line.starts_with("  ") && std::all_of(&line[2], &line[instance], in_name))
      line.insert(2, prefix);
    out += line;
  }
  return out;
}

}  // namespace

std::string printed_text(const std::string& name, const Options& options) {
  std::string text(template_text(name));
  if (options.reset != hdl::Reset::sync_high) make_active_low(text, options.reset);
  return options.prefix.empty() ? text : prefixed(text, name, options.prefix);
}

std::string printed_text(const hdl::PrintedAs& module, const Options& options) {
  std::string text = printed_text(module.name, options);
  for (const auto& [name, value] : module.parameters) {
    const std::size_t at = text.find("= ", text.find("parameter integer " + name + " ")) + 2;
    text.replace(at, text.find_first_not_of("0123456789", at) - at, std::to_string(value));
  }
  return text;
}

}  // namespace quillgen::emit
