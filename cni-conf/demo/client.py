#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connects like an application: looks up the name, connects, prints the greeting."""
import socket
import sys

host, port = sys.argv[1], 80
try:
    found = sorted({entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
except OSError as error:
    print(f"lookup failed: {error}")
    sys.exit(1)
for address in found:
    try:
        with socket.create_connection((address, port), timeout=1.5) as connection:
            print(connection.makefile().readline().strip())
            sys.exit(0)
    except OSError as error:
        last = error
print(f"no connection to {', '.join(found)}: {last}")
sys.exit(1)
