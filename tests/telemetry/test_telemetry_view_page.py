"""What waits for a page: in order, newest pictures only, never more than a page can be behind."""

import asyncio
import math

from bt_robot.telemetry.view.asked import Window
from bt_robot.telemetry.view.page import MAX_WAITING_BYTES, MAX_WINDOWS, MESSAGES_BURST, MESSAGES_HZ, Page


def page():
    page = Page("anna", 0.0)
    page.behind = False
    return page


def waiting(page):
    return list(iter(page.take, None))


def test_messages_come_in_order():
    anna = page()
    for message in (b"1", b"2", b"3"):
        anna.tell(message)
    assert waiting(anna) == [b"1", b"2", b"3"]


def test_a_new_page_is_told_everything_before_anything_else():
    anna = Page("anna", 0.0)
    anna.tell(b"a tick")
    assert anna.behind
    assert waiting(anna) == []


def test_a_page_that_is_too_slow_is_told_everything_anew():
    anna = page()
    tick = b"x" * 1000
    for _ in range(MAX_WAITING_BYTES // len(tick)):
        anna.tell(tick)
    assert not anna.behind
    anna.tell(tick)
    assert anna.behind
    assert waiting(anna) == []
    anna.tell(tick)
    assert waiting(anna) == []
    anna.behind = False
    anna.tell(tick)
    assert waiting(anna) == [tick]


def test_what_was_taken_makes_room():
    anna = page()
    for _ in range(5000):
        anna.tell(b"x" * 1000)
        anna.take()
    assert not anna.behind


def test_of_a_camera_only_the_newest_picture_waits():
    anna = page()
    anna.show("front", b"1")
    anna.show("wrist", b"2")
    anna.show("front", b"3")
    assert sorted(iter(anna.take_picture, None)) == [b"2", b"3"]


def test_pictures_of_another_time_are_dropped():
    anna = page()
    anna.show("front", b"now")
    anna.seek(1.0)
    assert anna.take_picture() is None
    assert (anna.follows, anna.seek_s) == (False, 1.0)
    anna.seek(math.inf)
    assert anna.seek_s == math.inf


def test_of_many_plots_the_oldest_are_never_answered():
    anna = page()
    for k in range(MAX_WINDOWS + 2):
        anna.ask(Window(f"{k}", 0.0, 1.0, 10))
    anna.ask(Window("3", 5.0, 6.0, 10))
    assert list(anna.windows) == [*(f"{k}" for k in range(2, MAX_WINDOWS + 2) if k != 3), "3"]
    assert anna.windows["3"].start_s == 5.0


def test_a_page_may_not_send_more_than_it_may():
    anna = page()
    assert all(anna.heard(0.0) for _ in range(int(MESSAGES_BURST)))
    assert not anna.heard(0.0)
    assert anna.heard(1.5 / MESSAGES_HZ)
    assert not anna.heard(1.5 / MESSAGES_HZ)
    assert anna.heard(1e6)


def test_who_sends_wakes_up_when_there_is_something():
    async def scene():
        anna = page()
        waits = asyncio.ensure_future(anna.wait())
        await asyncio.sleep(0)
        assert not waits.done()
        anna.tell(b"1")
        await waits
        anna.seek(1.0)
        await anna.wait()

    asyncio.run(scene())
