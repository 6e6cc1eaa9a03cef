"""`--set` changes single values and is checked like the file."""

from bt_robot.config.overlay import overlay
from bt_robot.config.source import MapNode, Problems, ScalarNode, parse


def changed(text, assignment):
    problems = Problems()
    root = overlay(parse(text, "x.yaml", problems), assignment, problems)
    return root, [str(problem) for problem in problems.found]


def leaf(root, *keys):
    for key in keys:
        assert isinstance(root, MapNode)
        root = root.get(key)
    assert isinstance(root, ScalarNode)
    return root


def test_a_value_is_replaced_and_its_place_is_the_flag():
    root, problems = changed("a: {b: 1, c: 2}", "a.b=5")
    assert problems == []
    assert leaf(root, "a", "b").text == "5"
    assert leaf(root, "a", "b").mark.file == "--set a.b=5"
    assert leaf(root, "a", "c").text == "2"


def test_missing_keys_are_added_on_the_way():
    root, _ = changed("a: 1", "x.y.z=word")
    assert leaf(root, "x", "y", "z").text == "word"
    assert leaf(root, "a").text == "1"


def test_a_value_may_hold_an_equals_sign_and_be_quoted():
    root, _ = changed("a: 1", "a='k=v'")
    assert (leaf(root, "a").text, leaf(root, "a").plain) == ("k=v", False)


def test_what_is_no_assignment_is_told():
    message = "--set {}: not an assignment; expected key=value, e.g. policy.timeout_s=3"
    for wrong in ("a", "=1", "a..b=1", ".=1"):
        assert changed("a: 1", wrong)[1] == [message.format(wrong)]
