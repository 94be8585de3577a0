#!/usr/bin/env bash
# Sets up what Headroom needs in this checkout; safe to repeat, and quick when there is nothing to do.
# usage: scripts/setup.sh python|servers|tests     (each includes the ones before it)
set -euo pipefail
cd "$(dirname "$0")/.."
level=${1:-servers}
case $level in python|servers|tests) ;; *) echo "usage: scripts/setup.sh python|servers|tests" >&2; exit 2;; esac

mkdir -p .headroom
exec 9>.headroom/setup.lock
flock 9                                   # two set-ups at once would build one environment twice

say() { printf '%s\n' "$*" >&2; }
is_root() { [ "$(id -u)" = 0 ]; }

# --- Debian packages -----------------------------------------------------------------------------------------
missing=()
need() { missing+=("$1"); }
python=$(command -v python3 || true)
if [ -z "$python" ]; then need python3; need python3-venv
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then need python3-venv; fi
if [ "$level" != python ]; then
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need postgresql
  command -v redis-server >/dev/null || need redis-server
  command -v prometheus >/dev/null || need prometheus
  command -v prometheus-node-exporter >/dev/null || need prometheus-node-exporter
  command -v prometheus-alertmanager >/dev/null || need prometheus-alertmanager
  command -v setpriv >/dev/null || need util-linux
fi
if [ "$level" = tests ]; then
  [ -x /usr/bin/chromium ] || need chromium
  command -v faketime >/dev/null || need faketime
  [ -x /usr/bin/git ] || command -v git >/dev/null || need git
  command -v npm >/dev/null || need npm   # fetches further majors of PostgreSQL, see scripts/postgres-servers.sh
  command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || need pgbouncer
  command -v prometheus-postgres-exporter >/dev/null || need prometheus-postgres-exporter
  command -v prometheus-redis-exporter >/dev/null || need prometheus-redis-exporter
fi

policy=/usr/sbin/policy-rc.d
restore_policy() {
  rm -f "$policy"
  [ ! -e "$policy.before-headroom" ] || mv "$policy.before-headroom" "$policy"
}
install_packages() {
  # Debian starts a server as soon as it is installed, on its usual port, unless this script says 101.
  if [ -e "$policy" ]; then mv "$policy" "$policy.before-headroom"; fi
  trap restore_policy EXIT INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o DPkg::Lock::Timeout=300 update
  apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" >.headroom/apt.log 2>&1 || {
    tail -n 20 .headroom/apt.log >&2
    say "Installing ${missing[*]} failed; the end of apt's own words stands above, all of it in .headroom/apt.log."
    exit 1
  }
  restore_policy
  trap - EXIT INT TERM
}
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    say "Missing: ${missing[*]} (Debian's names). This machine has no apt-get; install them its own way, then run this again."
    exit 1
  fi
  if ! is_root; then
    say "Missing: ${missing[*]}. Installing them needs root; run once: sudo apt-get install --no-install-recommends ${missing[*]}"
    exit 1
  fi
  say "Installing ${missing[*]} from Debian's packages ..."
  install_packages
  python=$(command -v python3)
fi
if [ "$level" = tests ]; then
  scripts/newer-servers.sh
  scripts/postgres-servers.sh
  scripts/redis-servers.sh
fi

# --- Python --------------------------------------------------------------------------------------------------
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "Python 3.11 or newer is needed; $("$python" --version) is what python3 is here."
  exit 1
}
requirements=(-r requirements.txt)
[ "$level" = tests ] && requirements+=(-r requirements-dev.txt)
stamp=".venv/headroom-$([ "$level" = tests ] && echo tests || echo run)"
wanted=$(cat requirements.txt requirements-dev.txt pyproject.toml "$0" | sha256sum; "$python" --version; pwd)
done_already() { [ -f "$1" ] && [ "$(cat "$1")" = "$wanted" ]; }
if done_already "$stamp" || done_already .venv/headroom-tests; then exit 0; fi

say "Setting up the Python environment in .venv ..."
if ! { [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }; then
  rm -rf .venv
  "$python" -m venv .venv
fi
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv 2>.headroom/pip.log || {
  tail -n 5 .headroom/pip.log >&2
  say "uv could not be installed from the Python package index; is the network there?"
  exit 1
}
# uv does not read pip's settings: a mirror that pip was told of would be passed by.
index=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
.venv/bin/uv pip install --quiet --compile-bytecode "${requirements[@]}" --python .venv/bin/python
.venv/bin/uv pip install --quiet --no-deps --editable . --python .venv/bin/python
printf '%s' "$wanted" >"$stamp"
