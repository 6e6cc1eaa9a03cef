"""The made-up camera does what it is told."""

import itertools

import pytest

from bt_robot.robot.cameras import scripted_source
from bt_robot.robot.cameras.scripted_source import ScriptedSource
from bt_robot.robot.cameras.settings import ScriptedCameraSettings, Step
from bt_robot.robot.cameras.sources import CorruptFrame, SourceLost


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def monotonic(self):
        return self.now_s

    def wait(self, time_s):
        self.now_s += time_s
        return False


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(scripted_source, "time", clock)
    return clock


def source_of(clock, *script, said=""):
    source = ScriptedSource(ScriptedCameraSettings(fps=10.0, script=script), clock.wait, lambda: said)
    source.open()
    return source


def test_it_plays_pictures_that_differ_at_its_rate(clock):
    source = source_of(clock)
    frames = [source.read() for _ in range(8)]
    assert len({frame.content_hash for frame in frames}) == 8
    assert [frame.captured_s for frame in frames] == pytest.approx([100.0 + n / 10 for n in range(8)])
    assert frames[0].image.shape == (48, 64, 3)
    source.close()


def test_it_follows_its_script_and_then_plays_on(clock):
    source = source_of(clock, Step("play", 0.45), Step("repeat", 0.45))
    hashes = [source.read().content_hash for _ in range(15)]
    assert len(set(hashes[:5])) == 5
    assert len(set(hashes[5:10])) == 1
    assert len(set(hashes[10:])) == 5


def test_a_command_ends_the_script(clock):
    source = source_of(clock, Step("repeat"), Step("lose"))
    assert source.read().content_hash == source.read().content_hash
    source.tell(Step("play"))
    clock.now_s += 1000.0
    assert source.read().content_hash != source.read().content_hash


def test_a_pause_is_a_lost_device_after_a_second(clock):
    source = source_of(clock)
    source.read()
    source.tell(Step("pause"))
    with pytest.raises(SourceLost, match="gives no pictures"):
        source.read()
    assert clock.now_s == pytest.approx(101.1, abs=0.11)
    source.tell(Step("pause", 0.5))
    assert source.read().captured_s == pytest.approx(clock.now_s, abs=0.11)


@pytest.mark.parametrize(("do", "low", "high"), [("black", 0, 9), ("white", 246, 255), ("cover", 50, 75)])
def test_a_covered_lens_shows_one_colour_in_pictures_that_differ(clock, do, low, high):
    source = source_of(clock, Step(do))
    frames = [source.read() for _ in range(12)]
    assert all(low <= frame.image.mean() <= high for frame in frames)
    assert all(frame.image.std() < 5 for frame in frames)
    assert all(a.content_hash != b.content_hash for a, b in itertools.pairwise(frames))


def test_an_unplugged_one_can_neither_be_read_nor_opened(clock):
    source = source_of(clock)
    source.tell(Step("lose"))
    with pytest.raises(SourceLost, match="was unplugged"):
        source.read()
    with pytest.raises(SourceLost, match="is unplugged"):
        source.open()
    source.tell(Step("play"))
    source.open()
    source.read()


def test_a_slow_one_takes_its_time_after_the_capture(clock):
    source = source_of(clock, Step("slow", amount=0.25))
    frame = source.read()
    assert clock.now_s - frame.captured_s == pytest.approx(0.25)


def test_a_late_one_shows_the_past(clock):
    source = source_of(clock, Step("late", amount=0.3))
    assert clock.now_s - source.read().captured_s == pytest.approx(0.3)


def test_a_burst_takes_no_time_and_leaves_nothing_behind(clock):
    source = source_of(clock, Step("burst"))
    for _ in range(100):
        source.read()
    assert clock.now_s == 100.0
    source.tell(Step("play"))
    source.read()
    source.read()
    assert clock.now_s == pytest.approx(100.2, abs=0.11)


def test_half_of_the_pictures_or_a_share_is_damaged(clock):
    source = source_of(clock, Step("corrupt", amount=0.25), said="Corrupt JPEG data: premature end of data segment")
    outcomes = []
    for _ in range(40):
        try:
            source.read()
        except CorruptFrame as damage:
            outcomes.append(str(damage))
    assert len(outcomes) == 40  # the decoder complains about each
    assert outcomes.count("the JPEG is damaged inside") > outcomes.count("the JPEG ends too early") > 0
    quiet = source_of(clock, Step("corrupt", amount=0.25))
    damaged = 0
    for _ in range(40):
        try:
            quiet.read()
        except CorruptFrame:
            damaged += 1
    assert 0 < damaged <= 10


def test_another_size_is_what_it_shows(clock):
    source = source_of(clock, Step("resize", amount=2.0))
    assert source.read().image.shape == (96, 128, 3)
