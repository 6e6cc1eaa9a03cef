"""A browser for all tests of a worker, and runs to look at."""

import pytest

from tests.browser.browser_kit import Shown, browser_in, require_browser
from tests.browser.run_kit import run_in


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """One browser for the whole session: to start it takes a second."""
    require_browser()
    with browser_in(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture
def show(driver):
    """A function that opens a link, each in a tab of its own; what the first tab shows does not outlive the test."""
    first = driver.current_window_handle
    used = False

    def open_tab(link):
        nonlocal used
        if used:
            driver.switch_to.new_window("window")
        used = True
        return Shown(driver, link)

    yield open_tab
    for tab in driver.window_handles:
        if tab != first:
            driver.switch_to.window(tab)
            driver.close()
    driver.switch_to.window(first)
    driver.get("about:blank")


@pytest.fixture
def start(tmp_path):
    """A function that starts `bt-run --view` of a tree."""
    started = []

    def start_run(*flags, **options):
        folder = tmp_path / f"run-{len(started)}"
        folder.mkdir()
        started.append(run_in(folder, *flags, **options))
        return started[-1]

    yield start_run
    for viewed in started:
        viewed.close()
