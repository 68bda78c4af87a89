#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints what https://HOST:PORT/ returns, by a TLS library's own client. usage: fetch.sh openssl|gnutls URL
host=${2#https://}
host=${host%/}
request() {
  printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$host"
  sleep 2 # a client ends when its input does, also without a response
}
case "$1" in
  openssl) request | timeout 6 openssl s_client -quiet -connect "$host" -servername "${host%:*}" 2>&1 ;;
  gnutls) request | timeout 6 gnutls-cli --no-ca-verification --logfile=/dev/null -p "${host#*:}" "${host%:*}" 2>&1 ;;
esac
