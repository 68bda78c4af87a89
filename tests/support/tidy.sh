#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy on the shipped code. Checks a file again only if the file, a header or the rules changed.
# The static analyser takes three quarters of the time, so it looks only at code that reads untrusted bytes or handles raw memory;
# the sanitizers watch the rest while the tests run.
# usage: tidy.sh BUILD_FOLDER
set -u
build=$(cd "${1:?folder of the build asan}" && pwd)
cd "$(dirname "$0")/../.." || exit 2
# The commands of a build that compiles each source alone, with only the headers that it includes itself. Nothing is built there:
# generated headers are those of the build.
alone=$build/alone
cmake --preset asan -B "$alone" -DNAMEGATE_UNITY= -DNAMEGATE_PRECOMPILE=OFF -DNAMEGATE_TESTS=OFF >/dev/null || exit 2
sed -i "s# -isystem $alone/# -isystem $build/#g" "$alone/compile_commands.json"
stamps=$build/tidy
mkdir -p "$stamps"
headers=$(git ls-files 'runtime/*.h' 'plugin/*.h' .clang-tidy tests/support/tidy.sh | xargs cat | sha256sum | cut -c1-16)

check() { # file headers stamps commands
  local stamp checks='-clang-analyzer-*'
  case "$1" in
    plugin/* | runtime/base/* | runtime/cni/* | runtime/containerd/* | runtime/datapath/* | runtime/dns/* | runtime/netlink/* | \
      runtime/daemon/dns/* | runtime/daemon/http/* | runtime/daemon/socket/*) checks= ;;
  esac
  stamp=$3/$(cat "$1" - <<<"$2" | sha256sum | cut -c1-24)
  [ -e "$stamp" ] && return 0
  clang-tidy --quiet --checks="$checks" -p "$4" "$1" 2>/dev/null && touch "$stamp"
}
export -f check
git ls-files 'runtime/*.cc' 'plugin/*.cc' | xargs -P 2 -I{} bash -c 'check "$@"' _ {} "$headers" "$stamps" "$alone"
