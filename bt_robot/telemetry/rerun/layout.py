"""How the viewer arranges a run when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bt_robot.messages import NodeInfo
from bt_robot.telemetry.rerun.conversion import TIME, node_path
from bt_robot.telemetry.rerun.library import load_rerun

_GROUPS = ("composite", "decorator")


def blueprint_of(nodes: Sequence[NodeInfo], joints: Sequence[str], cameras: Sequence[str]) -> Any:
    """Return a `rerun.blueprint.Blueprint`: pictures and joints above, skills, nodes and events below.

    Args:
        nodes: The tree.
        joints: The joints' names.
        cameras: The cameras' names.
    """
    rr, rrb = load_rerun(), load_rerun("rerun.blueprint")

    def at(parts: list[str]) -> str:
        return "/" + "/".join(rr.escape_entity_path_part(part) for part in parts)

    skills = [at(node_path(node)) for node in nodes if node.parent < 0 or node.kind == "subtree"]
    leaves = [at(node_path(node)) for node in nodes if node.kind not in _GROUPS]
    pictures = [rrb.Spatial2DView(origin=at(["cameras", name]), name=name) for name in cameras]
    lines = [
        rrb.TimeSeriesView(origin=at(["joints", name]), name=name, plot_legend=rrb.PlotLegend(visible=i == 0))
        for i, name in enumerate(joints)  # all have the same colours
    ]
    above = [rrb.Grid(*lines, name="joints")]
    if pictures:
        above.insert(0, rrb.Vertical(*pictures, name="cameras"))
    states = rrb.Tabs(
        rrb.StateTimelineView(origin="/", contents=[*skills, "/run/**"], name="skills"),
        rrb.StateTimelineView(origin="/tree", contents=leaves, name="conditions and actions"),
        rrb.StateTimelineView(origin="/tree", name="all nodes"),
        rrb.TimeSeriesView(origin="/policy", name="policy"),
    )
    words = rrb.Tabs(
        rrb.TextLogView(origin="/events", name="events"), rrb.TextLogView(origin="/blackboard", name="blackboard")
    )
    shares = [1, 3] if pictures else [1]
    return rrb.Blueprint(
        rrb.Vertical(rrb.Horizontal(*above, column_shares=shares), rrb.Horizontal(states, words, column_shares=[3, 1])),
        rrb.TimePanel(timeline=TIME, state="collapsed"),
        auto_views=False,
    )
