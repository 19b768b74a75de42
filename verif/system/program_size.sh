#!/usr/bin/env bash
# The program is smaller than 45 MB, its files and lines for a debugger included.
#   program_size.sh QUILLGEN
set -euo pipefail
bytes=$(stat -c %s "$1")
echo "$bytes bytes"
[ "$bytes" -lt 45000000 ]
readelf -S "$1" | grep -q '\.debug_line' || { echo 'no lines for a debugger'; exit 1; }
