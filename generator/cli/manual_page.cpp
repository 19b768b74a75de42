#include "cli/manual_page.hpp"

#include <fmt/core.h>

#include <sstream>

#include "cli/version.hpp"

namespace quillgen::cli {
namespace {

/// As text of roff: its escapes, and no request at the beginning of a line.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else out += c;
  }
  return out;
}

std::string paragraph(const std::string& heading, const std::string& text) {
  return fmt::format(".TP\n{}\n{}\n", heading, roff(text));
}

std::string option_entry(const OptionHelp& option) {
  return paragraph(fmt::format("\\fB{}\\fR{}", roff(option.name),
                               option.takes_value() ? " \\fI" + roff(option.values) + "\\fR" : ""),
                   option.text);
}

/// The lines of a command's examples, those of the project's folder in `folder`.
std::string example_lines(const CommandHelp& command, const std::string& folder) {
  std::istringstream footer(command.footer);
  std::string out, line;
  for (std::getline(footer, line); std::getline(footer, line);) {
    const auto here = example("");
    for (auto at = line.find(here); at != std::string::npos; at = line.find(here, at + folder.size() + 1))
      line.replace(at, here.size(), folder + "/");
    out += roff(line.substr(line.find_first_not_of(' '))) + "\n";
  }
  return out.empty() ? out : ".PP\n.nf\n" + out + ".fi\n";
}

}  // namespace

std::string manual_page(const std::vector<CommandHelp>& commands, const std::string& examples) {
  std::string out = fmt::format(
      ".TH QUILLGEN 1 \"\" \"quillgen {}\" \"User Commands\"\n"
      ".SH NAME\nquillgen \\- generates deformable\\-attention accelerators and proves them\n"
      ".SH SYNOPSIS\n.B quillgen\n.I command\n[\\fIoption\\fR ...]\n"
      ".SH DESCRIPTION\n{}\n.SH OPTIONS\n",
      version, roff(commands.front().text));
  for (const auto& command : commands) {
    if (command.name.empty()) {
      for (const auto& option : command.options) out += option_entry(option);
      out += ".SH COMMANDS\n";
      continue;
    }
    out += fmt::format(".SS quillgen {}\n{}\n", command.name, roff(command.text));
    for (const auto& option : command.options)
      if (!option.is_help) out += option_entry(option);
    out += example_lines(command, examples);
  }
  out += ".SH EXIT STATUS\n";
  for (const auto& [status, meaning] : exit_statuses()) out += paragraph(fmt::format("\\fB{}\\fR", status), meaning);
  out += ".SH ENVIRONMENT\n" +
         paragraph("\\fBXDG_CACHE_HOME\\fR",
                   "Simulators are kept in its folder quillgen, so that each is built once; "
                   "without it, in .cache/quillgen of the home folder.") +
         paragraph("\\fBTMPDIR\\fR", "Where files are kept during a run; without it, in /tmp.") +
         paragraph("\\fBPATH\\fR",
                   "Where verilator and g++ are looked for, which build simulators, and iverilog and "
                   "yosys, which lint needs as well.");
  out += ".SH FILES\n" + paragraph("\\fI" + roff(examples) + "\\fR",
                                   "Layers, configurations and memories to begin with, and the JSON Schema of a "
                                   "configuration.");
  out.pop_back();  // the program that prints it ends the line
  return out;
}

}  // namespace quillgen::cli
