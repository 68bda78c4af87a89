#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The servers outside the demonstration's node: a greeting on TCP port 80 and an echo on UDP port 7 of every address."""
import socket
import socketserver
import threading


class Greeting(socketserver.BaseRequestHandler):
    def handle(self):
        address = self.request.getsockname()[0].removeprefix("::ffff:")
        self.request.sendall(f"hello from {address}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    address_family = socket.AF_INET6


def echo():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.bind(("::", 7))
        while True:
            data, peer = udp.recvfrom(2048)
            udp.sendto(data, peer)


threading.Thread(target=echo, daemon=True).start()
with Server(("::", 80), Greeting) as server:
    print("ready", flush=True)
    server.serve_forever()
