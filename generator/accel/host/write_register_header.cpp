// Writes the C header of the registers to standard output, while the project is built.
#include <fmt/core.h>

#include "accel/host/registers.hpp"

int main() { fmt::print("{}", quillgen::accel::register_header()); }
