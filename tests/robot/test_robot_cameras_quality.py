"""What a person should know about pictures that are fresh, on a clock by hand."""

import pytest

from bt_robot.robot.cameras.quality import CorruptShare, Exposure

DAMAGED = (
    "camera 'wrist': more than 10% of its pictures in 5 s are damaged:"
    " try a shorter cable, another USB port without a hub, or a smaller size"
)


@pytest.mark.parametrize(
    ("mean", "deviation", "words"),
    [
        (2.0, 1.0, "camera 'wrist': its pictures are black: is the lens covered, or the light off?"),
        (254.0, 1.0, "camera 'wrist': its pictures are white: is there too much light, or is its exposure stuck?"),
        (120.0, 2.0, "camera 'wrist': its pictures show one colour: is the lens covered?"),
    ],
)
def test_a_second_of_a_covered_lens_is_told_and_forgotten_when_it_is_free(mean, deviation, words):
    exposure = Exposure("wrist")
    assert exposure.see(0.0, 120.0, 40.0) == ""
    assert exposure.see(1.0, mean, deviation) == ""
    assert exposure.see(1.9, mean, deviation) == ""
    assert exposure.see(2.0, mean, deviation) == words
    assert exposure.see(2.1, 120.0, 40.0) == ""
    assert exposure.see(2.2, mean, deviation) == ""


def test_a_night_scene_and_a_snow_scene_are_pictures():
    exposure = Exposure("wrist")
    for now_s in range(5):
        assert exposure.see(now_s, 15.0, 12.0) == ""
        assert exposure.see(now_s, 240.0, 12.0) == ""


def test_a_tenth_of_damaged_pictures_in_five_seconds_is_told_until_it_is_better():
    share = CorruptShare("wrist")
    frames = corrupt = 0
    said = []
    for tick in range(1200):  # 40 s at 30 Hz; from 10 s to 20 s every fifth picture is damaged
        now_s = tick / 30
        damaged = 10.0 <= now_s < 20.0 and tick % 5 == 0
        corrupt += damaged
        frames += not damaged
        said.append(share.see(now_s, frames, corrupt))
    assert set(said) == {"", DAMAGED}
    told_s = [tick / 30 for tick, words in enumerate(said) if words]
    assert 10.0 < told_s[0] < 15.0
    assert 20.0 < told_s[-1] < 25.0
    assert len(told_s) == round((told_s[-1] - told_s[0]) * 30) + 1


def test_one_damaged_picture_is_nothing_to_tell():
    share = CorruptShare("wrist")
    assert share.see(0.0, 0, 0) == ""
    assert share.see(0.1, 3, 1) == ""
    assert share.see(0.2, 3, 2) == ""
    assert share.see(0.3, 3, 3) == DAMAGED


def test_what_it_remembers_is_bounded():
    share = CorruptShare("wrist")
    for tick in range(100_000):
        share.see(tick / 100, tick, 0)
    assert len(share._samples) < 100
