#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks that need no compiler: formatting, sizes, layers, rule codes, cited tests, shell scripts. Prints each finding. Exits with 1 if
# there is one.
set -u
cd "$(dirname "$0")/../.." || exit 2
bad=0
report() { printf '%s\n' "$*"; bad=1; }

mapfile -t sources < <(git ls-files 'plugin/*.cc' 'plugin/*.h' 'runtime/*.cc' 'runtime/*.h' 'runtime/*.c' 'tests/*.cc' 'tests/*.h' 'tests/*.c')
clang-format --dry-run --Werror "${sources[@]}" || bad=1
for file in "${sources[@]}"; do
  lines=$(wc -l <"$file")
  [ "$lines" -le 500 ] || report "$file: $lines lines, the limit is 500"
  case "$file" in
    *.cc | *.h) head -3 "$file" | grep -q 'SPDX-License-Identifier' || report "$file: no SPDX line" ;;
  esac
done
tests/support/check_layers.sh . || bad=1

# Every rule code that a file cites, such as D8, must have a heading in docs/semantics.md. Host names (E7.example) and
# hardware addresses (02:E7:00) are not citations.
declare -A rules=()
while IFS= read -r rule; do rules[$rule]=1; done < <(grep -oP '^### \K[DSETV][1-9][0-9]?$' docs/semantics.md)
while IFS=: read -r file line rule; do
  [ -n "${rules[$rule]:-}" ] || report "$file:$line: docs/semantics.md does not define $rule"
done < <(git ls-files -z runtime plugin tests docs ':!tests/fuzz/corpus' |
  xargs -0 grep -nHIoP '(?<![\w.:%/\\+=&#])[DSETV][1-9][0-9]?(?![\w%=]|[.:]\w)')

# Every test that a document cites, as `FILE` "TITLE", must exist. (\x60 is the backtick.)
while IFS=$'\t' read -r place file title; do
  grep -qsF "TEST_CASE(\"$title\"" "$file" || report "$place: $file has no test \"$title\""
done < <(git ls-files -z 'docs/*.md' | xargs -0 grep -nHoP '\x60tests/[^\x60]+\x60 "[^"]+"' |
  sed -E 's/^([^:]+:[0-9]+):\x60(.+)\x60 "(.+)"$/\1\t\2\t\3/')

mapfile -t scripts < <(git ls-files | xargs -r grep -lE '^#!/usr/bin/env bash' 2>/dev/null)
shellcheck "${scripts[@]}" || bad=1
exit $bad
