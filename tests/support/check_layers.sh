#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails if a folder includes a header that its layer must not use, or a library is used outside its folders. Every build runs
# it.
# usage: check_layers.sh ROOT
set -u
cd "${1:?root of the tree}" || exit 2

# folder: the folders it may include, besides itself and datapath/bpf/abi_limits.h, which has only constants
declare -A may=(
  [base]=""
  [cni]="base" [endpoints]="base" [netlink]="base" [containerd]="base"
  [kubernetes/known]="base" [kubernetes/client]="base policy/documents policy/model/problem.h kubernetes/known"
  [policy/model]="base" [policy/documents]="base policy/model" [policy/compiler]="base policy/model"
  [dns]="base policy/model/domain_pattern.h"
  [datapath]="base policy/model policy/compiler"
  [labels]="base endpoints containerd kubernetes/known"
  [config]="base policy/documents policy/model/dns_queries.h policy/model/domain_pattern.h policy/model/tls_names.h dns labels"
  [api]="base policy/compiler dns"
  [node]="base policy dns endpoints labels kubernetes/known netlink datapath config api"
  [daemon]="base policy dns endpoints labels kubernetes datapath config api node"
  [ctl]="base policy dns config api"
  [man]="base config ctl daemon/command_line.h"
  [rollout]="base cni endpoints config"
)
# library: pattern of its headers | folders and files that may include them
libraries=(
  'yaml-cpp/|policy'
  'ldns/|dns'
  'bpf/|datapath'
  'netlink/[a-z-]*\.h>|netlink'
  'nlohmann/|cni policy endpoints containerd kubernetes api'
  'nghttp2/|containerd'
  'curl/|kubernetes/client'
  '(grpc[a-z]*/|google/|[a-z]*\.pb\.h)|tests'
  'idn2\.h|policy'
  'systemd/|daemon/loop'
  'prometheus/|daemon/metrics'
  'microhttpd\.h|daemon/http'
  'zlib\.h|ctl'
  'libpsl\.h|ctl'
  'CLI/|ctl man rollout daemon/command_line.h'
)

bad=0
report() { printf '%s\n' "$*"; bad=1; }

check_file() { # file folder
  local file=$1 folder=$2 line included ok allowed
  while IFS= read -r line; do
    included=$(sed -E 's/^[0-9]+:#include "([^"]+)".*/\1/' <<<"$line")
    case "$included" in "$folder"/* | abi.h | abi_events.h | abi_limits.h | ng_hash.h | reasons.def | datapath/bpf/abi_limits.h) continue ;; esac
    ok=no
    for allowed in ${may[$folder]}; do
      case "$included" in "$allowed" | "$allowed"/*) ok=yes ;; esac
    done
    [ $ok = yes ] || report "$file:${line%%:*}: runtime/$folder may not include \"$included\""
  done < <(grep -nE '^#include "' "$file")
}

for folder in "${!may[@]}"; do
  [ -d "runtime/$folder" ] || continue
  while IFS= read -r file; do
    check_file "$file" "$folder"
  done < <(find "runtime/$folder" \( -name '*.h' -o -name '*.cc' \) ! -path '*/bpf/*' | sort)
done
while IFS= read -r line; do
  report "$line: the plugin may not include the daemon, the command line, the manual pages or the rollout"
done < <(grep -rnE '^#include "(daemon|ctl|man|rollout)/' plugin --include='*.h' --include='*.cc')

for entry in "${libraries[@]}"; do
  pattern=${entry%|*} folders=" ${entry##*|} "
  while IFS= read -r line; do
    ok=no
    file=${line%%:*}
    for allowed in $folders; do
      case "${file#runtime/}" in "$allowed" | "$allowed"/*) ok=yes ;; esac
    done
    [ $ok = yes ] || report "$line: only these folders may include this library:$folders"
  done < <(grep -rnE "^#include <$pattern" runtime plugin --include='*.h' --include='*.cc')
done
exit $bad
