#!/usr/bin/env bash
# tools/setup.sh where packages are missing and no package server can be reached: one line within 10 seconds that says which packages, which server and
# what to do. A server that answers, be it "not found", lets apt-get have its way, and so do sources and packages that are on this machine.
#   no_network.sh TOOLS_FOLDER
set -euo pipefail
tools=$(realpath "$1")
room=$(mktemp -d)
trap 'rm -rf "$room"; [ -z "${server:-}" ] || kill "$server"' EXIT
cd "$room"
command -v apt-get >/dev/null && [ -x /usr/lib/apt/apt-helper ] || { echo 'no apt here'; exit 77; }

# All that setup.sh asks for but doctest; and an apt that says what it was asked instead of doing it, but for the questions that change nothing.
mkdir bin apt apt/lists apt/lists/partial apt/archives apt/archives/partial apt/log
real=$(command -v apt-get)
cat >bin/apt-get <<A
#!/bin/sh
case " \$* " in *' --print-uris '*) exec $real "\$@" ;; esac
echo "\$*" >>"$room/asked"
A
printf '#!/bin/sh\n[ "$1" != -v ] || exit 0\nexec "$@"\n' >bin/sudo
cat >bin/g++ <<'A'
#!/bin/sh
! grep -q doctest
A
for tool in meson ninja cmake pkg-config verilator; do printf '#!/bin/sh\n' >bin/$tool; done
chmod +x bin/*
cat >apt.conf <<A
Dir::Etc::sourcelist "$room/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::parts "/dev/null"; Dir::Etc::trusted "/dev/null";
Dir::State "$room/apt"; Dir::State::status "/dev/null"; Dir::Cache "$room/apt"; Dir::Log "$room/apt/log"; Debug::NoLocking "true"; Acquire::http::Proxy "DIRECT";
A

failed=0
# expect NAME SOURCES STATUS PATTERN: runs setup.sh with these sources of apt; STATUS 2 is one line on stderr that matches PATTERN, STATUS 0 asks for doctest.
expect() {
  local name=$1 sources=$2 status=0 start=$SECONDS
  printf '%s\n' "$sources" >sources.list
  rm -f asked
  env -u http_proxy -u https_proxy -u ALL_PROXY APT_CONFIG="$room/apt.conf" PATH="$room/bin:$PATH" bash "$tools/setup.sh" >out 2>err || status=$?
  local seconds=$((SECONDS - start)) wrong=
  [ "$status" -eq "$3" ] || wrong="status $status, not $3"
  [ "$seconds" -lt 10 ] || wrong="took $seconds s"
  if [ "$3" -eq 2 ]; then
    [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ] && grep -q "setup.sh: missing: doctest-dev .*no package server can be reached (.*$4.*): connect" err || wrong=${wrong:-message}
    [ ! -e asked ] || wrong='apt-get was run'
  else
    grep -q -- '-o DPkg::Lock::Timeout=300 install .*doctest-dev' asked 2>/dev/null || wrong='apt-get was not run, or does not wait for its lock'
  fi
  echo "$name: ${wrong:-as expected}, $seconds s"
  [ -z "$wrong" ] || { failed=1; cat out err; }
}

# Ports: one refuses, one takes calls and never answers, one says 404 to all.
cat >server.py <<'P'
import http.server, socket, sys, threading
silent = socket.socket()
silent.bind(("127.0.0.1", 0))
silent.listen(50)
class NotFound(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(404)
    def log_message(self, *_): pass
web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NotFound)
refusing = socket.socket()
refusing.bind(("127.0.0.1", 0))  # and does not listen
print(refusing.getsockname()[1], silent.getsockname()[1], web.server_port, flush=True)
web.serve_forever()
P
python3 server.py >ports &
server=$!
until [ -s ports ]; do kill -0 "$server"; sleep 0.1; done
read -r refuses silent answers <ports
at() { echo "deb [trusted=yes] $1 stable main"; }

expect 'a server that refuses' "$(at "http://127.0.0.1:$refuses/debian")" 2 "127.0.0.1:$refuses: Could not connect.*refused"
expect 'a name that nobody knows, and a server that never answers' "$(at http://no.such.host.invalid/debian; for n in 1 2 3; do at "http://127.0.0.1:$silent/$n"; done)" 2 \
  "127.0.0.1:$silent: no answer in 6 s.*no.such.host.invalid: .*resolv"
expect 'one of two servers answers' "$(at "http://127.0.0.1:$refuses/debian"; at "http://127.0.0.1:$answers/debian")" 0
mkdir -p mirror/dists/stable/main/binary-amd64
expect 'a local archive' "$(at "file:$room/mirror")" 0
if unshare -rn true 2>/dev/null; then
  echo 'deb [trusted=yes] http://deb.debian.org/debian stable main' >sources.list
  status=0
  start=$SECONDS
  APT_CONFIG="$room/apt.conf" PATH="$room/bin:$PATH" unshare -rn bash "$tools/setup.sh" >out 2>err || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && [ $((SECONDS - start)) -lt 10 ] && grep -q 'deb.debian.org: ' err || { echo 'without a network:'; cat out err; failed=1; }
  echo "no network at all: $((SECONDS - start)) s"
fi
exit "$failed"
