#!/usr/bin/env bash
# Make this clone ready to work: Python, Java and Maven on the machine, the locked packages in .venv.
#
# Can be run at any time; when nothing changed it ends at once. What is missing is installed with
# apt-get where that is possible, and named with its remedy where it is not.
#   deploy/local/bootstrap.sh [--for-tests]     with the browser that tests need
set -euo pipefail

PROJECT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly PROJECT
readonly VENV="$PROJECT/.venv"
readonly STAMP="$VENV/passage-bootstrap"
readonly MINIMUM_JAVA=17
if [[ ${1:-} == --for-tests ]]; then FOR_TESTS=yes; else FOR_TESTS=no; fi
readonly FOR_TESTS

if [[ -t 1 ]]; then INTERACTIVE=yes; else INTERACTIVE=no; fi
readonly INTERACTIVE

fail() {
  printf '✗ %s\n' "$*" >&2
  exit 1
}

# step "what is done" "what was done" command…: run it, show that it runs and how long it took.
step() {
  local doing=$1 done_text=$2 log started pid
  shift 2
  log=$(mktemp)
  started=$SECONDS
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # Without this a Ctrl-C would leave the command at work in the background.
  trap 'kill "$pid" 2>/dev/null || true; rm -f "$log"; exit 130' INT TERM
  if [[ $INTERACTIVE == yes ]]; then
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r\033[K… %s (%d s)' "$doing" $((SECONDS - started))
      sleep 0.3
    done
    printf '\r\033[K'
  else
    printf '… %s\n' "$doing"
  fi
  if wait "$pid"; then
    printf '✓ %s (%d s)\n' "$done_text" $((SECONDS - started))
    trap - INT TERM
    rm -f "$log"
  else
    printf '✗ %s failed; its last words:\n' "$doing" >&2
    tail -n 20 "$log" | sed 's/^/  /' >&2
    rm -f "$log"
    exit 1
  fi
}

python_fits() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# A Debian python3 without its package python3-venv has venv but not ensurepip.
python_has_venv() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# The first Python that is new enough, preferring one that can make a venv; empty when there is none.
find_python() {
  local candidate fitting=""
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && python_fits "$candidate"; then
      if python_has_venv "$candidate"; then
        command -v "$candidate"
        return
      fi
      fitting=${fitting:-$(command -v "$candidate")}
    fi
  done
  printf '%s' "$fitting"
}

java_fits() {
  local version
  command -v java >/dev/null || return 1
  # 'openjdk version "17.0.15" …'; before Java 9 it began with "1.".
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  [[ -n $version ]] && ((version >= MINIMUM_JAVA))
}

# The Debian packages for the tools that are missing, one a line.
missing_packages() {
  local python
  python=$(find_python)
  if [[ -z $python ]]; then
    printf 'python3\npython3-venv\n'
  elif ! python_has_venv "$python"; then
    printf 'python3-venv\n'
  fi
  java_fits || printf 'default-jre-headless\n'
  command -v mvn >/dev/null || printf 'maven\n'
  # What draws the report's PDF.
  has_library libpangoft2-1.0.so || printf 'libpangoft2-1.0-0\n'
  has_library libharfbuzz-subset.so || printf 'libharfbuzz-subset0\n'
  [[ -n $(find /usr/share/fonts -name 'DejaVuSans.ttf' -print -quit 2>/dev/null) ]] ||
    printf 'fonts-dejavu-core\n'
  # Tests look at the planner's page in a real browser; nothing else needs one.
  [[ $FOR_TESTS == no ]] || command -v chromium >/dev/null || printf 'chromium\n'
}

has_library() { /sbin/ldconfig -p 2>/dev/null | grep -q "$1"; }

describe() {
  case $1 in
    python3) printf 'Python 3.11 or newer' ;;
    python3-venv) printf "Python's venv module" ;;
    default-jre-headless) printf 'Java %s or newer' "$MINIMUM_JAVA" ;;
    maven) printf 'Maven (mvn)' ;;
    libpangoft2-1.0-0) printf 'Pango' ;;
    libharfbuzz-subset0) printf 'HarfBuzz' ;;
    fonts-dejavu-core) printf 'DejaVu fonts' ;;
    chromium) printf 'Chromium' ;;
  esac
}

install_tools() {
  local package names="" as_root=()
  local -a packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  for package in "${packages[@]}"; do
    names+="${names:+, }$(describe "$package")"
  done
  command -v apt-get >/dev/null ||
    fail "Missing: $names. Install with your system's package manager (on Debian: ${packages[*]})."
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "Missing: $names. Run as root: apt-get update && apt-get install ${packages[*]}"
    as_root=(sudo)
    # Ask for the password now, while the terminal is ours.
    sudo -v || fail "Missing: $names. Run as root: apt-get update && apt-get install ${packages[*]}"
  fi
  step "Reading Debian's package lists" "Debian's package lists read" \
    "${as_root[@]}" apt-get update -q
  step "Installing $names" "$names installed" \
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${packages[@]}"
  mapfile -t packages < <(missing_packages)
  for package in "${packages[@]}"; do
    fail "$(describe "$package") is still missing after installing Debian's $package;" \
      "this release of Debian is too old: install a newer one by hand and put it on the PATH."
  done
}

# What .venv was made from. The folder counts, for a venv's scripts hold its path.
fingerprint() {
  printf '%s\n' "$PROJECT"
  (cd "$PROJECT" && sha256sum requirements.lock pyproject.toml)
}

venv_works() {
  [[ -x $VENV/bin/python ]] && "$VENV/bin/python" -m pip --version >/dev/null 2>&1 &&
    python_fits "$VENV/bin/python" && [[ $(head -n 1 "$VENV/bin/pip") == *"$VENV/bin/python"* ]]
}

# Whether there is nothing to do; asks no more than that, to be quick.
is_current() {
  [[ -f $STAMP && $(<"$STAMP") == "$(fingerprint)" ]] &&
    command -v java >/dev/null && command -v mvn >/dev/null &&
    "$VENV/bin/python" -c '' 2>/dev/null
}

make_venv() {
  rm -rf -- "$VENV"
  "$(find_python)" -m venv "$VENV"
}

main() {
  cd "$PROJECT"
  if is_current; then
    return
  fi
  install_tools
  # A stamp that outlived a half-done change would call it done.
  rm -f -- "$STAMP"
  if ! venv_works; then
    step "Making .venv" ".venv made" make_venv
  fi
  step "Installing Python packages" "Python packages installed" \
    "$VENV/bin/python" -m pip install --disable-pip-version-check --require-hashes \
    -r requirements.lock
  step "Installing Passage" "Passage installed" \
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-deps \
    --no-build-isolation -e .
  fingerprint >"$STAMP"
}

main "$@"
