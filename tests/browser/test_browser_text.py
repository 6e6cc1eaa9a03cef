"""What was written by others is shown as text: no name, prompt, reason or log line becomes a part of the page."""

from dataclasses import replace

import pytest

from bt_robot.messages import Health, KeyWrite, LinkState, NodeInfo, NodeState, Observation, Status, Verdict
from bt_robot.telemetry.view.told import Ended
from tests.browser.view_kit import serving, tick

EVIL = (
    "<img src=x onerror=pwned()>",
    "<script>pwned()</script>",
    "</title><script>pwned()</script>",
    '"><svg onload=pwned()>',
    "javascript:pwned()",
    "&lt;b&gt; &amp;",
    "{{7*7}} ${pwned()}",
    "\x1b[31mred\x1b[0m\u202etxt.exe",
)


@pytest.mark.parametrize("words", EVIL, ids=range(len(EVIL)))
def test_foreign_words_are_shown_literally(words, show):
    layout = (
        NodeInfo(words, words, words, 0, -1, "subtree", words, f"reason={words}"),
        NodeInfo(f"{words}/{words}", words, f"{words}.", 1, 0, "action", words, words),
    )
    states = tuple(NodeState(Status.RUNNING, words, 0.0, ticked=True) for _ in layout)
    made = tick(0, layout, states)
    record = replace(
        made,
        prompt=words,
        skill=words,
        events=(words,),
        written=(KeyWrite(words, words, words),),
        verdict=Verdict(refused=words),
        link=LinkState(False, words, url=words, requests=1),
        observation=Observation(0, 0.0, made.observation.joints, {}, Health(notes=(words,), stopped=words)),
    )
    with serving(words, note=words) as view:
        page = show("about:blank")
        page.driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": "window.pwned = () => { window.was_pwned = true; };"}
        )
        view.server.publish(record)
        page.driver.get(view.link)
        page.await_run()
        page.run("document.querySelector('#rows .row .name').click()")  # opens what is known of the node
        places = ("#title", "#prompt", "#skill", ".row .name", ".row .reason", "#inspector", "#events", "#blackboard")
        for place in (*places, "#governor", "#health", "#link"):
            page.hear(words, place)
        view.server.end(Ended("FAILURE", words, words))
        page.wait("ended", lambda: page.text("#mode") == "ended")
        assert not page.run("return window.was_pwned ?? false")
        assert (
            page.run("return document.querySelectorAll('img, iframe, script:not([src]), [onerror], [onload]').length")
            == 0
        )
        assert page.complaints == []
