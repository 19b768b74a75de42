#!/usr/bin/env bash
# The RTL of a preset passes `quillgen lint`.   lint.sh QUILLGEN PRESET [OPTION OF generate]...
set -euo pipefail
quillgen=$1 preset=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" generate --preset "$preset" "${@:3}" --out "$folder/rtl"
"$quillgen" lint "$folder/rtl"
