// What a folder of generated RTL says about itself: its files, top module, configuration and taps.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace quillgen::harness {

struct TapField {
  std::string name;
  std::string net;  ///< in the module of the tap
  int width = 1;    ///< bits, 1..64
  bool is_signed = false;
};

/// A stream inside the design; it fires in a cycle in which valid and ready are 1 at the rising edge.
struct Tap {
  std::string stage;
  std::string instance;  ///< path of instance names below the top, with dots; empty for the top itself
  std::string module;
  std::string valid, ready;  ///< nets; an empty name means always 1
  std::vector<TapField> fields;
};

struct Manifest {
  std::string top;
  std::string config;  ///< the full configuration, JSON for parse_config
  std::vector<Tap> taps;
  std::map<std::string, int> ports = {};  ///< of the top: widths in bits, by name
};

/// Parses the text of a manifest.json; `origin` is named in errors. UserError when a field is missing or of the wrong
/// type.
Manifest parse_manifest(const std::string& text, const std::string& origin);

/// Reads FOLDER/manifest.json.
Manifest load_manifest(const std::filesystem::path& folder);

/// The Verilog files named in FOLDER/files.f, one a line, relative to the folder; blank lines and // or # comments are
/// skipped.
std::vector<std::string> load_file_list(const std::filesystem::path& folder);

/// Verilator control file that makes the nets of all taps readable.
std::string tap_control_file(const std::vector<Tap>& taps);

}  // namespace quillgen::harness
