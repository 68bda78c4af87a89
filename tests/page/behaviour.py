#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the page does, against a server with made-up data: filters, keys, details, small screens, colours, attacks, a lost server."""
import sys
import threading
import time
import traceback

import fixture
from browser import Browser
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


class Page:
    def __init__(self, browser, url):
        self.browser = browser
        self.driver = browser.driver
        self.driver.get(url)
        self.until(lambda: self.text("#live-text") == "Live", "the first reply")

    def until(self, condition, what, seconds=30):
        end = time.time() + seconds
        while time.time() < end:
            if condition():
                return
            time.sleep(0.03)
        raise AssertionError(f"not in time: {what}")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return [node for node in self.driver.find_elements(By.CSS_SELECTOR, selector) if node.is_displayed()]

    def text(self, selector):
        return self.find(selector).text

    def texts(self, selector):
        return self.browser.script("return [...document.querySelectorAll(arguments[0])].filter((n) => n.offsetParent).map((n) => n.innerText)", selector)

    def labels(self, column):
        return self.texts(f"#{column} .item .label")

    def press(self, *keys):
        # A reply of the server may replace the element in between.
        for _ in range(20):
            try:
                return self.driver.switch_to.active_element.send_keys(*keys)
            except StaleElementReferenceException:
                time.sleep(0.05)
        raise AssertionError("the focus does not stay")

    def ask_now(self):
        """Pauses and follows: the page asks at once."""
        self.driver.find_element(By.CSS_SELECTOR, "#live").click()
        self.driver.find_element(By.CSS_SELECTOR, "#live").click()

    def has_focus(self, selector):
        return self.browser.script("return document.activeElement.matches(arguments[0])", selector)


def serve(world, changes=0):
    server = fixture.Server(0, fixture.WORLDS[world](), changes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}/"


def shows_pods_and_names(browser):
    _, url = serve("small")
    page = Page(browser, url)
    assert "weather" in page.labels("pods") and "evil.com" in page.labels("peers"), page.labels("peers")
    assert page.text("#node") == "worker-3 · namegate 0.9.0"
    assert page.text("#summary") == "59 connections", page.text("#summary")
    page.find("#health").click()
    assert "DNS server 10.0.0.2 is not trusted" in page.text("#health-panel")


def filters_narrow_both_columns(browser):
    _, url = serve("small")
    page = Page(browser, url)
    page.find(".verdict.denied").click()
    page.until(lambda: page.text("#summary") == "8 of 59 connections", "only the denied ones")
    assert "deb.debian.org" not in page.labels("peers")
    page.find("#filter-namespace").send_keys("default")
    page.until(lambda: page.labels("pods") == ["default", "weather"], "one namespace")
    page.until(lambda: "verdict=denied" in page.driver.current_url and "namespace=default" in page.driver.current_url, "the address follows")
    kept = page.driver.current_url
    page.find("#filters-clear").click()
    page.until(lambda: page.text("#summary") == "59 connections", "cleared")
    assert page.has_focus("#filter-text")
    page.find("#filter-pod").send_keys("CART")
    page.find("#filter-name").send_keys("stripe")
    page.until(lambda: page.labels("pods") == ["shop", "cart-5b7c9d-9k4mv"], "pod and name")
    page.find("#filter-text").send_keys("no such thing")
    page.until(lambda: page.text("#empty-title") == "No connection matches", "nothing matches")
    browser.driver.get("about:blank")
    page = Page(browser, kept)
    assert page.text("#summary") == "2 of 59 connections", page.text("#summary")


def keys_lead_to_the_rule(browser):
    _, url = serve("small")
    page = Page(browser, url)
    page.press("/")
    assert page.has_focus("#filter-text")
    page.press("evil", Keys.TAB)
    page.until(lambda: page.labels("peers") == ["evil.com"], "the search")
    page.press(Keys.ESCAPE)
    page.find("#pods").send_keys(Keys.HOME)
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    active = page.find("#" + page.find("#pods").get_attribute("aria-activedescendant"))
    assert active.text.startswith("weather"), active.text
    assert active.get_attribute("aria-level") == "2" and "1 denied" in active.get_attribute("aria-label"), active.get_attribute("aria-label")
    page.press(Keys.ENTER)
    assert page.has_focus("#detail h2") and page.text("#detail h2") == "weather"
    page.press(Keys.TAB, Keys.ENTER)
    page.until(lambda: page.text("#detail h2") == "evil.com", "the connection")
    for part in ("Denied", "default › end of tier default: Deny", "TCP 443", "192.0.2.66", "namegatectl why default/weather evil.com"):
        assert part in page.text("#detail"), part
    page.press(Keys.ESCAPE)
    assert page.has_focus("#pods") and not page.find("#detail").is_displayed()
    page.press(Keys.HOME, Keys.ARROW_LEFT)
    page.until(lambda: page.labels("pods") == ["default"], "a collapsed group")
    page.press(Keys.ARROW_RIGHT, "t")
    page.until(lambda: page.find("#grid").is_displayed() and page.has_focus("#grid"), "the table")
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    assert page.text("#detail h2") == "evil.com"


def details_name_rule_and_place(browser):
    _, url = serve("small")
    page = Page(browser, url)
    next(row for row in page.all("#peers .item") if row.text.startswith("stats.g.doubleclick.net")).click()
    page.all("#detail li button")[0].click()
    for part in ("security › security.no-telemetry[0]", "Deny to domains *.doubleclick.net", "/etc/namegate/policies.d/no-telemetry.yaml:9"):
        assert part in page.text("#detail"), part
    assert len(page.labels("pods")) == 4, page.labels("pods")


def table_sorts(browser):
    _, url = serve("small")
    page = Page(browser, url + "#view=table")
    first = lambda column: page.text(f"#grid .grid-line[aria-rowindex='2'] .cell-{column}")
    assert first("verdict") == "Denied", first("verdict")
    page.all(".grid-head button")[5].click()
    assert first("count") == "3,391" and first("peer") == "192.0.2.53", first("count")
    page.all(".grid-head button")[5].click()
    assert first("count") == "2", first("count")
    assert page.all(".grid-head [aria-sort]")[0].get_attribute("aria-sort") == "ascending"


def live_changes_arrive(browser):
    server, url = serve("small")
    page = Page(browser, url)
    pod = server.world.endpoints[0]["id"]
    server.world.edge(pod, "denied", "late.example", ["192.0.2.99"], rule=fixture.END)
    page.until(lambda: "late.example" in page.labels("peers"), "a new name")
    gone = next(number for number, edge in server.world.edges.items() if edge["name"] == "late.example")
    del server.world.edges[gone]
    server.world.number += 1
    server.world.removed.append((server.world.number, gone))
    page.ask_now()
    page.until(lambda: "late.example" not in page.labels("peers"), "it gave way")
    page.press("p")
    page.until(lambda: page.text("#live-text") == "Paused", "paused")
    asked = len(server.asked)
    time.sleep(2.2)
    assert len(server.asked) == asked, "a paused page asks"


def lost_server_is_said(browser):
    server, url = serve("small")
    page = Page(browser, url)
    server.fails = True
    page.until(lambda: page.text("#live-text") == "No answer", "the loss")
    assert "Policies stay enforced" in page.text("#lost") and "weather" in page.labels("pods")
    server.fails = False
    page.ask_now()
    page.until(lambda: page.text("#live-text") == "Live", "the return")
    assert not page.find("#lost").is_displayed()
    browser.errors()  # the browser reports the failed requests


def hostile_texts_stay_texts(browser):
    _, url = serve("hostile")
    page = Page(browser, url)
    assert browser.script("return document.querySelectorAll('main img, main script, aside img').length") == 0
    assert any("<img src=x onerror=alert(1)>" in label for label in page.labels("pods")), page.labels("pods")
    next(row for row in page.all("#peers .item") if "$(reboot)" in row.text).click()
    page.all("#detail li button")[0].click()
    assert "namegatectl" not in page.text("#detail"), "a command with $() is offered"
    page.find("#health").click()
    assert "<script>" in page.text("#health-panel")
    assert browser.script("try { document.body.innerHTML = 'x'; return 'parsed'; } catch (error) { return error.name; }") == "TypeError"
    browser.errors()  # of the line above


def nothing_seen_yet(browser):
    _, url = serve("empty")
    page = Page(browser, url)
    assert page.text("#empty-title") == "Nothing was seen yet"


# Ratio of contrast, as WCAG 2.1 defines it, of each visible text with its ground.
CONTRAST = """
const channel = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const parse = (text) => { const v = text.match(/[\\d.]+/g).map(Number); return v.length < 4 ? [...v, 1] : v; };
const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const ground = (node) => { for (; node; node = node.parentElement) { const c = parse(getComputedStyle(node).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
const bad = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.offsetParent || node.closest("script, .sr, .skip")) continue;
  const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) bad.push(`${walker.currentNode.data.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
}
return bad;
"""


def colours_have_contrast(browser):
    _, url = serve("small")
    page = Page(browser, url)
    page.find(".verdict.denied").click()
    page.find(".verdict.would-be-denied").click()
    page.all("#pods .item.level-2")[0].click()
    page.all("#detail li button")[0].click()
    seen = set()
    for _ in range(3):
        seen.add(browser.script("return getComputedStyle(document.body).backgroundColor"))
        bad = browser.script(CONTRAST)
        assert not bad, bad
        page.find("#theme").click()
    assert len(seen) == 2, seen


def small_screen_fits(browser):
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 720, "deviceScaleFactor": 1, "mobile": True})
    _, url = serve("small")
    page = Page(browser, url)
    assert browser.script("return document.documentElement.scrollWidth") == 360
    page.find("#filters-more").click()
    assert page.find("#filter-pod").is_displayed()
    page.find("#filters-more").click()
    page.all("#pods .item.level-2")[1].click()
    assert page.find("#detail").is_displayed() and page.find("#detail").rect["width"] == 360, page.find("#detail").rect
    page.find("#detail-close").click()
    page.find("#tab-table").click()
    assert browser.script("return document.documentElement.scrollWidth") == 360
    small = browser.script("""return [...document.querySelectorAll('button, select, input')].filter((n) => n.offsetParent && !n.closest('.grid-head'))
        .filter((n) => n.getBoundingClientRect().height < 24).map((n) => n.id || n.textContent)""")
    assert not small, small


TESTS = [shows_pods_and_names, filters_narrow_both_columns, keys_lead_to_the_rule, details_name_rule_and_place, table_sorts, live_changes_arrive,
         lost_server_is_said, hostile_texts_stay_texts, nothing_seen_yet, colours_have_contrast, small_screen_fits]


def main():
    failures = 0
    with Browser() as browser:
        for test in TESTS:
            if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
                continue
            began = time.time()
            try:
                browser.driver.get("about:blank")
                test(browser)
                errors = browser.errors()
                assert not errors, f"console: {errors}"
                print(f"ok      {test.__name__} ({time.time() - began:.1f} s)", flush=True)
            except Exception:  # one failed test does not hide the others
                failures += 1
                print(f"FAILED  {test.__name__}", flush=True)
                traceback.print_exc()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
