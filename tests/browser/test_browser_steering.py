"""A live run in the page: seen, held, stepped, broken into, changed and stopped, by one person at a time."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.browser_kit import await_true

CONTROL = "--control"
BUSY = """
setInterval(() => { const until = performance.now() + 450; while (performance.now() < until); }, 500);
"""

ASKING = """\
tree: asking
root:
  sequence:
    - confirm: {name: question, question: "Is the <b>cup</b> there?"}
    - wait: {name: after, duration_s: 100}
"""

FAILING = """\
tree: failing
root:
  sequence:
    - wait: {name: first, duration_s: 1}
    - always_failure: {name: broken, reason: the cup is gone}
"""

PROMPTED = """\
tree: prompted
include: [skills/vla_skill.yaml]
root:
  sequence:
    - vla_skill:
        name: pick
        prompt: pick up the red block
        done: {always_failure: {}}
        time_limit_s: 1000
"""


@pytest.fixture
def steered(start, show):
    """A run and a page that steers it."""
    viewed = start(CONTROL)
    page = show(viewed.link).await_run()
    page.await_status("beat", "RUNNING")
    page.click("#take")
    page.wait("control", lambda: page.there("#hold"))
    return viewed, page


def await_mode(page, mode):
    page.wait(mode, lambda: page.text("#mode") == mode)


def hold(page):
    """Hold the run, or let it go on."""
    mode = "held" if page.text("#mode") == "live" else "live"
    page.insist(mode, lambda: page.click("#hold"), lambda: page.text("#mode") == mode)


def steps(page):
    """The control step that the page shows: it goes on as long as the loop does."""
    return int(re.search(r"step (\d+)", page.text("#loop"))[1])


def pan(page):
    """Where the shoulder is measured, as the page tells it."""
    return page.text("#joints").split("→")[0]


def standing(page):
    """How the leaves stand."""
    return [page.status(name) for name in ("tick", "tock", "there", "back")]


def await_steps(page, count):
    """Wait until the loop has gone on by so many steps."""
    first = steps(page)
    page.wait("more steps", lambda: steps(page) >= first + count)


def test_a_live_run_is_shown_as_it_goes(start, show):
    page = show(start().link).await_run()
    for name in ("tick", "tock", "tick"):
        page.await_status(name, "RUNNING")
    assert page.there("#stop")
    assert not page.there("#take")
    assert page.complaints == []


def test_hold_stops_the_tree_and_the_arm_but_not_the_loop_and_resume_goes_on(steered):
    _, page = steered
    hold(page)
    await_steps(page, 15)  # the arm has come to rest
    before, then = pan(page), standing(page)
    await_steps(page, 30)
    assert (pan(page), standing(page)) == (before, then)
    page.hear("person: ", "#events")
    hold(page)
    page.wait("it moves", lambda: pan(page) != before)
    for name in ("tick", "tock"):
        page.await_status(name, "RUNNING")


def test_step_ticks_the_tree_once_and_step_to_change_until_something_changes(steered):
    _, page = steered
    hold(page)
    page.insist("a step", lambda: page.click("#step"), lambda: ": step" in page.text("#events"))
    await_mode(page, "held")
    before = standing(page)
    page.insist("a change", lambda: page.click("#change"), lambda: standing(page) != before)
    await_mode(page, "held")


def test_a_breakpoint_holds_its_node_while_the_loop_and_the_other_nodes_go_on(steered):
    viewed, page = steered
    page.choose("tock")
    page.insist("the breakpoint", lambda: page.press("b"), lambda: page.there("#rows .gutter.set"))
    page.wait("reached", lambda: page.there("#rows .row.waits"))
    await_steps(page, 45)  # longer than the node would take
    assert page.status("tock") == "RUNNING"
    page.insist("the node's end", lambda: page.press("b"), lambda: "RUNNING" not in page.status("tock"))
    viewed.end()
    records = viewed.records()
    tock, there = (
        next(i for i, node in enumerate(records[0].layout) if node.name == name) for name in ("tock", "there")
    )
    waited = [record for record in records if record.nodes[tock].status == "RUNNING" and record.nodes[tock].ticked]
    assert waited[-1].step - waited[0].step >= 45
    assert all(record.nodes[there].ticked for record in waited)  # the branch beside it is ticked on
    assert len(records) == sum(record.command is not None for record in records)  # and a command goes out in each tick


def test_a_node_is_forced_and_skipped(steered):
    viewed, page = steered
    hold(page)
    page.choose("sway")
    press = lambda: press_button(page, "Force FAILURE")  # noqa: E731
    page.insist("the act", press, lambda: ": force" in page.text("#events"))
    page.insist("it goes on", lambda: page.click("#hold"), lambda: page.text("#mode") != "held")
    page.await_status("sway", "FAILURE", "FAILURE off")
    viewed.hear("FAILURE")


def press_button(page, words):
    """Press a button of what is known of the chosen node."""
    page.wait(words, lambda: words in page.text("#inspector"))
    for button in page.driver.find_elements(By.CSS_SELECTOR, "#inspector button"):
        if button.text == words:
            button.click()
            return
    raise AssertionError(words)


def test_a_prompt_is_changed_for_the_queries_below_it(start, show):
    viewed = start(CONTROL, tree=PROMPTED, config="sim")
    page = show(viewed.link).await_run()
    page.click("#take")
    page.hear("pick up the red block", "#prompt")
    page.choose("pick")
    page.wait("the field", lambda: page.there("#inspector form input"))
    page.insist(
        "the prompt",
        lambda: page.type_into("#inspector form input", "pick up the green block"),
        lambda: "pick up the green block" in page.text("#prompt"),
    )
    page.wait("a new chunk", lambda: page.text("#chunk-age") not in ("", "–"))
    await_steps(page, 60)
    viewed.end()
    prompts = [record.chunk.prompt for record in viewed.records() if record.chunk]
    assert (prompts[0], prompts[-1]) == ("pick up the red block", "pick up the green block")


def test_a_parameter_is_changed_and_a_wrong_value_refused_in_words(steered):
    _, page = steered
    page.choose("tick")
    page.wait("the field", lambda: page.there("#inspector form input[aria-label=duration_s]"))
    field = "#inspector form input[aria-label=duration_s]"
    page.insist("words", lambda: page.type_into(field, "-3"), lambda: "Refused: parameter" in page.text("#toasts"))
    page.insist("a wait", lambda: page.type_into(field, "1000"), lambda: "1000" in page.text("#events"))
    page.await_status("tick", "RUNNING")
    await_steps(page, 45)
    assert page.status("tick") == "RUNNING"


def test_a_question_is_answered(start, show):
    viewed = start(CONTROL, tree=ASKING)
    page = show(viewed.link).await_run()
    page.hear("Is the <b>cup</b> there?", "#question-text")
    assert page.run("return document.querySelector('#yes').disabled")
    page.click("#take")
    page.wait("may answer", lambda: not page.run("return document.querySelector('#yes').disabled"))
    page.insist("an answer", lambda: page.click("#yes"), lambda: page.status("after") == "RUNNING")
    assert not page.there("#question")


def test_one_person_steers_at_a_time(steered, show):
    viewed, page = steered
    other = show(viewed.link).await_run()
    other.wait("taken", lambda: "Another page steers" in other.text("#take"))
    other.press("h")
    other.hear("Another page steers", "#toasts")
    page.to_front().click("#leave")
    page.wait("it is free", lambda: page.there("#take"))
    other.to_front().insist("control", lambda: other.click("#take"), lambda: other.there("#hold"))
    page.to_front().wait("taken", lambda: "Another page steers" in page.text("#take"))


def test_who_steers_and_is_gone_leaves_the_arm_held(steered, show):
    viewed, page = steered
    other = show(viewed.link).await_run()
    page.to_front().click("#hold")
    page.wait("held", lambda: page.text("#mode") == "held")
    page.click("#change")
    page.driver.get("about:blank")
    other.to_front().wait("free", lambda: other.text("#take") == "Take control")
    other.wait("held", lambda: other.text("#mode") == "held")


def test_a_page_that_freezes_loses_control(steered, show):
    viewed, page = steered
    other = show(viewed.link).await_run()
    page.to_front().run(
        "setTimeout(() => { const until = performance.now() + 1500; while (performance.now() < until); }, 0)"
    )
    other.to_front().wait("free", lambda: other.text("#take") == "Take control")


def test_the_emergency_stop_works_from_any_page_however_busy(start, show):
    viewed = start()  # without --control
    page = show(viewed.link).await_run()
    page.await_status("beat", "RUNNING")
    page.run(BUSY)
    page.press(Keys.SPACE)
    await_true(lambda: "emergency stop" in viewed.said, "the stop")


def test_the_stop_is_no_part_of_a_word_that_is_typed(steered):
    viewed, page = steered
    page.press("/")
    page.driver.switch_to.active_element.send_keys("move to" + Keys.ENTER)
    await_steps(page, 10)
    assert "emergency stop" not in viewed.said


def test_a_run_that_failed_stays_to_be_looked_at_until_ctrl_c(start, show):
    viewed = start(tree=FAILING)
    page = show(viewed.link).await_run()
    page.await_status("broken", "FAILURE", "FAILURE off")
    page.hear("the cup is gone", "#rows")
    viewed.hear("Ctrl-C")
    page.press(Keys.HOME)
    page.wait("the beginning", lambda: page.time_s < 0.1)
    page.await_status("first", "RUNNING")
    assert page.complaints == []
    assert viewed.end() == 1


def test_what_a_person_did_is_in_the_recording(steered):
    viewed, page = steered
    hold(page)
    hold(page)
    viewed.end()
    acts = [act for record in viewed.records() for act in record.acts]
    assert any("hold" in act for act in acts)
    assert any("resume" in act for act in acts)
