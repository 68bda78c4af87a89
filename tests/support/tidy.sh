#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy on the shipped code. Checks a file again only if the file, a header or the rules changed.
# The static analyser takes three quarters of the time, so it looks only at code that reads untrusted bytes or handles raw memory;
# the sanitizers watch the rest while the tests run.
# usage: tidy.sh BUILD_FOLDER
set -u
build=$(cd "${1:?build folder with compile_commands.json}" && pwd)
cd "$(dirname "$0")/../.." || exit 2
stamps=$build/tidy
mkdir -p "$stamps"
# Without precompiled headers, which clang-tidy would read whole for each file. So every file is also compiled once with only
# the headers that it includes itself.
sed 's/ -Winvalid-pch -Xclang -include-pch -Xclang [^ ]* -Xclang -include -Xclang [^ ]*//' "$build/compile_commands.json" >"$stamps/compile_commands.json"
headers=$(git ls-files 'runtime/*.h' 'plugin/*.h' .clang-tidy tests/support/tidy.sh | xargs cat | sha256sum | cut -c1-16)

check() { # file headers stamps
  local stamp checks='-clang-analyzer-*'
  case "$1" in
    plugin/* | runtime/base/* | runtime/cni/* | runtime/containerd/* | runtime/datapath/* | runtime/dns/* | runtime/kubernetes/* | runtime/netlink/* | \
      runtime/daemon/dns/* | runtime/daemon/http/* | runtime/daemon/socket/*) checks= ;;
  esac
  stamp=$3/$(cat "$1" - <<<"$2" | sha256sum | cut -c1-24)
  [ -e "$stamp" ] && return 0
  clang-tidy --quiet --checks="$checks" -p "$3" "$1" 2>/dev/null && touch "$stamp"
}
export -f check
git ls-files 'runtime/*.cc' 'plugin/*.cc' | xargs -P 2 -I{} bash -c 'check "$@"' _ {} "$headers" "$stamps"
