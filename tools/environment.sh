# Sourced by the scripts beside it: the folder of the project in $root, and an environment that works even when nothing is set (env -i).
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export LANG="${LANG:-C.UTF-8}"
# ccache keeps what is compiled with a precompiled header only if it is told so. No file has __DATE__ or the like in it.
export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Simulators are cached below HOME; without one, in the build folder.
if [ -z "${HOME:-}" ]; then
  export HOME="$root/build/home"
  mkdir -p "$HOME"
fi

say() { printf '== %s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

# watched WHAT COMMAND..: runs the command, and shows meanwhile that it works: seconds so far and what the function WHAT prints. On a terminal that is a
# line that overwrites itself, elsewhere a line every `beat` seconds.
beat=${QUILLGEN_BEAT:-15}
watched() {
  local what=$1 status=0 watcher
  shift
  watch_until_gone "$what" &
  watcher=$!
  "$@" || status=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  [ ! -t 2 ] || printf '\r\033[K' >&2
  return "$status"
}
watch_until_gone() {
  local seconds=0
  while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    seconds=$((seconds + 1))
    if [ -t 2 ]; then printf '\r\033[K%4d s: %.68s' "$seconds" "$("$1")" >&2
    elif [ $((seconds % beat)) -eq 0 ]; then printf '%4d s: %s\n' "$seconds" "$("$1")" >&2; fi
  done
}

# Configures build/ unless that is done already. Warnings are errors in CI only: a newer compiler has new ones.
configure() {
  [ -f "$root/build/build.ninja" ] && return
  say 'configuring build/'
  local output
  output=$(meson setup ${CI:+--werror} "$root/build" "$root" 2>&1) || {
    printf '%s\n' "$output" >&2
    tested
    die 'meson setup failed'
  }
}

# build [TARGET..]: what is out of date of build/.
build() {
  ninja -C "$root/build" "$@" || {
    tested
    die 'the build failed'
  }
}

# Of a failure: what the project is tested with, and what is here.
tested() {
  local first_line='sed -n 1p'
  {
    printf 'This project is tested with\n'
    sed 's/^/  /' "$root/tools/tested.txt"
    printf 'and here are\n  %s: ' "$(. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-an unknown system}")"
    { "${CXX:-g++}" --version | $first_line; echo "meson $(meson --version)"; verilator --version | $first_line
      for library in fmt CLI11 nlohmann_json; do echo "$library $(pkg-config --modversion "$library")"; done; } 2>&1 | paste -sd, | sed 's/,/, /g'
  } >&2
}
