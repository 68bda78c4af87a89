#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and installs namegate. See `./install.sh --help`.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

usage() {
  cat <<'EOF'
usage: sudo ./install.sh [OPTION...]            build from source and install
       sudo ./install.sh --uninstall [OPTION...]
       ./install.sh --check [OPTION...]         check that the plugins that pods need exist
       sudo ./install.sh --demo                 build, then run a demonstration in private namespaces
       ./install.sh --dependencies build|run|test

Installs these files, each by a rename within its folder. You can install again while pods run: the new daemon takes them
over, and their policy stays in force (docs/upgrade.md).
  PREFIX/sbin/namegated  PREFIX/bin/namegatectl  CNI_BIN/namegate  the systemd unit
  PREFIX/share: the manual pages, and completion for bash, zsh and fish
  /etc/namegate/namegate.yaml (kept if it exists)  /etc/namegate/policies.d/
  and last CNI_CONF/10-namegate.conflist (kept if it exists)

The CNI configuration also names the plugins host-local and portmap, and containerd runs loopback for every pod. Debian's
package containernetworking-plugins installs them in /usr/lib/cni. Plugins that are there but not in CNI_BIN are linked into
CNI_BIN. If a plugin is in neither folder, nothing is installed, because no pod could start.

options
  --prefix DIR         where the programs go (default /usr/local)
  --destdir DIR        prefix of every path, for packaging; starts nothing (default none)
  --cni-bin-dir DIR    the runtime's plugin folder (default /opt/cni/bin)
  --cni-conf-dir DIR   the runtime's configuration folder (default /etc/cni/net.d)
  --no-conflist        do not install a CNI configuration
  --build-dir DIR      install the programs from this folder instead of building them
  --uninstall          remove the installed files, except /etc/namegate. Lists pods that are still enforced and fails,
                       unless --force is given
  --check              print where the plugins are and change nothing; exit code 1 if one is not in CNI_BIN
  --force              with --uninstall: uninstall while pods are enforced. They keep their network and the policy in
                       force until they end, and the plugin stays for their DEL. Run --uninstall again after that
  --dependencies SET   only install the missing Debian packages of SET
  --demo               build, then run the demonstration; leaves nothing behind
  -h, --help           print this text

Debian packages that are missing are installed with apt-get, as root. Exit codes: 0 done, 1 failed, 2 usage.
EOF
}

fail() { echo "install.sh: $*" >&2; exit 1; }

action=install prefix=/usr/local destdir='' cni_bin=/opt/cni/bin cni_conf=/etc/cni/net.d
conflist=yes build_dir='' force=no set_name=''
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix | --destdir | --cni-bin-dir | --cni-conf-dir | --build-dir | --dependencies)
      [ $# -ge 2 ] || { echo "install.sh: $1 needs a value" >&2; exit 2; }
      case "$1" in
        --prefix) prefix=$2 ;;
        --destdir) destdir=$2 ;;
        --cni-bin-dir) cni_bin=$2 ;;
        --cni-conf-dir) cni_conf=$2 ;;
        --build-dir) build_dir=$2 ;;
        --dependencies) action=dependencies set_name=$2 ;;
      esac
      shift
      ;;
    --no-conflist) conflist=no ;;
    --uninstall) action=uninstall ;;
    --force) force=yes ;;
    --check) action=check ;;
    --demo) action=demo ;;
    -h | --help) usage; exit 0 ;;
    *) echo "install.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

# Debian packages by purpose; docs/dependencies.md has the reasons.
build_packages=(
  cmake ninja-build g++ binutils clang-14 llvm-14 bpftool pkg-config libbpf-dev libelf-dev zlib1g-dev libnl-3-dev
  libnl-route-3-dev nlohmann-json3-dev libldns-dev libssl-dev libyaml-cpp-dev libidn2-dev libunistring-dev libsystemd-dev
  libnghttp2-dev libcurl4-openssl-dev libcli11-dev libmicrohttpd-dev prometheus-cpp-dev libpsl-dev
)
run_packages=(nftables)
demo_packages=(iproute2 containernetworking-plugins dnsmasq-base python3)
test_packages=(
  "${demo_packages[@]}" catch2 ccache clang-format clang-tidy clang shellcheck git strace libclang-rt-14-dev
  iputils-ping iptables qemu-system-x86 busybox-static cpio xz-utils containerd runc
  zsh fish mandoc man-db systemd
  prometheus chromium chromium-driver python3-selenium curl wget ethtool openssl gnutls-bin mmdebstrap
  golang-go musl-tools golang-github-appc-cni-dev libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
)

install_packages() { # names
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || fail "missing packages (run as root, or install them): ${missing[*]}"
  echo "installing: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

dependencies() { # build|run|test
  case "$1" in
    build) install_packages "${build_packages[@]}" ;;
    run) install_packages "${run_packages[@]}" ;;
    demo) install_packages "${build_packages[@]}" "${run_packages[@]}" "${demo_packages[@]}" ;;
    test) install_packages "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}" ;;
    *) echo "install.sh: --dependencies must be build, run or test" >&2; exit 2 ;;
  esac
}

build() {
  if [ -z "$build_dir" ]; then
    build_dir=$root/build/release
    (cd "$root" && cmake --preset release -DNAMEGATE_TESTS=OFF -B build/install >/dev/null) || fail "cmake failed"
    build_dir=$root/build/install
    cmake --build "$build_dir" --target namegate namegated namegatectl man completion -- --quiet || fail "the build failed"
  fi
  for program in plugin/namegate runtime/daemon/namegated runtime/ctl/namegatectl; do
    [ -x "$build_dir/$program" ] || fail "$build_dir/$program does not exist"
  done
}

# Replaces a file by a rename, so that readers see either the old or the new one. The ending of the temporary name keeps a runtime
# from reading it as a configuration.
place() { # source target mode
  local target=$destdir$2
  local temporary
  temporary=$(dirname "$target")/.$(basename "$target").new
  mkdir -p "$(dirname "$target")"
  install -m "$3" "$1" "$temporary"
  # Installs programs without debug information, which stays in the build folder.
  [ "$3" != 0755 ] || strip "$temporary"
  mv -f "$temporary" "$target"
}

place_new() { # source target mode: does not overwrite an operator's file
  [ -e "$destdir$2" ] && { echo "kept $destdir$2"; return 0; }
  place "$@"
}

packaged_plugins=/usr/lib/cni plugin_package=containernetworking-plugins

# Prints the plugins that a CNI configuration names, including address plugins, except namegate; and loopback, which
# containerd runs for every pod, whatever the configuration names.
needed_plugins() { # conflist
  { sed -En 's/.*"type": *"([^"]+)".*/\1/p' "$1"; echo loopback; } | grep -vx namegate | sort -u
}

# Prints the path of the operator's CNI configuration, or of ours if there is none.
conflist_in_use() {
  local own=$cni_conf/10-namegate.conflist
  if [ -e "$own" ]; then echo "$own"; else echo "$root/cni-conf/10-namegate.conflist"; fi
}

# Prints where each plugin is. Fails and lists them if some are missing.
find_plugins() { # conflist
  local name missing=()
  for name in $(needed_plugins "$1"); do
    if [ -x "$cni_bin/$name" ]; then
      echo "$name: $cni_bin/$name"
    elif [ -x "$packaged_plugins/$name" ]; then
      echo "$name: $packaged_plugins/$name, not in $cni_bin; install.sh links it, or run: ln -s $packaged_plugins/$name $cni_bin/"
      unlinked+=("$name")
    else
      missing+=("$name")
    fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "install.sh: plugins not found in $cni_bin or $packaged_plugins: ${missing[*]} ($1 names them; containerd runs loopback)" >&2
  echo "  Without them no pod starts. They are in Debian's package $plugin_package: apt-get install $plugin_package" >&2
  return 1
}

unlinked=() # of find_plugins: those of the package that are not in CNI_BIN
link_plugins() {
  local name
  find_plugins "$(conflist_in_use)" >/dev/null || return 1
  for name in "${unlinked[@]}"; do
    mkdir -p "$cni_bin"
    ln -sfn "$packaged_plugins/$name" "$cni_bin/$name"
    echo "linked $cni_bin/$name -> $packaged_plugins/$name"
  done
}

do_check() {
  find_plugins "$(conflist_in_use)" && [ ${#unlinked[@]} = 0 ]
}

has_systemd() { [ -z "$destdir" ] && [ -d /run/systemd/system ]; }

# What goes below PREFIX/share: its file in the build folder, and its name there.
shared_files=(
  runtime/man/namegatectl.1 man/man1/namegatectl.1
  runtime/man/namegate.yaml.5 man/man5/namegate.yaml.5
  runtime/man/namegated.8 man/man8/namegated.8
  runtime/ctl/completion/namegatectl bash-completion/completions/namegatectl
  runtime/ctl/completion/_namegatectl zsh/site-functions/_namegatectl
  runtime/ctl/completion/namegatectl.fish fish/vendor_completions.d/namegatectl.fish
)

place_shared() {
  local i
  for ((i = 0; i < ${#shared_files[@]}; i += 2)); do
    place "$build_dir/${shared_files[i]}" "$prefix/share/${shared_files[i + 1]}" 0644
  done
}

remove_shared() {
  local i
  for ((i = 1; i < ${#shared_files[@]}; i += 2)); do rm -f "$destdir$prefix/share/${shared_files[i]}"; done
}

do_install() {
  [ "$(id -u)" = 0 ] || [ -n "$destdir" ] || fail "run as root, or use --destdir"
  [ -n "$build_dir" ] || dependencies build
  [ -n "$destdir" ] || dependencies run
  # With --destdir a package is built, which is used on another machine: do not check the plugins of this one.
  [ -n "$destdir" ] || [ "$conflist" = no ] || link_plugins || exit 1
  build
  local unit
  unit=$(mktemp)
  sed "s,/usr/local/,$prefix/,g" "$root/cni-conf/namegated.service" >"$unit"
  place "$build_dir/runtime/daemon/namegated" "$prefix/sbin/namegated" 0755
  place "$build_dir/runtime/ctl/namegatectl" "$prefix/bin/namegatectl" 0755
  place_shared
  place "$unit" /etc/systemd/system/namegated.service 0644
  rm -f "$unit"
  mkdir -p "$destdir/etc/namegate/policies.d"
  place_new "$root/cni-conf/namegate.yaml" /etc/namegate/namegate.yaml 0644
  place "$build_dir/plugin/namegate" "$cni_bin/namegate" 0755
  if has_systemd; then
    systemctl daemon-reload
    systemctl enable --quiet namegated.service
    systemctl restart namegated.service
  fi
  # Last, because the runtime starts to use the plugin as soon as this file exists.
  [ "$conflist" = no ] || place_new "$root/cni-conf/10-namegate.conflist" "$cni_conf/10-namegate.conflist" 0644
  echo "installed: $destdir$prefix/sbin/namegated $destdir$prefix/bin/namegatectl $destdir$cni_bin/namegate"
}

# Prints a folder from namegate.yaml, or its default.
setting() { # key default
  local value
  value=$(sed -En "s/^$1: *[\"']?([^\"'# ]+).*/\1/p" /etc/namegate/namegate.yaml 2>/dev/null | tail -1)
  echo "${value:-$2}"
}

pod_of() { # endpoint record
  local pod
  pod=$(sed -En 's/^ *"podNamespace": "(.*)",?$/\1/p' "$1")/$(sed -En 's/^ *"podName": "(.*)",?$/\1/p' "$1")
  # Without a pod name (a container that is not a pod, or an unreadable record), prints the name of the record.
  case $pod in /* | */) basename "$1" .json ;; *) echo "$pod" ;; esac
}

do_uninstall() {
  local records=() record state=/run/namegate pins=/sys/fs/bpf/namegate
  if [ -z "$destdir" ]; then
    state=$(setting stateDir $state) pins=$(setting bpffsDir $pins)
    mapfile -t records < <(find "$state/endpoints" -name '*.json' 2>/dev/null)
  fi
  if [ ${#records[@]} -gt 0 ] && [ $force = no ]; then
    for record in "${records[@]}"; do echo "  $(pod_of "$record")"; done
    fail "${#records[@]} pod(s) above are still enforced; delete them first, or use --force"
  fi
  rm -f "$destdir$cni_conf/10-namegate.conflist"
  if has_systemd; then
    systemctl disable --quiet --now namegated.service 2>/dev/null || true
  fi
  rm -f "$destdir/etc/systemd/system/namegated.service" "$destdir$prefix/sbin/namegated" "$destdir$prefix/bin/namegatectl"
  remove_shared
  if has_systemd; then
    systemctl daemon-reload
  fi
  # Running pods still need the plugin for their DEL, and the pins for their policy.
  if [ ${#records[@]} -gt 0 ]; then
    echo "uninstalled; ${#records[@]} pod(s) keep their policy, and $cni_bin/namegate stays for them; run --uninstall again when they have ended"
    return
  fi
  rm -f "$destdir$cni_bin/namegate"
  [ -n "$destdir" ] || rm -rf "$pins" "$state"
  echo "uninstalled; /etc/namegate was kept"
}

do_demo() {
  [ "$(id -u)" = 0 ] || fail "the demonstration needs root, because it creates network namespaces"
  [ -n "$build_dir" ] || dependencies demo
  build
  exec "$root/cni-conf/demo/run" "$build_dir"
}

case $action in
  install) do_install ;;
  uninstall) do_uninstall ;;
  check) do_check ;;
  dependencies) dependencies "$set_name" ;;
  demo) do_demo ;;
esac
