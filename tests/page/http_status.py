#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends one request and prints status, type and body: http_status.py URL|unix:PATH [method=METHOD] [HEADER=VALUE]..."""
import http.client
import socket
import sys
import urllib.parse


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


target, headers = sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:])
method = headers.pop("method", "GET")
if target.startswith("unix:"):
    connection, path = UnixConnection(target[5:]), "/"
else:
    url = urllib.parse.urlsplit(target)
    connection, path = http.client.HTTPConnection(url.netloc, timeout=10), url.path + ("?" + url.query if url.query else "")
try:
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    print(response.status, response.getheader("Content-Type"), response.read().decode(errors="replace"))
except ConnectionRefusedError:
    print("refused")
