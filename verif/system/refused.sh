#!/usr/bin/env bash
# What the compiler must refuse in the language of netlists, and with which words.
#   refused.sh SOURCE COMPILER...
set -euo pipefail
source=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0 cases=0

# refused NAME MESSAGE < CODE: the code, behind the include and `using namespace`, does not compile, and the compiler says MESSAGE.
# MESSAGE "": it does compile.
refused() {
  { printf '#include "hdl/build.hpp"\nusing namespace quillgen::hdl;\n'; cat; } >"$folder/$1.cpp"
  cases=$((cases + 1))
  if "$compiler" "${flags[@]}" -std=c++20 -fsyntax-only -I "$source/generator" "$folder/$1.cpp" 2>"$folder/log"; then
    [ -z "$2" ] || { echo "$1: compiles"; status=1; }
  elif [ -z "$2" ] || ! grep -qF -- "$2" "$folder/log"; then
    echo "$1: refused, but not for \"$2\":" && head -n 20 "$folder/log"
    status=1
  fi
}
compiler=$1
flags=("${@:2}")

refused complete '' <<'END'
struct Pixel { UInt x{4}, y{4}; Bool last; QUILLGEN_FIELDS(x, y, last) };
void build(Module& m) { output(m, "pixel", input(m, "in", Pixel())); }
END
refused field_left_out 'QUILLGEN_FIELDS lists every member of its struct, once' <<'END'
struct Pixel { UInt x{4}, y{4}; Bool last; QUILLGEN_FIELDS(x, last) };
void build(Module& m) { output(m, "pixel", input(m, "in", Pixel())); }
END
refused list_left_out 'QUILLGEN_FIELDS lists every member of its struct, once' <<'END'
struct Pixel { std::vector<UInt> x; std::optional<Bool> last; QUILLGEN_FIELDS(x) };
void build(Module& m) { output(m, "pixel", input(m, "in", Pixel())); }
END
refused field_that_is_no_handle 'int' <<'END'
struct Pixel { UInt x{4}; long y = 0; QUILLGEN_FIELDS(x, y) };
void build(Module& m) { output(m, "pixel", input(m, "in", Pixel())); }
END
refused build_function '' <<'END'
const Module& build(Design& d, int width) {
  return d.module("m", width, [](Design&, Module& m, const int& w) { output(m, "y", input(m, "x", UInt(w))); });
}
END
refused build_function_that_captures 'no matching' <<'END'
const Module& build(Design& d, int width, int more) {
  return d.module("m", width, [more](Design&, Module& m, const int&) { output(m, "y", input(m, "x", UInt(more))); });
}
END
refused mixed_signs 'operator+' <<'END'
UInt sum(const UInt& a, const SInt& b) { return a + b; }
END
echo "$cases cases"
exit $status
