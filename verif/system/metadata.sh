#!/usr/bin/env bash
# The files for other tools: metadata.py on folders of several kinds.   metadata.sh QUILLGEN METADATA_PY
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" generate --preset nano --out "$folder/nano" >/dev/null
"$1" generate --preset nano --out "$folder/left" --prefix left_ --set implementation.reset=async_low --set implementation.clock_gating=true >/dev/null
"$1" generate --preset detector --out "$folder/detector" --set implementation.reset=sync_low >/dev/null
"$1" generate --preset defa --out "$folder/defa" >/dev/null
python3 "$2" "$folder"/{nano,left,detector,defa}
