#!/bin/bash
# How long a clean clone builds without a compiler cache, and how long one changed engine file takes to be linked in.
# Targets: 360 s and 15 s on two cores. Ends with 1 when one is missed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export CCACHE_DISABLE=1

seconds() { # runs its arguments, prints how many seconds they took
  local began ended
  began=$(date +%s.%N)
  "$@" >"$place/log" 2>&1 || { tail -40 "$place/log" >&2; exit 2; }
  ended=$(date +%s.%N)
  awk -v a="$began" -v b="$ended" 'BEGIN { printf "%.1f", b - a }'
}

git clone -q "$root" "$place/clone"
cd "$place/clone"
clean=$(seconds sh -c 'cmake --preset release && cmake --build --preset release -j 2')
changed=$(ls src/engine/decide*.cc | head -1)
echo "// touched by the measurement" >>"$changed"
again=$(seconds cmake --build --preset release -j 2)

echo "| what | seconds | target | |"
echo "|---|---|---|---|"
failed=0
row() {
  local verdict=pass
  awk -v v="$2" -v t="$3" 'BEGIN { exit !(v > t) }' && verdict='**FAIL**' && failed=1
  echo "| $1 | $2 | ≤ $3 | $verdict |"
}
row "clean clone, release, no cache" "$clean" 360
row "one engine file ($(basename "$changed")) changed" "$again" 15
exit $failed
