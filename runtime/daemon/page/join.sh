#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Joins the page from its parts into one file, and writes a C++ file with its text and the hashes of its style and script, by which the
# Content-Security-Policy allows these two and nothing else.
# usage: join.sh OUTPUT.html OUTPUT.cc
set -euo pipefail
page=${1:?output file} code=${2:?output file for the compiler}
cd "$(dirname "$0")"

# In this order: a part uses names of those before it when it is evaluated. app.js starts the page.
styles=(theme frame graph table detail)
scripts=(elements format verdicts source domains store filter filter_bar virtual_rows tree_rows tree_column links graph_view table_view
  detail_parts detail health theme keys app)

parts() { # folder, extension, name...
  local folder=$1 extension=$2 name
  shift 2
  echo
  for name in "$@"; do cat "$folder/$name.$extension"; done
}
hash_of() { sha256sum | cut -d' ' -f1 | tr a-f A-F | basenc --base16 --decode | basenc --base64; }

# With a mark at the end, because $() removes line ends, and the hash covers them.
style=$(parts css css "${styles[@]}"; echo .) style=${style%.}
script=$(parts js js "${scripts[@]}"; echo .) script=${script%.}
template=$(cat page.html; echo .) template=${template%.}
case "$style$script" in *'</'* | *'<!--'*) echo "join.sh: a part contains '</' or '<!--'" >&2; exit 1 ;; esac

{
  printf '%s' "${template%%@STYLE@*}" "$style"
  rest=${template#*@STYLE@}
  printf '%s' "${rest%%@SCRIPT@*}" "$script" "${rest#*@SCRIPT@}"
} >"$page"
# A string literal of limited length is portable, so the text is in pieces; the compiler joins them.
{
  cat <<'END'
// Made by join.sh.
#include "daemon/page/page_content.h"

namespace namegate::daemon {

#pragma GCC diagnostic ignored "-Woverlength-strings"
END
  printf 'std::string_view page_style_hash() { return "sha256-%s"; }\n' "$(printf '%s' "$style" | hash_of)"
  printf 'std::string_view page_script_hash() { return "sha256-%s"; }\n' "$(printf '%s' "$script" | hash_of)"
  printf 'std::string_view page_html() {\nreturn\n'
  sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' "$page"
  printf ';\n}\n\n}  // namespace namegate::daemon\n'
} >"$code"
