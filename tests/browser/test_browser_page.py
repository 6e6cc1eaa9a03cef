"""The page, held against a view whose ticks are made here: what it shows, how soon, and what it says when it is old."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from bt_robot.messages import KeyWrite, LinkState, NodeInfo, NodeState, Status, Verdict
from bt_robot.telemetry.jpeg import encode_jpeg
from bt_robot.telemetry.view.album import Shot
from bt_robot.telemetry.view.told import Ended
from tests.browser.browser_kit import LONGEST_S
from tests.browser.view_kit import Stoppable, serving, tick, wide_tree

FEW = (
    NodeInfo("task", "sequence", "task", 0, -1, "composite"),
    NodeInfo("task/pick", "vla_skill", "pick", 1, 0, "subtree", "pick up the cup"),
    NodeInfo("task/pick/wait", "wait", "wait", 2, 1, "action"),
    NodeInfo("task/place", "vla_skill", "place", 1, 0, "subtree", "place it"),
)
IDLE, RUNNING = NodeState(Status.IDLE), NodeState(Status.RUNNING, "at it", 0.0, ticked=True)
FAILED = NodeState(Status.FAILURE, "the cup is gone", 1.0, ticked=True)
TRAVEL_AND_BACK = """
for (const key of ['Home', 'l']) dispatchEvent(new KeyboardEvent('keydown', {key}));
"""
SECONDS = 3
SOON_S = 5.0
"""Generous: the real figure is that of `python -m benchmarks.page`."""


@pytest.fixture
def view():
    with serving() as show:
        yield show


def publish(view, steps, states, layout=FEW, **changes):
    for step in steps:
        view.server.publish(tick(step, layout, states, **changes))


def test_the_page_shows_the_tree_and_how_each_node_stands(view, show):
    publish(view, range(30), (RUNNING, FAILED, FAILED, IDLE), prompt="pick up the cup", skill="task/pick")
    page = show(view.link).await_run()
    page.await_status("place", "IDLE off")
    assert [page.status(name) for name in ("task", "pick", "wait")] == ["RUNNING", "FAILURE", "FAILURE"]
    page.hear("the cup is gone", "#rows")
    page.hear("pick up the cup", "#prompt")
    assert page.complaints == []


def test_a_change_is_on_the_page_soon(view, show):
    publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    page.await_status("wait", "RUNNING")
    before_s = time.monotonic()
    publish(view, [30], (RUNNING, FAILED, FAILED, IDLE))
    page.await_status("wait", "FAILURE")
    assert time.monotonic() - before_s < SOON_S


def test_an_edited_tree_takes_the_place_of_the_old_one(view, show):
    publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    page.await_status("wait", "RUNNING")
    edited = (*FEW[:2], replace(FEW[2], name="look", path="task/pick/look"))
    publish(view, range(30, 33), (RUNNING, RUNNING, FAILED), edited)
    page.await_status("look", "FAILURE")
    assert page.status("place") is None


def test_what_the_governor_the_policy_and_the_blackboard_say_is_shown(view, show):
    publish(view, range(30), (RUNNING,) * 4)
    publish(
        view,
        [30],
        (RUNNING,) * 4,
        verdict=Verdict(clamped=("elbow_flex: velocity",)),
        link=LinkState(False, "connection refused", requests=3),
        events=("the policy server is away",),
        written=(KeyWrite("task", "colour", "red"),),
    )
    page = show(view.link).await_run()
    page.hear("elbow_flex: velocity", "#governor")
    page.hear("connection refused", "#policy-panel")
    page.hear("the policy server is away", "#events")
    page.hear("red", "#blackboard")


def test_a_page_that_is_cut_off_says_how_old_it_is_and_comes_back_by_itself(show):
    with serving() as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.await_status("wait", "RUNNING")
        port = view.server.port
    page.hear("Not connected", "#banner")
    assert page.run("return document.body.classList.contains('stale')")
    with serving(port=port) as again:
        publish(again, range(40), (RUNNING, FAILED, FAILED, IDLE))
        page.await_status("wait", "FAILURE")
        page.wait("no banner", lambda: not page.there("#banner"))


def test_a_page_that_is_cut_off_in_the_past_comes_back_to_the_moment_it_showed(show):
    with serving() as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.press(Keys.HOME)
        page.wait("the beginning", lambda: page.time_s == 0.0)
        port = view.server.port
    page.hear("Not connected", "#banner")
    with serving(port=port) as again:
        publish(again, range(40), (RUNNING, FAILED, FAILED, IDLE))
        page.await_status("wait", "FAILURE")
        page.wait("the beginning", lambda: page.time_s == 0.0)
        page.hear("ago", "#mode")


def test_who_travels_and_comes_back_while_the_server_is_busy_sees_what_comes(show):
    going_on = threading.Event()

    class Busy(Stoppable):
        def stop(self, who):
            going_on.wait(LONGEST_S)

    with serving(steering=Busy()) as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.press(Keys.SPACE)
        page.run(TRAVEL_AND_BACK)
        page.rest()  # all that was asked for waits in the server now
        going_on.set()
        publish(view, range(30, 60), (RUNNING, FAILED, FAILED, IDLE))
        page.await_status("wait", "FAILURE")
        page.wait("now", lambda: page.time_s > 1.9)


def test_a_picture_of_later_is_not_shown_as_one_of_the_moment(show):
    class FromOneSecondOn:
        def at(self, camera, time_s):
            return Shot(1.0, encode_jpeg(np.zeros((8, 8, 3), np.uint8))) if time_s >= 1.0 else None

    with serving(cameras=("front",), album=FromOneSecondOn()) as view:
        publish(view, range(31), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.wait("a picture", lambda: page.text("#cameras") == "front")
        page.press(Keys.HOME)
        page.hear("front · no picture", "#cameras")


def test_a_run_that_says_nothing_any_more_is_not_shown_as_fresh(view, show):
    publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    page.hear("Nothing heard from the run", "#banner")
    assert page.run("return document.body.classList.contains('stale')")
    publish(view, range(30, 33), (RUNNING, RUNNING, RUNNING, IDLE))
    page.wait("fresh", lambda: not page.there("#banner"))


def test_a_run_that_ended_says_how_and_is_not_stale(view, show):
    publish(view, range(30), (FAILED, FAILED, FAILED, IDLE), status=Status.FAILURE)
    page = show(view.link).await_run()
    view.server.end(Ended("FAILURE", "the cup is gone", "task/pick/wait"))
    page.wait("ended", lambda: page.text("#mode") == "ended")
    time.sleep(1.2)  # what is longer than a page believes that nothing is heard
    assert not page.there("#banner")
    assert not page.there("#stop")


def test_five_thousand_nodes_stay_smooth(view, show):
    layout = wide_tree(5000)
    quiet = NodeState(Status.SUCCESS, "", 0.0)
    publish(view, [0], (quiet,) * len(layout), layout)
    page = show(view.link).await_run()
    page.run(
        "window.frames_ms = []; let last = performance.now();"
        "const count = (now) => { frames_ms.push(now - last); last = now; requestAnimationFrame(count); };"
        "requestAnimationFrame(count);"
    )
    changing = np.random.default_rng(0)
    states = [quiet] * len(layout)
    for step in range(1, 30 * SECONDS):
        for i in changing.integers(0, len(layout), 500):
            states[i] = NodeState(Status.RUNNING, f"step {step}", step / 30, ticked=True)
        view.server.publish(tick(step, layout, tuple(states)))
        time.sleep(1 / 30)
    frames_ms = page.run("return frames_ms")
    page.wait("the last tick", lambda: page.time_s > SECONDS - 0.1)
    assert len(frames_ms) > 10 * SECONDS  # on a machine that does something else as well
    assert page.complaints == []
