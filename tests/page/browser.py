# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window, for the tests of the page."""
import os
import sys

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SKIPPED = 77

if not (os.path.exists(CHROMIUM) and os.path.exists(DRIVER)):
    print("skipped: Chromium is missing; install the packages chromium and chromium-driver")
    sys.exit(SKIPPED)
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    print("skipped: the package python3-selenium is missing")
    sys.exit(SKIPPED)


class Browser:
    """One browser window. Use with `with`."""

    def __init__(self, width=1440, height=900, dark=False, calm=False, profile=None):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        # Root and a network namespace have no sandbox; the page comes from the test itself. Nothing is asked of Google.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
                         "--disable-background-networking", "--disable-component-update", "--disable-domain-reliability", "--no-proxy-server",
                         "--disable-features=OptimizationHints,MediaRouter", f"--window-size={width},{height}"):
            options.add_argument(argument)
        if profile:
            options.add_argument(f"--user-data-dir={profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                    {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def errors(self):
        """What the console has said since the last call; violations of the Content-Security-Policy are there too."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


