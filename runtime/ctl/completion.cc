// SPDX-License-Identifier: Apache-2.0
#include "ctl/completion.h"

namespace namegate::ctl {

namespace {

constexpr std::string_view kBash = R"(# Completion of namegatectl in bash; from: namegatectl completion bash
_namegatectl() {
  local lines line word
  COMPREPLY=()
  mapfile -t lines < <(namegatectl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "${lines[0]-}" = files ]; then
    compopt -o default 2>/dev/null
    return
  fi
  for line in "${lines[@]:1}"; do
    word=${line%%$'\t'*}
    # Where bash splits words at "=", it replaces only what is behind it.
    case $word in --*=*) case ${COMP_WORDS[COMP_CWORD]} in --*) ;; *) word=${word#*=} ;; esac ;; esac
    COMPREPLY+=("$word")
  done
}
complete -F _namegatectl namegatectl
)";

constexpr std::string_view kZsh = R"(#compdef namegatectl
# Completion of namegatectl in zsh; from: namegatectl completion zsh
_namegatectl() {
  local -a lines described
  local line word
  lines=("${(@f)$(namegatectl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == files ]]; then
    _files
    return
  fi
  for line in "${(@)lines[2,-1]}"; do
    word=${line%%$'\t'*}
    described+=("${word//:/\\:}:${line#*$'\t'}")
  done
  _describe -t words namegatectl described
}
if [[ $funcstack[1] == _namegatectl ]]; then
  _namegatectl "$@"
else
  compdef _namegatectl namegatectl
fi
)";

constexpr std::string_view kFish = R"(# Completion of namegatectl in fish; from: namegatectl completion fish
function __namegatectl_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    set -l lines (namegatectl __complete $words[2..-1] "$last" 2>/dev/null)
    if test "$lines[1]" = files
        __fish_complete_path (commandline -ct)
        return
    end
    if set -q lines[2]
        printf '%s\n' $lines[2..-1]
    end
end
complete -c namegatectl -f -a '(__namegatectl_complete)'
)";

}  // namespace

int run_completion(const Context& context) {
    const std::string& shell = context.arguments.operands.front();
    context.out() << (shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
    return kYes;
}

}  // namespace namegate::ctl
