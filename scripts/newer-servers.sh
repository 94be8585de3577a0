#!/usr/bin/env bash
# Fetches newer servers for the tests than this Debian has, out of the packages of its later suites, and leaves the
# system alone: lists, packages and binaries stay in .headroom/servers/SUITE. Needs no root; safe to repeat.
# usage: scripts/newer-servers.sh     (HEADROOM_DEBIAN_ARCHIVE names the archive where apt's own sources do not)
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A packages=(
  [trixie]="prometheus"
  [forky]="prometheus victoria-metrics"
)
servers=$PWD/.headroom/servers
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

# What stands in the stamp: a suite is fetched anew when this script wants something else of it.
wanted() { printf '%s: %s\n' "$1" "${packages[$1]}"; sha256sum <"$0"; }
done_already() {
  [ "$(cat "$servers/$1/stamp" 2>/dev/null)" = "$(wanted "$1")" ] || return 1
  local package
  for package in ${packages[$1]}; do [ -x "$servers/$1/$package" ] || return 1; done
}

# The archive that this system's own packages come from, as apt's sources spell it: the first that is one of Debian's
# suites and neither its security archive nor somebody else's. Both forms, one "URI SUITE" per line.
archive() {
  local files=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || files+=("$file")
  done
  [ ${#files[@]} -gt 0 ] || return 0
  awk '
    function told(uri, suite) {
      if (uri ~ /^(https?|file|copy|mirror.*):/ && suite ~ /^(bookworm|trixie|forky|sid|stable|testing|unstable)$/) print uri
    }
    function stanza() { if (off == 0) for (s in suites) told(uri, suites[s]); uri = ""; split("", suites); off = 0 }
    FNR == 1 { stanza() }
    FILENAME ~ /\.list$/ {
      sub(/#.*/, ""); sub(/\[[^]]*\]/, "")
      if ($1 == "deb") told($2, $3)
      next
    }
    /^[ \t]*$/ { stanza(); next }
    tolower($1) == "uris:" { uri = $2 }
    tolower($1) == "suites:" { for (n = 2; n <= NF; n++) suites[n] = $n }
    tolower($1) == "enabled:" { off = tolower($2) == "no" }
    END { stanza() }
  ' "${files[@]}" | head -n 1
}

fetch() {
  local suite=$1 uri=$2 work deb
  work=$(mktemp -d "$servers/$suite.new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{lists/partial,archives/partial,debs,root,done}
  : >"$work/status"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$work/sources.list"
  local apt=(apt-get -qq
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache::Archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)"
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=30
    -o APT::Update::Error-Mode=any)
  "${apt[@]}" update >"$work/log" 2>&1 || failed "$suite" "the list of its packages could not be read" "$work/log"
  # shellcheck disable=SC2086  # several packages are several words
  (cd "$work/debs" && "${apt[@]}" download ${packages[$suite]} >"$work/log" 2>&1) ||
    failed "$suite" "${packages[$suite]// / or } could not be fetched" "$work/log"
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
  local package
  for package in ${packages[$suite]}; do
    "$work/root/usr/bin/$package" --version >"$work/log" 2>&1 ||
      failed "$suite" "its $package does not run on this system" "$work/log"
    mv "$work/root/usr/bin/$package" "$work/done/"
  done
  # Not every binary knows its own version.
  for deb in "$work"/debs/*.deb; do dpkg-deb -W --showformat='${Package} ${Version}\n' "$deb"; done >"$work/done/versions"
  wanted "$suite" >"$work/done/stamp"
  rm -rf "${servers:?}/$suite"
  mv "$work/done" "$servers/$suite"
  rm -rf "$work"
  trap - EXIT
}

failed() {
  tail -n 5 "$3" >&2
  give_up "Newer servers for the tests: of Debian's suite $1, $2. The reason stands above; is the network there, and is $1 still in the archive that HEADROOM_DEBIAN_ARCHIVE or apt's sources name?"
}

missing=()
for suite in trixie forky; do done_already "$suite" || missing+=("$suite"); done
[ ${#missing[@]} -gt 0 ] || exit 0

mkdir -p "$servers"
exec 8>"$servers/lock"
flock 8                                   # two at once would fetch everything twice
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || give_up "The tests run newer servers out of Debian's packages, and this machine has no $tool; run them on Debian."
done
[ -f "$keyring" ] || give_up "$keyring is missing, without which no package of Debian can be trusted; install debian-archive-keyring."
uri=${HEADROOM_DEBIAN_ARCHIVE:-$(archive)}
[ -n "$uri" ] || give_up "None of apt's sources is an archive of Debian; name one in HEADROOM_DEBIAN_ARCHIVE."
for suite in "${missing[@]}"; do
  ! done_already "$suite" || continue     # another run was faster
  say "Fetching ${packages[$suite]// / and } of Debian's suite $suite for the tests ..."
  fetch "$suite" "$uri"
done
