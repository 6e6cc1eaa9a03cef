"""A recorded run in the page: at any moment of it the right tree, joints and pictures."""

import base64

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from bt_robot.messages import Status
from bt_robot.telemetry.jpeg import decode_jpeg
from bt_robot.telemetry.recorder import read_run
from tests.browser.browser_kit import require_browser
from tests.browser.run_kit import Viewed, recording_in

MOMENTS = (0.02, 0.3, 0.55, 0.8, 0.97)
"""Of the run's length."""

PICTURE = """
const [name] = arguments;
const figure = [...document.querySelectorAll('#cameras figure')].find((each) => each.textContent.startsWith(name));
const canvas = figure.querySelector('canvas');
const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
const some = image.data.filter((_, i) => i % 4 != 3 && (i >> 2) % 97 == 0);
return [canvas.width, canvas.height, btoa(String.fromCharCode(...some))];
"""
"""Every 97th pixel is enough to know a picture by."""


PLOT = "return document.querySelector('#joints canvas').toDataURL()"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """The simulated arm picks and places, with two cameras."""
    require_browser()
    folder = tmp_path_factory.mktemp("recorded")
    return recording_in(folder)


@pytest.fixture(scope="module")
def viewed(recording, tmp_path_factory):
    """`bt-view` of it."""
    process = Viewed(tmp_path_factory.mktemp("viewed"), "bt-view", recording, "--port", "0")
    yield process
    assert process.end() == 0


@pytest.fixture
def page(viewed, show):
    return show(viewed.link).await_run()


def recorded(recording, time_s):
    with read_run(recording) as run:
        return run.record_at(time_s + 0.005)  # the page's clock has two digits


def shown_statuses(page, record):
    """The statuses of all nodes of a record that have a row now, by index."""
    return page.run(
        "return Object.fromEntries([...document.querySelectorAll('#rows .row[id]')].filter((row) => !row.hidden)"
        ".map((row) => [row.id.slice(5), [row.dataset.status, !row.classList.contains('off')]]))"
    )


def test_a_recording_opens_at_its_end_and_says_how_it_ended(page, recording):
    with read_run(recording) as run:
        last = run.record_at(np.inf)
    page.wait("the end", lambda: abs(page.time_s - last.time_s) < 0.01)
    assert page.text("#status") == str(last.status) == Status.SUCCESS
    assert not page.there("#stop")
    assert page.complaints == []


@pytest.mark.parametrize("fraction", MOMENTS)
def test_a_click_on_the_timeline_shows_that_moment(page, recording, fraction):
    with read_run(recording) as run:
        first_s, last_s = run.range_s
    before_s = page.time_s
    page.click_timeline(fraction)
    page.wait("another moment", lambda: page.time_s != before_s or fraction > 0.99)
    asked_s = first_s + fraction * (last_s - first_s)
    page.wait("the moment", lambda: abs(page.time_s - asked_s) < 0.1)
    record = recorded(recording, page.time_s)

    def shows_the_tree():
        rows = shown_statuses(page, record)
        told = {i: [str(record.nodes[int(i)].status), record.nodes[int(i)].ticked] for i in rows}
        return rows and rows == told

    def shows_the_joints():
        measured, commanded = record.observation.joints, record.command.positions
        told = [f"{a:.3f} → {b:.3f}".replace("-", "−") for a, b in zip(measured, commanded, strict=True)]
        return all(words in page.text("#joints") for words in told)

    page.wait("the tree of that tick", shows_the_tree)
    page.wait("its joints", shows_the_joints)
    assert page.text("#prompt") == (record.prompt or "No prompt in force")
    for camera in ("front", "wrist"):
        with read_run(recording) as run:
            picture = run.picture(camera, record.time_s)
        page.wait(f"the picture of {camera}", lambda c=camera, p=picture: difference(page, c, decode_jpeg(p.jpeg)) < 3)


def difference(page, camera, image):
    """How far what the page shows is from a picture, on average, of 255."""
    width, height, encoded = page.run(PICTURE, camera)
    if (width, height) != (image.shape[1], image.shape[0]):
        return np.inf
    shown = np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(-1, 3)
    return np.abs(shown.astype(int) - image.reshape(-1, 3)[::97].astype(int)).mean()


def test_the_keys_go_a_step_a_second_and_to_both_ends(page, recording):
    with read_run(recording) as run:
        first_s, last_s = run.range_s
    page.press(Keys.HOME)
    page.wait("the beginning", lambda: abs(page.time_s - first_s) < 0.01)
    page.press(Keys.ARROW_RIGHT)
    page.wait("a step on", lambda: abs(page.time_s - first_s - 1 / 30) < 0.011)
    page.press(Keys.ARROW_RIGHT, Keys.SHIFT)
    page.wait("a second on", lambda: abs(page.time_s - first_s - 31 / 30) < 0.011)
    page.press(Keys.END)
    page.wait("the end", lambda: abs(page.time_s - last_s) < 0.01)


def test_the_key_for_now_leaves_a_recording_at_its_end(page, recording):
    with read_run(recording) as run:
        _, last_s = run.range_s
    page.wait("the end", lambda: abs(page.time_s - last_s) < 0.01)
    page.rest()
    before = page.run(PLOT)
    page.press("l")
    page.rest()
    assert page.run(PLOT) == before


def test_it_plays_from_the_beginning(page, recording):
    page.press(Keys.HOME)
    page.wait("the beginning", lambda: page.time_s < 0.1)
    page.press("p")
    page.wait("it goes on", lambda: page.time_s > 0.5)
    page.press("p")


def test_nothing_can_be_done_to_a_recording(page):
    assert not page.there("#take")
    page.press(Keys.SPACE)
    assert page.complaints == []
