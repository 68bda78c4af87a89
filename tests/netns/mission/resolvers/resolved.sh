#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command whose lookups go through a systemd-resolved of its own, which asks the servers of /etc/resolv.conf. To be run in a
# mount namespace of its own. usage: resolved.sh COMMAND...
set -e
servers=$(sed -n 's/^nameserver //p' /etc/resolv.conf | tr '\n' ' ')
others=$(grep -v '^nameserver ' /etc/resolv.conf || true)
mount -t tmpfs none /run
for file in passwd group; do
  cp "/etc/$file" "/run/$file"
done
echo 'systemd-resolve:x:998:998::/:/usr/sbin/nologin' >>/run/passwd
echo 'systemd-resolve:x:998:' >>/run/group
printf 'nameserver 127.0.0.53\n%s\n' "$others" >/run/resolv.conf
for file in passwd group resolv.conf; do
  mount --bind "/run/$file" "/etc/$file"
done
mkdir -p /run/systemd/resolved.conf.d
printf '[Resolve]\nDNS=%s\nLLMNR=no\nMulticastDNS=no\nDNSSEC=no\nCache=no\n' "$servers" >/run/systemd/resolved.conf.d/test.conf
ip link set lo up
/lib/systemd/systemd-resolved 2>/dev/null &
resolved=$!
until grep -q ':0035 ' /proc/net/udp; do sleep 0.05; done
status=0
"$@" || status=$?
kill $resolved
exit $status
