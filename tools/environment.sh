# Sourced by the scripts beside it: the folder of the project in $root, and an environment that works even when nothing is set (env -i).
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export LANG="${LANG:-C.UTF-8}"
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

# Configures build/ unless that is done already. Warnings are errors in CI only: a newer compiler has new ones.
configure() {
  [ -f "$root/build/build.ninja" ] && return
  say 'configuring build/'
  local output
  output=$(meson setup ${CI:+--werror} "$root/build" "$root" 2>&1) || die "meson setup failed:
$output"
}
