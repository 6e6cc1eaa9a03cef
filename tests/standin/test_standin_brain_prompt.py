import pytest

from bt_robot.standin.prompt import Task, UnknownPrompt, understand


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("pick up the red block", Task("red", pick=True, place=False)),
        ("Grab the GREEN cube!", Task("green", pick=True, place=False)),
        ("place it in the container", Task("", pick=False, place=True)),
        ("put the yellow box into the bin", Task("yellow", pick=False, place=True)),
        ("pick up the red block and place it in the container", Task("red", pick=True, place=True)),
        ("go home", Task("", pick=False, place=False)),
        ("move to the rest pose", Task("", pick=False, place=False)),
    ],
)
def test_a_prompt_is_understood_by_its_words(prompt, task):
    assert understand(prompt) == task


@pytest.mark.parametrize(
    "prompt", ["", "dance", "the red block", "pick up the blue block", "pick it up", "pick the red and the green block"]
)
def test_what_is_not_understood_is_refused_and_what_would_be_is_said(prompt):
    with pytest.raises(UnknownPrompt) as caught:
        understand(prompt)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value) == (
        f"unknown prompt {prompt!r}; expected a pick (grab, grasp, lift, pick, take), "
        "a place (drop, place, put, release, sort) or a rest (home, reset, rest), "
        "with one of the colours red, green, yellow for a pick"
    )
