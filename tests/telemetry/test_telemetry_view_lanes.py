"""The timeline: a lane per subtree, with the times in which it was at work."""

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.view.lanes import MAX_LANES, MAX_SPANS, Lanes
from tests.telemetry.view_kit import LAYOUT, states

R, S, F, I = "RUNNING", "SUCCESS", "FAILURE", "IDLE"  # noqa: E741 - letters as in a timeline


def lanes_of(record, *ticks, layout=LAYOUT):
    """Lanes after ticks of a tenth of a second; each tick is the nodes' statuses."""
    lanes = Lanes()
    for k, words in enumerate(ticks):
        lanes.publish(record(k, time_s=k / 10, nodes=states(*words), layout=layout))
    return lanes


def spans(lanes, path):
    return next(lane["spans"] for lane in lanes.whole() if lane["path"] == path)


def test_a_lane_for_the_root_what_is_below_it_and_every_subtree(record):
    layout = (*LAYOUT, NodeInfo("t/pick/wait/deep", "skill", "deep", 3, 2, "subtree"))
    lanes = lanes_of(record, (R, R, R, R), layout=layout).whole()
    assert [(lane["path"], lane["name"], lane["depth"]) for lane in lanes] == [
        ("t", "t", 0),
        ("t/pick", "pick", 1),
        ("t/pick/wait/deep", "deep", 2),
    ]


def test_a_span_lasts_as_long_as_the_subtree_runs_and_says_how_it_ended(record):
    lanes = lanes_of(record, (R, I, I), (R, R, R), (R, R, R), (R, S, S), (R, I, I), (R, R, R), (R, F, F))
    assert spans(lanes, "t/pick") == [(0.1, 0.3, "SUCCESS"), (0.5, 0.6, "FAILURE")]
    assert spans(lanes, "t") == [(0.0, 0.6, "RUNNING")]


def test_what_was_halted_says_so(record):
    assert spans(lanes_of(record, (R, R, R), (R, R, R), (R, I, I)), "t/pick") == [(0.0, 0.2, "IDLE")]


def test_what_was_running_and_is_not_ticked_any_more_was_halted(record):
    lanes = lanes_of(record, (R, R, R))
    unticked = (*states(R), NodeState(Status.RUNNING, ticked=False), NodeState(Status.RUNNING))
    lanes.publish(record(1, time_s=0.1, nodes=unticked, layout=LAYOUT))
    assert spans(lanes, "t/pick") == [(0.0, 0.1, "IDLE")]


def test_a_condition_that_says_the_same_in_every_tick_is_one_span(record):
    lanes = lanes_of(record, (R, F, F), (R, F, F), (R, F, F), (R, S, S), (R, I, I), (R, S, S))
    assert spans(lanes, "t/pick") == [(0.0, 0.2, "FAILURE"), (0.3, 0.3, "SUCCESS"), (0.5, 0.5, "SUCCESS")]


def test_the_arm_that_brakes_after_the_end_adds_nothing(record):
    lanes = Lanes()
    lanes.publish(record(0, time_s=0.0, nodes=states(R, R, R), layout=LAYOUT))
    for k in (1, 2, 3):
        lanes.publish(record(k, time_s=k / 10, nodes=states(S, S, S), layout=LAYOUT, status=Status.SUCCESS))
    assert spans(lanes, "t/pick") == [(0.0, 0.1, "SUCCESS")]


def test_news_are_the_spans_that_are_new_or_changed(record):
    lanes = lanes_of(record, (R, R, R), (R, S, S))
    assert [lane["path"] for lane in lanes.news()] == ["t", "t/pick"]
    assert lanes.news() == []
    lanes.publish(record(2, time_s=0.2, nodes=states(R, R, R), layout=LAYOUT))
    (lane,) = lanes.news()
    assert lane["spans"] == [(0.2, 0.2, "RUNNING")]
    lanes.publish(record(3, time_s=0.3, nodes=states(R, R, R), layout=LAYOUT))
    assert lanes.news() == []
    lanes.publish(record(4, time_s=0.4, nodes=states(R, F, F), layout=LAYOUT))
    lanes.publish(record(5, time_s=0.5, nodes=states(R, I, I), layout=LAYOUT))
    lanes.publish(record(6, time_s=0.6, nodes=states(R, S, S), layout=LAYOUT))
    (lane,) = lanes.news()
    assert lane["spans"] == [(0.2, 0.4, "FAILURE"), (0.6, 0.6, "SUCCESS")]


def test_an_edited_tree_keeps_the_lanes_of_the_paths_that_stay(record):
    lanes = lanes_of(record, (R, R, R), (R, R, R))
    edited = (LAYOUT[0], NodeInfo("t/place", "skill", "place", 1, 0, "subtree"))
    lanes.publish(record(5, time_s=0.5, nodes=states(R, R), layout=edited))
    assert [(lane["path"], lane["spans"]) for lane in lanes.whole()] == [
        ("t", [(0.0, 0.1, "IDLE"), (0.5, 0.5, "RUNNING")]),
        ("t/place", [(0.5, 0.5, "RUNNING")]),
        ("t/pick", [(0.0, 0.1, "IDLE")]),
    ]


def test_a_skill_lasts_while_a_person_holds_the_run(record):
    lanes = lanes_of(record, (R, R, R))
    unticked = states(R, R, S, ticked=False)
    for k in (1, 2):
        lanes.publish(record(k, time_s=k / 10, nodes=unticked, layout=LAYOUT, mode="held"))
    lanes.publish(record(3, time_s=0.3, nodes=states(R, S, S), layout=LAYOUT))
    assert spans(lanes, "t/pick") == [(0.0, 0.3, "SUCCESS")]
    assert spans(lanes, "t") == [(0.0, 0.3, "RUNNING")]


def test_another_prompt_is_no_other_tree(record):
    lanes = lanes_of(record, (R, R, R), (R, R, R))
    lanes.publish(record(2, time_s=0.2, nodes=states(R, R, R), layout=(*LAYOUT[:2], LAYOUT[2])))
    assert spans(lanes, "t/pick") == [(0.0, 0.2, "RUNNING")]


def test_a_huge_tree_shows_the_lanes_nearest_to_its_root(record):
    layout = (
        LAYOUT[0],
        *(NodeInfo(f"t/{k}", "skill", f"{k}", 1, 0, "subtree") for k in range(MAX_LANES - 2)),
        NodeInfo("t/0/deep", "skill", "deep", 2, 1, "subtree"),
        NodeInfo("t/0/deep/er", "skill", "er", 3, MAX_LANES - 1, "subtree"),
    )
    lanes = lanes_of(record, tuple([R] * len(layout)), layout=layout).whole()
    assert len(lanes) == MAX_LANES
    assert lanes[-1]["path"] == "t/0/deep"


def test_spans_are_bounded(record):
    lanes = lanes_of(record, *[(R, S, S), (R, I, I)] * (MAX_SPANS + 10))
    assert len(spans(lanes, "t/pick")) == MAX_SPANS
    assert spans(lanes, "t/pick")[-1][0] == round((2 * MAX_SPANS + 18) / 10, 6)
    assert len(next(lane for lane in lanes.news() if lane["path"] == "t/pick")["spans"]) == MAX_SPANS
