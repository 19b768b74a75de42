// Names of constants, in Verilog and in C, are in capitals.
#pragma once
#include <cctype>
#include <string>

namespace quillgen::hdl {

inline std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace quillgen::hdl
