#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy on the shipped code. Checks a unit again only if a source, a header or the rules changed.
# The checks read several sources at a time, as the build compiles them: most of the time goes into the headers. The static analyser
# sees only the unit's own file, so it reads each source alone. It takes three quarters of the time, so it looks only at code that reads
# untrusted bytes or handles raw memory; the sanitizers watch the rest while the tests run.
# usage: tidy.sh BUILD_FOLDER
set -u
build=$(cd "${1:?folder of the build asan}" && pwd)
cd "$(dirname "$0")/../.." || exit 2
stamps=$build/tidy
mkdir -p "$stamps"
# Without precompiled headers, which clang-tidy would read whole for each unit.
sed 's/ -Winvalid-pch -Xclang -include-pch -Xclang [^ ]* -Xclang -include -Xclang [^ ]*//' "$build/compile_commands.json" >"$stamps/compile_commands.json"
# The commands for each source alone, of a build that is only configured: generated headers are those of the real one.
alone=$build/alone
cmake --preset asan -B "$alone" -DNAMEGATE_UNITY= -DNAMEGATE_PRECOMPILE=OFF -DNAMEGATE_TESTS=OFF >/dev/null || exit 2
sed -i "s# -isystem $alone/# -isystem $build/#g" "$alone/compile_commands.json"
headers=$(git ls-files 'runtime/*.h' 'plugin/*.h' .clang-tidy tests/support/tidy.sh | xargs cat | sha256sum | cut -c1-16)

# The sources of a unit: itself, or those that it includes. None, if it is generated or of the tests.
sources_of() { # unit
  case "$1" in
    */Unity/unity_*) sed -n 's/^#include "\(.*\)"$/\1/p' "$1" ;;
    *) echo "$1" ;;
  esac | grep -E "^$PWD/(runtime|plugin)/"
}

tidy() { # unit, checks, commands, headers, stamps
  local stamp
  stamp=$5/$({ sources_of "$1" | xargs cat; echo "$2 $4"; } | sha256sum | cut -c1-24)
  [ -e "$stamp" ] && return 0
  clang-tidy --quiet --checks="$2" -p "$3" "$1" 2>/dev/null && touch "$stamp"
}
export -f sources_of tidy

units=()
while IFS= read -r unit; do
  [ -z "$(sources_of "$unit")" ] || units+=("$unit")
done < <(sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$stamps/compile_commands.json" | sort -u)
left_out=$(comm -13 <(for unit in "${units[@]}"; do sources_of "$unit"; done | sed "s#^$PWD/##" | sort -u) \
  <(git ls-files 'runtime/*.cc' 'plugin/*.cc' | sort -u))
[ -z "$left_out" ] || { echo "$build does not compile: $left_out"; exit 1; }

status=0
printf '%s\n' "${units[@]}" |
  xargs -P 2 -I{} bash -c 'tidy "$@"' _ {} '-clang-analyzer-*,-bugprone-suspicious-include' "$stamps" "$headers" "$stamps" || status=1
git ls-files 'plugin/*.cc' 'runtime/base/*.cc' 'runtime/cni/*.cc' 'runtime/containerd/*.cc' 'runtime/datapath/*.cc' 'runtime/dns/*.cc' \
  'runtime/kubernetes/client/curl_transport.cc' 'runtime/kubernetes/client/json_text.cc' 'runtime/kubernetes/client/list_reader.cc' \
  'runtime/kubernetes/client/kind_watch.cc' 'runtime/kubernetes/client/kubeconfig.cc' 'runtime/kubernetes/known/decode_*.cc' 'runtime/netlink/*.cc' 'runtime/daemon/dns/*.cc' 'runtime/daemon/http/*.cc' 'runtime/daemon/socket/*.cc' | sed "s#^#$PWD/#" |
  xargs -P 2 -I{} bash -c 'tidy "$@"' _ {} '-*,clang-analyzer-*' "$alone" "$headers" "$stamps" || status=1
[ $status = 0 ]
