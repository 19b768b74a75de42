#!/usr/bin/env bash
# The reference output in rtl_out/nano is what `generate` writes today, byte for byte.   rtl_out.sh QUILLGEN RTL_OUT
set -euo pipefail
quillgen=$1 rtl_out=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" generate --preset nano --out "$folder/nano"
diff -r "$rtl_out/nano" "$folder/nano" || {
  echo 'rtl_out/nano is not current: look at the difference, then run tools/update_rtl_out.sh' >&2
  exit 1
}
echo "$(find "$rtl_out/nano" -type f | wc -l) files equal"
