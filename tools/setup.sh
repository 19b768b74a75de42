#!/usr/bin/env bash
# Installs, with apt-get, what is missing for building and simulating. Silent when nothing is.
#   tools/setup.sh            for `quillgen` and its simulators
#   tools/setup.sh --tests    and for lint and the tests
#   tools/setup.sh --area     and for area and timing
#   tools/setup.sh --slurm    and for the test of sweeps on a cluster
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

missing=()
# need PACKAGE COMMAND...: the package is missing when the command fails.
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
header() { printf '#include <%s>\n' "$1" | g++ -E -x c++ -; }

need g++ command -v g++
need meson command -v meson
need ninja-build command -v ninja
need cmake command -v cmake # finds doctest for Meson
need pkg-config command -v pkg-config
need libfmt-dev pkg-config --exists fmt
need libcli11-dev header CLI/CLI.hpp
need nlohmann-json3-dev header nlohmann/json.hpp
need doctest-dev header doctest/doctest.h
need verilator command -v verilator
need zlib1g-dev header zlib.h # waveforms
case "${1:-}" in
  '') ;;
  --tests)
    need iverilog command -v iverilog
    need yosys command -v yosys
    ;;
  --area)
    need yosys command -v yosys
    need opensta command -v sta
    need qflow-tech-osu018 test -f /usr/share/qflow/tech/osu018/osu018_stdcells.lib # standard cells, 180 nm
    ;;
  --slurm)
    need slurm-wlm test -x /usr/sbin/slurmctld
    need munge test -x /usr/sbin/munged
    ;;
  *) die "unknown option $1; there are --tests, --area and --slurm" ;;
esac
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || die "missing: ${missing[*]} (names of Debian packages); there is no apt-get here, install them yourself"
become=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "missing: ${missing[*]}; neither root nor sudo: have somebody run apt-get install ${missing[*]}"
  become=(sudo)
fi
say "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { ${become[@]+"${become[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null; }
install() { apt install -y --no-install-recommends "${missing[@]}"; }
# An old or empty package list makes the first try fail; only then is a new one fetched.
install || { apt update && install; } || { cat "$log" >&2; die "apt-get could not install ${missing[*]}"; }
