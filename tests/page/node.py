#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the page of a real node: node.py URL FOLDER. FOLDER is the node's, for the places of rules.

On the node, default/weather may reach api.weather.com and is denied evil.test again and again; default/other is open.
"""
import json
import sys

from behaviour import Page
from browser import Browser
from selenium.webdriver.common.keys import Keys


def look(browser, url, folder):
    page = Page(browser, url)
    browser.script("window.violations_ = []; document.addEventListener('securitypolicyviolation', (e) => window.violations_.push(e.violatedDirective))")
    page.until(lambda: "evil.test" in page.labels("peers") and "api.weather.com" in page.labels("peers"), "the names", 20)
    assert {"default", "weather", "other"} <= set(page.labels("pods")), page.labels("pods")

    # The denied name, by keyboard: search, the pod, the connection.
    page.find(".verdict.denied").click()
    page.press("/")
    page.press("evil", Keys.TAB)
    page.until(lambda: page.labels("pods") == ["default", "weather"] and page.labels("peers") == ["evil.test"], "the filter")
    page.find("#pods").send_keys(Keys.HOME)
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    page.until(lambda: page.text("#detail h2") == "weather", "the pod")
    for part in ("enforced: policy decides", "weather", "10.88."):
        assert part in page.text("#detail"), part
    page.press(Keys.TAB, Keys.ENTER)
    page.until(lambda: page.text("#detail h2") == "evil.test", "the connection")
    for part in ("Denied", "end of tier default: Deny", "198.18.0.2", "namegatectl why default/weather evil.test"):
        assert part in page.text("#detail"), (part, page.text("#detail"))
    page.press(Keys.ESCAPE)

    # The allowed name with the rule and its place.
    page.find("#filters-clear").click()
    next(row for row in page.all("#peers .item") if row.text.startswith("api.weather.com")).click()
    page.until(lambda: page.all("#detail li.allowed button"), "an allowed flow", 15)
    page.all("#detail li.allowed button")[0].click()
    for part in ("Allowed", "default › weather[1]", "Allow to domains api.weather.com", "/weather.yaml:13"):
        assert part in page.text("#detail"), (part, page.text("#detail"))
    page.press(Keys.ESCAPE)

    # A flow that begins while the page is open is counted when it begins.
    flows = lambda: sum(int(row.find_element("css selector", ".cell-count").text.replace(",", "")) for row in page.all("#grid .grid-line")
                        if row.find_element("css selector", ".cell-verdict").text == "Allowed" and "api.weather.com" in row.text)
    page.find("#tab-table").click()
    page.until(lambda: page.all("#grid .grid-line"), "rows")
    before = flows()
    page.until(lambda: flows() > before + 1, "a rising count of flows", 15)

    # Denials are counted as they happen.
    count = lambda: int(page.all('#grid .grid-line')[0].find_element('css selector', '.cell-count').text.replace(',', ''))
    before = count()
    page.until(lambda: count() > before, "a rising count", 15)

    assert browser.script("return window.violations_") == [], "a violation of the Content-Security-Policy"
    errors = browser.errors()
    assert not errors, errors
    asked = {json.loads(entry["message"])["message"]["params"]["request"]["url"] for entry in browser.driver.get_log("performance")
             if json.loads(entry["message"])["message"]["method"] == "Network.requestWillBeSent"}
    foreign = [one for one in asked if not one.startswith((url, "data:", "about:"))]
    assert any("/api/v1/graph?since=" in one for one in asked) and not foreign, foreign
    print(f"{len(asked)} different requests, all to {url}")


with Browser() as browser:
    look(browser, *sys.argv[1:3])
