"""A real Chromium without a screen, and what a person would see and do in it."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

LONGEST_S = 30.0
"""Longest wait for anything; only ever over when a test fails."""

PATIENCE_S = 2.0
"""How long an act may take to show before it is done again."""

SIZE = (1280, 940)
OTHER_NAME = "evil.example"
"""A name that the browser, not this machine, resolves to this machine: what DNS rebinding does."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    # Two pages at once, each as if it were in front: what a page in the background may do is tried on purpose only.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    f"--host-resolver-rules=MAP {OTHER_NAME} 127.0.0.1",
)

_STATUS = """
for (const row of document.querySelectorAll('#rows .row')) {
  if (!row.hidden && row.querySelector('.name').textContent === arguments[0])
    return row.dataset.status + (row.classList.contains('off') ? ' off' : '');
}
return null;
"""

_CLICK = """
const row = [...document.querySelectorAll('#rows .row')].find(
  (row) => !row.hidden && row.querySelector('.name').textContent === arguments[0]);
row?.querySelector('.name').click();
return !!row;
"""

_IN_VIEW = """
const [inner, outer] = [...arguments].map((each) => document.querySelector(each).getBoundingClientRect());
return inner.height > 0 && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
"""

_CLICK_TIMELINE = """
const canvas = document.getElementById('timeline'), box = canvas.getBoundingClientRect();
const left = Math.min(170, box.width * 0.2), x = left + arguments[0] * (box.width - left - 6);
for (const type of ['pointerdown', 'pointerup']) canvas.dispatchEvent(
  new PointerEvent(type, {pointerId: 1, clientX: box.left + x, clientY: box.top + 30, bubbles: true}));
"""


def programs():
    """Return where the browser and its driver are; None if there is no browser for these tests."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


def require_browser():
    """Skip where there is no browser, unless `BT_BROWSER=required` says that there has to be one."""
    if programs() is None:
        words = "no Chromium with chromedriver here (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("BT_BROWSER") == "required":
            pytest.fail(words)
        pytest.skip(words)


@contextmanager
def browser_in(folder, *flags, size=SIZE):
    """A browser with a profile of its own; yields selenium's driver of it."""
    binary, driver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", *flags):
        options.add_argument(flag)
    if os.geteuid() == 0:  # Chromium's sandbox does not work for root
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chromium = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    chromium.set_script_timeout(LONGEST_S)
    try:
        yield chromium
    finally:
        chromium.quit()


class Shown:
    """One tab that shows the page."""

    def __init__(self, driver, link):
        """Open a link in the driver's current tab."""
        self.driver = driver
        self._tab = driver.current_window_handle
        driver.get_log("browser")  # of whatever was shown before
        driver.get("about:blank")  # a link that differs in its fragment only would not be loaded again
        driver.get(link)

    def to_front(self):
        self.driver.switch_to.window(self._tab)
        return self

    def run(self, script, *arguments):
        """Run a script in the page; return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, what, true, longest_s=LONGEST_S):
        """Wait until something is true of the page; return what it is."""

        def look(_):
            try:
                return true()
            except (StaleElementReferenceException, WebDriverException):
                return False

        try:
            return WebDriverWait(self.driver, longest_s, poll_frequency=0.02).until(look)
        except TimeoutException:
            raise AssertionError(f"{what}: not within {longest_s:g} s; the page says:\n{self.words}") from None

    @property
    def words(self):
        """All that a person can read."""
        return self.run("return document.body.innerText")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def there(self, selector):
        """Whether something is on the page and not hidden."""
        return self.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def status(self, name):
        """The status of the node with a name, with ` off` behind it if it was not ticked; None if no row shows it."""
        return self.run(_STATUS, name)

    def hear(self, words, selector="body"):
        """Wait until some words are on the page."""
        self.wait(words, lambda: words in self.text(selector))

    def await_status(self, name, *statuses):
        """Wait until a node has one of these statuses; return it."""
        self.wait(f"{name} {statuses}", lambda: self.status(name) in statuses)
        return self.status(name)

    def await_run(self):
        """Wait until the page shows a run's tree, at some time of the run."""
        self.wait("a tree", lambda: self.there("#rows .row") and self.text("#clock"))
        return self

    @contextmanager
    def sized(self, width, height):
        """Show the page in a window of another size [px]."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        try:
            self.rest()
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def in_view(self, selector, of):
        """Whether all of an element is within what another one shows."""
        return self.run(_IN_VIEW, selector, of)

    def click(self, selector):
        self.wait(selector, lambda: self.there(selector))
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def choose(self, name):
        """Click the row of a node."""
        self.wait(name, lambda: self.run(_CLICK, name))

    def press(self, keys, held=""):
        """Press keys as a person does who looks at the page and types nowhere, and holds others meanwhile."""
        self.run("document.activeElement?.blur()")
        actions = webdriver.ActionChains(self.driver)
        for key in held:
            actions.key_down(key)
        actions.send_keys(keys)
        for key in held:
            actions.key_up(key)
        actions.perform()

    def insist(self, what, act, effect):
        """Do something until it has its effect: on a busy machine a page loses control for a moment, and says so."""
        until_s = time.monotonic() + LONGEST_S
        while not effect():
            assert time.monotonic() < until_s, f"{what}: not within {LONGEST_S:g} s; the page says:\n{self.words}"
            act()
            patience_s = time.monotonic() + PATIENCE_S
            while not effect() and time.monotonic() < patience_s:
                time.sleep(0.02)

    def type_into(self, selector, words):
        field = self.driver.find_element(By.CSS_SELECTOR, selector)
        field.clear()
        field.send_keys(words, Keys.ENTER)

    def click_timeline(self, fraction):
        """Click the timeline at a fraction of its length."""
        self.run(_CLICK_TIMELINE, fraction)

    def travel(self, time_s):
        """Click the timeline at a time of a run that began at 0 [s]."""
        self.click_timeline(time_s / float(self.run("return document.getElementById('timeline').ariaValueMax")))

    def rest(self):
        """Wait until what changed is drawn."""
        self.driver.execute_async_script(
            "setTimeout((done) => requestAnimationFrame(() => requestAnimationFrame(done)), 500, arguments[0]);"
        )

    @property
    def time_s(self):
        """The time of the run that the page shows [s]."""
        return float(self.text("#clock").split()[0].replace(",", ""))

    @property
    def complaints(self):
        """What the browser's console complains of: errors of scripts, of the network, of the page's own policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


def await_true(true, what, longest_s=LONGEST_S):
    """Wait until something is true; return what it is."""
    until_s = time.monotonic() + longest_s
    while not (found := true()):
        assert time.monotonic() < until_s, f"{what}: not within {longest_s:g} s"
        time.sleep(0.02)
    return found
