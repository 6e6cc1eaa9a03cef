"""The page, held against a view whose ticks are made here: what it shows, how soon, and what it says when it is old."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from bt_robot.messages import KeyWrite, LinkState, NodeInfo, NodeState, Status, Verdict
from bt_robot.messages.steering import Breakpoint
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
SILENT = replace(FAILED, reason="", cause=2)
DECLINED = replace(FAILED, reason="nothing to hold for")
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


def test_a_node_that_failed_without_a_word_says_what_explains_it(view, show):
    publish(view, range(30), (SILENT, SILENT, FAILED, DECLINED))
    page = show(view.link).await_run()
    page.await_status("wait", "FAILURE")
    for index, name in enumerate(("task", "pick")):
        page.wait(name, lambda i=index: page.text(f"#node-{i} .reason") == "wait: the cup is gone")
    page.choose("task")
    page.hear("wait: the cup is gone", "#inspector")


def test_the_tree_goes_to_the_node_that_explains_a_failure_and_not_to_what_only_did_not_apply(view, show):
    layout = wide_tree(150)
    states = [IDLE] * len(layout)
    states[0], states[75], states[-1] = replace(SILENT, cause=75), FAILED, DECLINED
    publish(view, range(30), tuple(states), layout)
    page = show(view.link).await_run()
    page.wait("the node that explains it", lambda: page.there("#node-75") and page.in_view("#node-75", "#tree"))


def test_a_run_that_is_held_shows_where_it_stands(view, show):
    states = (RUNNING, RUNNING, FAILED, IDLE)
    publish(view, range(30), states)
    still = tuple(replace(state, ticked=False) for state in states)
    publish(view, range(30, 40), still, mode="held")
    page = show(view.link).await_run()
    assert [page.status(name) for name in ("task", "pick", "wait")] == ["RUNNING", "RUNNING", "FAILURE"]


def test_a_node_that_waits_at_a_breakpoint_is_named_above_all(show):
    steering = Stoppable()
    steering.breakpoints = (Breakpoint("task/pick/wait", "RUNNING", reached=True),)
    with serving(steering=steering) as view:
        page = show(view.link)
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page.await_run().hear("a breakpoint holds wait", "#mode")


def test_the_stop_has_a_key_for_who_is_typing(show):
    steering = Stoppable()
    with serving(steering=steering) as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.press("/")
        page.hear("F8", "#stop")
        page.driver.switch_to.active_element.send_keys("a cup")
        assert not steering.stopped
        page.driver.switch_to.active_element.send_keys(Keys.F8)
        page.wait("the stop", lambda: steering.stopped)
        page.press(Keys.ESCAPE)
        page.hear("Space", "#stop")


def test_the_key_of_the_stop_does_nothing_to_a_run_that_just_ended(view, show):
    publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    view.server.end(Ended("FAILURE", "the arm is gone"))
    page.wait("ended", lambda: page.text("#mode") == "ended")
    assert page.text("#status") == "FAILURE"  # its last tick says RUNNING
    page.press(Keys.SPACE)
    page.hear("nothing to stop", "#toasts")
    assert page.text("#mode") == "ended"  # it does not play


def test_a_recording_is_shown_at_its_end_as_soon_as_it_is_read(show):
    with serving(live=False, patient=True) as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.hear("reading", "#mode")
        publish(view, range(30, 60), (FAILED, FAILED, FAILED, IDLE))
        view.server.end(Ended("FAILURE", "the cup is gone"))
        page.wait("its end", lambda: page.time_s > 1.9)
        assert page.text("#mode") == "recording"


def test_a_moment_of_a_recording_that_is_read_stays_where_a_person_went(show):
    with serving(live=False, patient=True) as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.press(Keys.HOME)
        page.wait("the beginning", lambda: page.time_s == 0.0)
        publish(view, range(30, 60), (FAILED, FAILED, FAILED, IDLE))
        view.server.end(Ended("FAILURE", "the cup is gone"))
        page.hear("Ended: FAILURE", "#ending")
        page.rest()
        assert page.time_s == 0.0


def test_keys_go_from_event_to_event_also_to_later_ones(view, show):
    for step in range(30):
        publish(view, [step], (RUNNING, RUNNING, RUNNING, IDLE), events=("a word",) if step in (6, 12) else ())
    page = show(view.link).await_run()
    page.press(Keys.HOME)
    page.wait("the beginning", lambda: page.time_s == 0.0)
    for key, time_s in ((".", 0.2), (".", 0.4), (".", 0.4), (",", 0.2)):
        page.press(key)
        page.wait(f"{time_s} s", lambda t=time_s: page.time_s == t)


_CANVAS = "return document.getElementById(arguments[0]).toDataURL()"


def test_a_timeline_that_is_zoomed_goes_along_with_the_run(view, show):
    publish(view, range(90), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    page.press(">>>")
    page.rest()
    publish(view, range(90, 360), (RUNNING, RUNNING, RUNNING, IDLE))
    page.wait("now", lambda: page.time_s > 11.9)
    page.rest()
    page.click_timeline(1.0)
    page.wait("the end of what is shown", lambda: page.text("#mode") != "live")
    assert page.time_s > 11.5


def test_of_many_lanes_the_one_where_something_goes_on_is_in_view(view, show):
    layout = wide_tree(400)
    waiting = [NodeState(Status.IDLE)] * len(layout)
    publish(view, range(30), tuple(waiting), layout)
    last = max(i for i, node in enumerate(layout) if node.kind == "subtree")
    waiting[0] = waiting[last] = RUNNING
    publish(view, range(30, 60), tuple(waiting), layout)
    page = show(view.link).await_run()
    page.wait("the last lane", lambda: page.run("return document.getElementById('lanes').scrollTop") > 100)


def test_each_parameter_can_be_set_with_all_its_words(show):
    detail = (
        'question=Is the table clear? at_most_s=120 joints=[0.8, -1.55] speed="{fast}" seen→"{cup}" pose=a very long…'
    )
    layout = (*FEW[:3], replace(FEW[2], name="ask", path="task/pick/ask", detail=detail))
    with serving(control=True) as view:
        publish(view, range(30), (RUNNING,) * 4, layout)
        page = show(view.link).await_run()
        page.choose("ask")
        fields = (
            "return [...document.querySelectorAll('#inspector form input')].map((each) => [each.ariaLabel, each.value])"
        )
        page.wait("fields", lambda: len(page.run(fields)) == 4)
        assert page.run(fields) == [
            ["question", "Is the table clear?"],
            ["at_most_s", "120"],
            ["joints", "[0.8, -1.55]"],
            ["pose", ""],
        ]


def test_a_graph_that_was_zoomed_stays_so_when_a_node_is_chosen(view, show):
    publish(view, range(30), (IDLE,) * 4)
    page = show(view.link).await_run()
    page.press("g")
    page.rest()
    whole = page.run(_CANVAS, "graph")
    page.press("]]]")
    page.press(Keys.ARROW_DOWN)  # opens its details
    page.press(Keys.ESCAPE)
    page.rest()
    assert page.run(_CANVAS, "graph") != whole


def test_who_takes_control_by_keys_goes_on_from_there(show):
    with serving(control=True) as view:
        publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
        page = show(view.link).await_run()
        page.run("document.getElementById('take').focus()")
        page.driver.switch_to.active_element.send_keys(Keys.ENTER)
        page.wait("hold in focus", lambda: page.run("return document.activeElement.id") == "hold")


def test_a_phone_shows_the_tree(view, show):
    publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    with page.sized(390, 844):
        assert page.in_view("#node-3", "#tree")
        assert page.in_view("#stop", "header")


def test_a_small_screen_shows_the_joints(view, show):
    publish(view, range(30), (RUNNING, RUNNING, RUNNING, IDLE))
    page = show(view.link).await_run()
    with page.sized(1280, 720):
        assert page.in_view(".joint:nth-child(5)", "#side")


def test_the_chosen_node_stays_in_view_when_its_details_open(view, show):
    layout = wide_tree(200)
    publish(view, range(30), (NodeState(Status.SUCCESS),) * len(layout), layout)
    page = show(view.link).await_run()
    index = max(i for i in range(60) if page.there(f"#node-{i}") and page.in_view(f"#node-{i}", "#tree"))
    page.choose(layout[index].name)
    page.rest()
    assert page.there("#inspector")
    assert page.in_view(f"#node-{index}", "#tree")


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
