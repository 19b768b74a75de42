#!/usr/bin/env bash
# What --version and --help say, and what is made of the help: every command has an example that works and shows its defaults; the manual page and the
# completion have every command and option.
#   help.sh QUILLGEN EXAMPLES VERSION MANUAL COMPLETION
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2") version=$3 manual=$(realpath "$4") completion=$(realpath "$5")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/bin" "$room/place"
ln -s "$quillgen" "$room/bin/quillgen"
ln -s "$examples" "$room/place/examples"
PATH="$room/bin:$PATH"
cd "$room/place"
failed=0
wrong() {
  echo "FAILED  $*"
  failed=1
}

quillgen --version >../version
grep -qx "quillgen $version" ../version && grep -qE '^built with (g\+\+|clang) [0-9.]+.* \([a-z]+\), fmt [0-9.]+, CLI11 [0-9.]+, nlohmann-json [0-9.]+$' ../version ||
  wrong "--version: $(cat ../version)"

# The commands, as the help lists them: those of a command after it.
commands_of() { quillgen "$@" --help | sed -n '/^Subcommands:/I,/^$/s/^  \([a-z]*\) .*/\1/p'; }
options_of() { quillgen "$@" --help | sed -n 's/^ \{2,4\}\(-[a-z],\)\?\(--[a-z-]*\).*/\1 \2/p' | tr -s ', ' '\n\n' | grep . | sort -u; }
commands=()
for command in $(commands_of); do
  commands+=("$command")
  for sub in $(commands_of "$command"); do commands+=("$command $sub"); done
done
[ "${#commands[@]}" -ge 11 ] || wrong "only ${#commands[@]} commands: ${commands[*]}"

# What bash would offer after these words.
complete_after() {
  bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _quillgen; printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" quillgen "$@" | sort -u
}
[ "$(complete_after '')" = "$(commands_of | sort)" ] || wrong "completion of commands: $(complete_after '' | tr '\n' ' ')"
[ "$(complete_after explore m)" = merge ] || wrong 'completion of explore merge'
[ "$(complete_after simulate --preset s)" = small ] || wrong 'completion of a preset'
[ "$(complete_after presets n)" = nano ] || wrong 'completion of presets'
[ "$(complete_after generate --preset nano --set gemm.c)" = gemm.columns= ] || wrong 'completion of a field'
[ "$(complete_after generate --set gemm.columns = '')" = '' ] || wrong 'completion of a value'
[ "$(complete_after generate --out '')" = '' ] || wrong 'completion of a folder' # bash then offers files
manual_text=$(sed 's/\\-/-/g' "$manual")

examples_run=0
for command in "" "${commands[@]}"; do
  read -ra words <<<"$command"
  # every option in completion and manual
  options=$(options_of ${words[@]+"${words[@]}"})
  [ "$(complete_after ${words[@]+"${words[@]}"} -)" = "$options" ] || wrong "completion of quillgen $command: $(complete_after ${words[@]+"${words[@]}"} - | tr '\n' ' ')"
  if [ -z "$command" ]; then entry=$(sed -n '/^\.SH OPTIONS/,/^\.SH COMMANDS/p' <<<"$manual_text")
  else entry=$(sed -n "/^\.SS quillgen $command\$/,/^\.S/p" <<<"$manual_text"); fi
  for option in $options; do
    [ -n "$command" ] && [[ $option = --help || $option = -h ]] || grep -qE "^\\\\fB(-h,)?$option\\\\fR" <<<"$entry" || [ "$option" = -h ] || wrong "manual of quillgen $command: no $option"
  done
  [ -n "$command" ] || continue
  longest=$(quillgen "${words[@]}" --help | sed '/^Usage/,/^Example/!d' | awk '{ if (length > n) n = length } END { print n }')
  [ "$longest" -le 120 ] || wrong "help of quillgen $command has a line of $longest columns"
  # its examples: each is a line that works
  mapfile -t lines < <(quillgen "${words[@]}" --help | sed -n '/^Examples\?:$/,$s/^  \(quillgen .*\)/\1/p')
  [ "${#lines[@]}" -gt 0 ] || wrong "help of quillgen $command: no example"
  for line in "${lines[@]}"; do
    [[ $line = "quillgen $command"* || $command = 'explore merge' ]] || wrong "example of another command than $command: $line"
    [ "$(grep -cxF "$line" <<<"$manual_text")" -ge 1 ] || [[ $line = *examples/* ]] || wrong "manual: no example $line"
    if ! bash -c "$line" >../out 2>&1; then
      wrong "$line"
      tail -n 5 ../out
    fi
    examples_run=$((examples_run + 1))
  done
done
[ -s estimate.html ] && [ -s order.svg ] && [ -s layer.safetensors ] && [ -s merged/explore.json ] && [ -s rtl/files.f ] || wrong 'the examples did not write what they name'

# COMMAND OPTION DEFAULT: shown in the help.
while read -r command option default; do
  entry=$(quillgen $command --help | awk -v option="$option" '/^ ? ? ? ?-/ { in_it = $1 == option } in_it' | tr -s ' \n' ' ')
  [[ $entry = *[\(\ ]"default $default) "* ]] || wrong "quillgen $command --help: no default $default of $option: $entry"
done <<'D'
simulate --seed 1
simulate --stall 0
simulate --latency what the configuration says
estimate --latency what the configuration says
estimate --scale 1
trace --image that of the model
workload --queries those of the model
workload --seed 1
explore --objectives cycles,area
pack --base 0x0
pack --scenes 0:1
explore --weights 1,15,20
explore --shards 16
explore --jobs all CPUs
D

# The manual page is sound, and what an installation needs is said there.
if command -v groff >/dev/null; then
  complaints=$(groff -man -ww -z -Tutf8 "$manual" 2>&1)
  [ -z "$complaints" ] || wrong "groff: $complaints"
fi
if command -v man >/dev/null; then
  complaints=$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$manual" 2>&1 >/dev/null || true)
  [ -z "$complaints" ] || wrong "man: $complaints"
fi
grep -q '/quillgen/examples/official_test_shapes.safetensors' <<<"$manual_text" || wrong 'manual: the examples are not in the installation'
for section in NAME SYNOPSIS DESCRIPTION OPTIONS COMMANDS 'EXIT STATUS' ENVIRONMENT FILES; do
  grep -qx ".SH $section" "$manual" || wrong "manual: no section $section"
done
[ "$failed" -eq 0 ] && echo "${#commands[@]} commands, $examples_run examples run"
exit "$failed"
