#!/bin/sh
# make_venv.sh DIRECTORY EXTRAS: build a fresh virtual environment with this project in it, editable.
set -eu

directory=$1
extras=$2
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1

# A version manager leaves names on the PATH that do not run: only what answers counts.
new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

python=
for name in ${PYTHON3:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if new_enough "$name"; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "No Python of version 3.11 or later on the PATH. Install one, or name it: make PYTHON3=/path/to/python3 ..." >&2
    exit 1
fi

echo "Building $directory with $("$python" --version); this takes a minute or two, once."
rm -rf "$directory"
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$directory"
    pip() { "$directory/bin/python" -m pip "$@"; }
elif "$python" -m pip --version >/dev/null 2>&1; then
    # A bare Debian has no ensurepip: the pip outside installs into the environment.
    "$python" -m venv --without-pip "$directory"
    pip() { "$python" -m pip --python "$directory/bin/python" "$@"; }
else
    echo "This Python has neither ensurepip nor pip. Install one of them (on Debian: python3-venv)." >&2
    exit 1
fi
pip install --quiet --editable ".[$extras]"
