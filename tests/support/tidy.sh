#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy on the shipped code. Checks a file again only if the file, a header or the rules changed.
# usage: tidy.sh BUILD_FOLDER
set -u
build=$(cd "${1:?build folder with compile_commands.json}" && pwd)
cd "$(dirname "$0")/../.." || exit 2
stamps=$build/tidy
mkdir -p "$stamps"
headers=$(git ls-files 'runtime/*.h' 'plugin/*.h' .clang-tidy | xargs cat | sha256sum | cut -c1-16)

check() { # file headers stamps build
  local stamp
  stamp=$3/$(cat "$1" - <<<"$2" | sha256sum | cut -c1-24)
  [ -e "$stamp" ] && return 0
  clang-tidy --quiet -p "$4" "$1" 2>/dev/null && touch "$stamp"
}
export -f check
git ls-files 'runtime/*.cc' 'plugin/*.cc' | xargs -P 2 -I{} bash -c 'check "$@"' _ {} "$headers" "$stamps" "$build"
