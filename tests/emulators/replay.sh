#!/usr/bin/env bash
# Recorded traffic of a vendor, sent to its emulator and compared: replay.sh VENDOR FILE [replay options]. See replaying.py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
test -e "$root/.venv/.ready" || make -s -C "$root" .venv/.ready
PYTHONPATH=$root exec "$root/.venv/bin/python" -m tests.emulators.replaying "$@"
