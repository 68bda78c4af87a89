#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves the page with made-up data, for its tests and for work on it: fixture.py PORT [small|large|empty|hostile].

The replies have the form of docs/page.md. The data changes with every request, as on a busy node.
"""
import http.server
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "runtime", "daemon", "page")
POLICIES = "/etc/namegate/policies.d"


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % (seconds * 1000 % 1000)


class World:
    """Endpoints and edges, and a number that rises with each change of an edge."""

    def __init__(self):
        self.random = random.Random(7)
        self.started = time.time() - 3 * 3600
        self.number = 0
        self.endpoints = []
        self.edges = {}
        self.changed = {}  # edge -> number of its last change
        self.removed = []  # (number, edge)
        self.degraded = []
        self.warnings = []

    def pod(self, namespace, name, mode="enforced", policies=()):
        number = len(self.endpoints) + 1
        address = "10.88.%d.%d" % (number // 250, number % 250 + 2)
        self.endpoints.append({"id": number, "endpoint": f"{namespace}/{name}", "namespace": namespace, "pod": name,
                               "interface": f"ng{number:08x}", "mode": mode, "policies": list(policies), "addresses": [address]})
        return number

    def edge(self, endpoint, verdict, name="", addresses=(), port=443, protocol="TCP", rule=None, direction="egress", count=1, age=60):
        number = len(self.edges) + 1
        now = time.time()
        self.edges[number] = {"id": number, "endpoint": endpoint, "direction": direction, "verdict": verdict, "name": name,
                              "addresses": list(addresses), "protocol": protocol, "port": port, "count": count,
                              "firstTime": utc(now - age * 4 - 5), "lastTime": utc(now - age), "rule": rule}
        self.touch(number)
        return number

    def touch(self, number):
        self.number += 1
        self.changed[number] = self.number

    def happen(self, most):
        """Some connections are seen again."""
        for number in self.random.sample(sorted(self.edges), min(len(self.edges), self.random.randint(0, most))):
            self.edges[number]["count"] += self.random.randint(1, 9)
            self.edges[number]["lastTime"] = utc(time.time())
            self.touch(number)

    def reply(self, since):
        known = int(since[2:]) if since.startswith("f-") and since[2:].isdigit() else -1
        rules, edges = [], []
        changed = sorted((change, number) for number, change in self.changed.items() if change > known and number in self.edges)
        more = len(changed) > 2048
        changed = changed[:2048]
        for _, number in changed:
            edge = self.edges[number]
            out = dict(edge)
            if edge["rule"] is None:
                del out["rule"]
            else:
                if edge["rule"] not in rules:
                    rules.append(edge["rule"])
                out["rule"] = rules.index(edge["rule"])
            edges.append(out)
        reply = {"formatVersion": 1, "sequence": f"f-{changed[-1][0] if more else self.number}", "full": known < 0, "more": more, "time": utc(time.time()),
                 "recordedSince": utc(self.started),
                 "node": {"name": "worker-3", "version": "0.9.0", "degraded": self.degraded, "warnings": self.warnings},
                 "limits": {"edges": 16384, "edgesPerEndpoint": 512, "forgotten": 0}, "rules": rules, "edges": edges,
                 "removed": [edge for number, edge in self.removed if number > known]}
        if known < 0:
            reply["endpoints"] = self.endpoints
        return reply


def rule(policy, index, line, text, tier="default"):
    return {"tier": tier, "rule": f"{policy}[{index}]", "text": text, "file": f"{POLICIES}/{policy.split('.')[-1]}.yaml", "line": line}


END = {"tier": "default", "rule": "end of tier default: Deny", "text": "", "file": "", "line": 0}


def small():
    world = World()
    dns = rule("default.allow-egress-to-domain", 0, 10, "Allow UDP to port 53")
    weather = rule("default.allow-egress-to-domain", 1, 16, "Allow to domains api.weather.com")
    shop = rule("shop.outbound", 0, 12, "Allow TCP to port 443, to domains *.stripe.com, *.amazonaws.com")
    deny = rule("security.no-telemetry", 0, 9, "Deny to domains *.doubleclick.net, telemetry.example.net", "security")
    web = rule("shop.inbound", 0, 31, "Allow TCP to port 8080, from app == \"web\"")
    staged = {**END, "rule": "end of tier default: Deny", "text": "with the staged policy shop.tighter"}
    first = world.pod("default", "weather", policies=["default.allow-egress-to-domain"])
    other = world.pod("default", "other", "open")
    pods = [world.pod("shop", f"{name}-{suffix}", policies=["shop.outbound", "shop.inbound", "security.no-telemetry"])
            for name, suffix in [("checkout", "7d9f8b6c5-4x2lp"), ("checkout", "7d9f8b6c5-q8zrt"), ("cart", "5b7c9d-9k4mv"),
                                 ("web", "6f8d7b-2c5xw"), ("web", "6f8d7b-hm9qd"), ("mailer", "84d5c-7tqzl")]]
    world.pod("shop", "batch-nightly-28812", "closed")
    build = [world.pod("build", f"runner-{n}", policies=["security.no-telemetry"]) for n in range(4)]
    profile = {"tier": "", "rule": "profile: Allow (no tier decided)", "text": "", "file": "", "line": 0}
    world.edge(first, "allowed", "api.weather.com", ["192.0.2.10"], rule=weather, count=1284, age=2)
    world.edge(first, "allowed", "", ["192.0.2.53"], 53, "UDP", rule=dns, count=3391, age=1)
    world.edge(first, "denied", "evil.com", ["192.0.2.66"], rule=END, count=12, age=31)
    world.edge(first, "denied", "", ["192.0.2.20"], rule=END, count=4, age=340)
    world.edge(other, "allowed", "evil.com", ["192.0.2.66"], 80, count=2, age=900)
    world.edge(other, "looked-up", "news.example.com", ["192.0.2.20"], 0, "", count=6, age=70)
    for n, pod in enumerate(pods):
        world.edge(pod, "allowed", "api.stripe.com", ["198.51.100.7", "198.51.100.8"], rule=shop, count=420 + n * 37, age=3 + n)
        if n < 3:
            world.edge(pod, "allowed", "m.stripe.com", ["198.51.100.12"], rule=shop, count=33, age=44)
            world.edge(pod, "allowed", "orders.s3.eu-central-1.amazonaws.com", ["203.0.113.4", "203.0.113.5", "2001:db8::4"], rule=shop, count=91)
            world.edge(pod, "denied", "stats.g.doubleclick.net", ["203.0.113.99"], rule=deny, count=58 + n, age=9)
        if n in (3, 4):
            world.edge(pod, "would-be-denied", "fonts.googleapis.com", ["203.0.113.41"], rule=staged, count=17, age=25)
            world.edge(pod, "denied", "telemetry.example.net", ["203.0.113.77"], 8443, rule=deny, count=203, age=6)
            world.edge(pod, "allowed", "", ["10.88.0.5"], 8080, rule=web, direction="egress", count=88, age=11)
    world.edge(pods[5], "allowed", "smtp.eu.mailgun.org", ["203.0.113.25"], 587, rule=shop, count=64, age=19)
    world.edge(pods[2], "allowed", "", ["10.88.0.7"], 8080, rule=web, direction="ingress", count=88, age=11)
    world.edge(pods[2], "denied", "", ["203.0.113.200"], 22, rule=END, direction="ingress", count=9, age=1200)
    for n, pod in enumerate(build):
        for name in ("github.com", "codeload.github.com", "objects.githubusercontent.com", "registry.npmjs.org", "deb.debian.org", "pypi.org",
                     "files.pythonhosted.org")[n % 3:]:
            world.edge(pod, "allowed", name, [f"203.0.113.{120 + n}"], rule=profile, count=7 + n, age=50 * n + 8)
        world.edge(pod, "looked-up", "proxy.golang.org", ["203.0.113.180"], 0, "", count=2, age=500)
    world.warnings = ["DNS server 10.0.0.2 is not trusted and answered 3 pods (build/runner-0, build/runner-1, build/runner-2) 57 times: "
                      "names that are looked up there open nothing"]
    return world


def large(pods=250, names=5000, each=40):
    world = World()
    draw = world.random
    rules = [rule(f"team-{n}.outbound", n % 4, 7 + n, "Allow TCP to port 443, to domains") for n in range(60)]
    domains = [f"{w}{n}.{t}" for n, (w, t) in enumerate((draw.choice(["cloud", "pay", "mail", "data", "cdn", "auth", "maps", "build"]),
                                                         draw.choice(["com", "net", "io", "org", "co.uk"])) for _ in range(420))]
    all_names = sorted({f"{draw.choice(['api', 'www', 'edge', 'eu', 'us', 'img', 's3', 'db'])}-{n}.{draw.choice(domains)}" for n in range(names)})
    for n in range(pods):
        number = world.pod(f"team-{n % 18}", f"{draw.choice(['api', 'web', 'worker', 'cron'])}-{n:03d}-{draw.randrange(16**6):06x}",
                           "open" if n % 23 == 0 else "enforced", [f"team-{n % 60}.outbound"])
        own = all_names[n * names // pods:(n + 1) * names // pods] + draw.sample(all_names, each - names // pods)
        for name in own:
            verdict = draw.choices(["allowed", "denied", "would-be-denied", "looked-up"], [80, 6, 2, 12])[0]
            decided = END if verdict == "denied" else rules[n % 60] if verdict != "looked-up" else None
            world.edge(number, verdict, name, [f"203.0.{draw.randrange(256)}.{draw.randrange(256)}"], rule=decided, count=draw.randint(1, 5000),
                       age=draw.randint(1, 7200))
    return world


def hostile():
    """Every text is an attack. Nothing of it may run or become markup."""
    world = World()
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    number = world.pod(evil, "\u202egnp.exe</div>" + evil, evil, [evil])
    world.edge(number, "denied", evil + ".example", [evil], protocol=evil, rule={"tier": evil, "rule": evil, "text": evil, "file": evil, "line": 3})
    world.edge(number, evil, "a" * 60 + "." + "b" * 60 + "." + "c" * 60 + ".example", ["198.51.100.1"])
    world.edge(number, "denied", "$(reboot).example", ["198.51.100.2"])
    world.edge(number, "denied", "__proto__", ["198.51.100.3"])
    world.degraded = [evil]
    return world


WORLDS = {"small": small, "large": large, "empty": World, "hostile": hostile}


def join_page():
    with tempfile.TemporaryDirectory() as folder:
        page, code = os.path.join(folder, "page.html"), os.path.join(folder, "page.cc")
        subprocess.run([os.path.join(PAGE, "join.sh"), page, code], check=True)
        with open(page, "rb") as file, open(code, encoding="utf-8") as lines:
            return file.read(), dict(re.findall(r'page_(style|script)_hash\(\) { return "([^"]+)"', lines.read()))


def security_headers(hashes):
    """As runtime/daemon/page sends them."""
    policy = ["default-src 'none'", f"script-src '{hashes['script']}'", f"style-src '{hashes['style']}'", "connect-src 'self'", "img-src data:",
              "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"]
    return {"Content-Security-Policy": "; ".join(policy), "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, world, changes=12):
        self.world = world
        self.changes = changes
        self.asked = []
        self.fails = False
        super().__init__(("127.0.0.1", port), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.server.asked.append(self.path)
        if self.server.fails:
            self.answer(503, "text/plain", b"no")
        elif url.path == "/":
            page, hashes = join_page()
            self.answer(200, "text/html; charset=utf-8", page, security_headers(hashes))
        elif url.path == "/api/v1/graph":
            since = urllib.parse.parse_qs(url.query).get("since", [""])[0]
            if since:
                self.server.world.happen(self.server.changes)
            self.answer(200, "application/json", json.dumps(self.server.world.reply(since)).encode())
        else:
            self.answer(404, "text/plain", b"not found")

    def answer(self, status, kind, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Server(int(sys.argv[1]), WORLDS[sys.argv[2] if len(sys.argv) > 2 else "small"]()).serve_forever()
