# Sourced by demo, test and bench: makes .venv ready and puts it on PATH, or ends in one sentence.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
mkdir -p build
PATH=$root/.venv/bin:$PATH:$root/build/uv/bin
# Else each process compiles all the Python that it imports, which takes a second, and the tests start hundreds.
unset PYTHONDONTWRITEBYTECODE

stop() {
    echo "ohmgrad: $1" >&2
    exit 1
}

# Installs packages of Debian and Ubuntu where we may.
apt_install() {
    local as_root=()
    local advice="please install $* (on Debian or Ubuntu: sudo apt-get install $*) and run this again."
    command -v apt-get >/dev/null || stop "$advice"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || stop "$advice"
        as_root=(sudo -n)
    fi
    echo "set-up: installing $*" >&2
    {
        "${as_root[@]}" apt-get update &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    } >build/apt.log 2>&1 </dev/null || stop "apt-get failed, as build/apt.log says: $advice"
}

have_uv() { uv --version >/dev/null 2>&1; }

# Debian's python3 comes without ensurepip, so without venv; pip is the other way to fetch uv.
can_fetch_uv() { python3 -c 'import ensurepip' 2>/dev/null || python3 -m pip --version >/dev/null 2>&1; }

# Into build/, so that the user's own Python stays as it is.
fetch_uv() {
    echo "set-up: fetching uv into build/uv" >&2
    {
        { python3 -m venv --clear build/uv && build/uv/bin/python -m pip install uv; } ||
            { rm -rf build/uv && python3 -m pip install --target build/uv uv; }
    } >build/uv.log 2>&1 || stop "uv could not be fetched, as build/uv.log says: please install it (https://docs.astral.sh/uv) and run this again."
}

# Installs exactly what uv.lock names. Plain `uv sync --locked` refuses where the machine's package index is a mirror,
# since the lock names pypi.org. So the lock is checked against pyproject.toml as it is written, without network, and
# the packages then come from whatever index this machine uses, each checked against its hash in the lock.
install_packages() {
    echo "set-up: installing Python packages into .venv" >&2
    uv export --quiet --no-config --offline --default-index https://pypi.org/simple \
        --locked --all-extras --no-extra torch --output-file build/requirements.txt >build/uv.log 2>&1 ||
        stop "uv.lock does not fit pyproject.toml: please run 'uv lock' and then this again."
    uv venv --quiet --allow-existing .venv && uv pip sync --python .venv build/requirements.txt ||
        stop "the Python packages could not be installed, as uv says above: please check the network and run this again."
    # cocotb embeds Python in the simulator, and Debian packs its shared library apart from python3.
    [ -n "$(python -m find_libpython)" ] ||
        apt_install "libpython$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
}

# Something was installed or removed since if site-packages is newer than the stamp.
stamp=$(echo "$root" | cat - pyproject.toml uv.lock scripts/setup.sh | sha256sum)
ready() {
    [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ] && .venv/bin/python -c '' 2>/dev/null &&
        [ -z "$(find .venv/lib/*/site-packages -maxdepth 0 -newer .venv/stamp)" ]
}

missing=()
for tool in g++ make; do
    command -v $tool >/dev/null || missing+=($tool)
done
# Debian's perl-base is a perl without the modules that Verilator's front end uses.
perl -MFindBin -MPod::Usage -e1 2>/dev/null || missing+=(perl)
ready || have_uv || can_fetch_uv || missing+=(python3-venv)
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
if ! ready; then
    have_uv || fetch_uv
    install_packages
    mkdir -p "$(echo .venv/lib/*/site-packages)/__pycache__" # made later, it would look like a change
    echo "$stamp" >.venv/stamp
fi
