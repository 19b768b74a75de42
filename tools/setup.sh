#!/usr/bin/env bash
# Installs, with apt-get, what is missing for building and simulating. Silent when nothing is.
#   tools/setup.sh            for `quillgen` and its simulators
#   tools/setup.sh --tests    and for lint and the tests
#   tools/setup.sh --area     and for area and timing
#   tools/setup.sh --slurm    and for the test of sweeps on a cluster
#   tools/setup.sh --clang    and for a build with clang
#   tools/setup.sh --torch    and for the test of the exporter from PyTorch
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
    need make command -v make # the bench of an output folder
    need yosys command -v yosys
    ;;
  --area)
    need yosys command -v yosys
    need opensta command -v sta
    need qflow-tech-osu018 test -f /usr/share/qflow/tech/osu018/osu018_stdcells.lib # standard cells, 180 nm; Debian 12 has it, 13 no longer
    ;;
  --slurm)
    need slurm-wlm test -x /usr/sbin/slurmctld
    need munge test -x /usr/sbin/munged
    ;;
  --clang)
    # One with std::source_location, which that of Debian 12 by default, 14, has not.
    if [ "$(. /etc/os-release && echo "${VERSION_ID:-}")" = 12 ]; then need clang-16 command -v clang++-16; else need clang command -v clang++; fi
    ;;
  --torch)
    # Debian's Python, whichever else comes first in PATH.
    need python3-torch /usr/bin/python3 -c 'import torch'
    need python3-pip /usr/bin/python3 -c 'import setuptools, wheel, pip'
    ;;
  *) die "unknown option $1; there are --tests, --area, --slurm, --clang and --torch" ;;
esac
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || die "missing: ${missing[*]} (names of Debian packages); there is no apt-get here, install them yourself"
become=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "missing: ${missing[*]}; neither root nor sudo: have somebody run apt-get install ${missing[*]}"
  become=(sudo)
  [ ! -t 2 ] || sudo -v || die "missing: ${missing[*]}; sudo refuses: have somebody run apt-get install ${missing[*]}" # asks before a line overwrites itself
fi
log=$(mktemp)
trap 'rm -rf "$log" "$log".*' EXIT
apt() { ${become[@]+"${become[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null; }
install() { apt install -y --no-install-recommends "${missing[@]}"; }

# Whether a server of apt's sources answers, whatever it answers; if none does within 6 seconds, `silent` says which and why. apt itself would try for
# minutes. True as well where no server is needed: the packages are in apt's cache, or its sources are local.
answering() {
  local uris uri host tries=()
  if uris=$(apt-get install -y --no-install-recommends --print-uris "${missing[@]}" 2>/dev/null) && ! grep -q "^'" <<<"$uris"; then return 0; fi
  uris=$(apt-get update --print-uris 2>/dev/null | sed -n "s/^'\([^']*\/InRelease\)'.*/\1/p")
  if [ ! -x /usr/lib/apt/apt-helper ] || [ -z "$uris" ] || grep -qv '^https\?:' <<<"$uris"; then return 0; fi
  while read -r uri; do
    host=${uri#*://} host=${host%%/*} host=${host##*@}
    [[ " ${tries[*]-} " != *" $host "* ]] || continue
    tries+=("$host")
    LC_ALL=C timeout 6 /usr/lib/apt/apt-helper -o Acquire::Retries=0 download-file "$uri" "$log.$host.got" >"$log.$host.said" 2>&1 </dev/null &
  done <<<"$uris"
  wait
  silent=
  for host in "${tries[@]}"; do
    if [ -s "$log.$host.got" ] || grep -qE '^Get:|  [1-5][0-9][0-9]  ' "$log.$host.said"; then return 0; fi
    silent+="${silent:+; }$host: $(sed -n 's/^E: Failed to fetch [^ ]*  *//p' "$log.$host.said" | grep . || echo 'no answer in 6 seconds')"
  done
  return 1
}
answering || die "missing: ${missing[*]} (Debian packages), and no package server can be reached ($silent): connect to the network, or tell apt of a mirror or proxy, and run this again"

say "installing ${missing[*]} and what they need"
last_line() { tail -n 1 "$log"; }
# An old or empty package list makes the first try fail; only then is a new one fetched.
watched last_line install || { watched last_line apt update && watched last_line install; } ||
  { cat "$log" >&2; die "apt-get could not install ${missing[*]}"; }
