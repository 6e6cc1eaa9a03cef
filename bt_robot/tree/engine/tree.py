"""A tree that runs: fresh nodes and a blackboard of its own, made from a spec."""

from __future__ import annotations

from collections.abc import Sequence

from py_trees.common import Status as Oracle
from py_trees.visitors import VisitorBase

from bt_robot.errors import InputError, did_you_mean
from bt_robot.messages import KeyWrite, NodeFailure, NodeInfo, NodeState, Setup, Status, TickContext
from bt_robot.tree.engine.blame import slowest_leaf
from bt_robot.tree.engine.building import build_nodes
from bt_robot.tree.engine.changes import Change, parameter_change, prompt_change
from bt_robot.tree.engine.hooks import After, Before, Hook
from bt_robot.tree.engine.leaf_node import LeafNode
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, Node, Run
from bt_robot.tree.engine.states import RUNS, STATUS, States
from bt_robot.tree.engine.visiting import Visitors
from bt_robot.tree.spec import Key, TreeSpec


class Tree:
    """A tree in the middle of a run, or before or after one.

    Attributes:
        nodes: What there is to know about each node, from the root down.
        layouts: All that `nodes` has been, the newest last: it is another tuple after a `change`.
        root: The root, a py_trees behaviour, for py_trees' displays.
    """

    def __init__(self, nodes: Sequence[Node], infos: Sequence[NodeInfo], run: Run) -> None:
        """Wrap nodes that belong together; use `build_tree`."""
        self.nodes: tuple[NodeInfo, ...] = tuple(infos)
        self.layouts = [self.nodes]
        self.root = nodes[0]
        self._run = run
        self._context = run.context
        self._all = tuple(nodes)
        self._deepest_first = sorted(nodes, key=lambda node: -node.depth)
        self._states = States(self._all)
        self._visitors = Visitors()
        self._by_path: dict[str, Node] = {}
        self._hooks: dict[str, Hook] = {}
        self._written: dict[Key, int] = dict.fromkeys(run.slots, 0)
        self._withheld: Oracle | None = None
        self._setup: Setup | None = None

    def objections(self, setup: Setup) -> list[tuple[str, str]]:
        """Return (path, why) of every leaf that can't work in a setup."""
        self._setup = setup
        found = [(node.path, node.why_not(setup)) for node in self._all if isinstance(node, LeafNode)]
        return [(path, why) for path, why in found if why]

    def tick(self, ctx: TickContext) -> Status:
        """Tick the tree once; a tree that has ended starts again.

        Whatever a leaf raises becomes its FAILURE; only KeyboardInterrupt and SystemExit pass. As long as leaves
        that were halted need ticks to let go, these ticks are theirs alone and the tree is RUNNING; if it has ended
        meanwhile, it says so in the last one.

        Args:
            ctx: What the leaves can reach in this tick.

        Returns:
            RUNNING, SUCCESS or FAILURE.
        """
        run, context = self._run, self._context
        if self._visitors.present:
            self._visitors.begin()
        run.begin(ctx)
        try:
            status = self._go_on() if run.leaving else self.root.advance()
            if run.leaving:
                status = self._withhold(status)
            if context.owner is not None:
                context.hand_over()
        finally:
            context.current = context.leaf = None
            if run.observed:
                self._states.look(run)
        if self._visitors.present:
            self._visitors.show(run.trace, self.root)
        return RUNS if status is RUNNING else STATUS[status]

    def rest(self) -> None:
        """Let a tick pass in which nothing of the tree is ticked; everything else stays as it is."""
        self._run.pass_by()
        self._look()

    def leave(self, ctx: TickContext) -> bool:
        """Tick only the leaves that are still letting go, as after `halt`.

        Args:
            ctx: What they can reach in this tick.

        Returns:
            Whether any of them needs another tick; each is cut off after its `leave_at_most_s`.
        """
        self._run.begin(ctx)
        try:
            self._go_on_leaving()
            self._context.hand_over()
        finally:
            self._context.current = self._context.leaf = None
            self._look()
        return self.leaving

    def halt(self) -> None:
        """Halt every running leaf, deepest first, and reset the tree; nothing if nothing runs.

        What a leaf raises in `on_halt` is logged, and the others are halted all the same. Leaves that need more
        ticks to let go are `leaving` afterwards: they have to be ticked by `leave`, or to be cut off.
        """
        self._withheld = None
        if not any(node.status is RUNNING for node in self._all):
            return
        for node in self._deepest_first:
            if node.status is not INVALID:
                node.stop(INVALID)
        self._look()

    def cut_off(self, why: str) -> None:
        """Wait no longer for leaves that are still letting go; each is logged."""
        for node in list(self._run.leaving):
            node.cut_off(why)
        self._look()

    @property
    def leaving(self) -> bool:
        """Whether there are leaves that were halted and need more ticks to let go."""
        return bool(self._run.leaving)

    def states(self) -> tuple[NodeState, ...]:
        """Return how each node stands after the latest tick or halt, in the order of `nodes`."""
        if not self._run.observed:
            self._states.look_at_all(self._run)
        return self._states.told()

    def blackboard(self) -> dict[str, dict[str, object]]:
        """Return what the keys hold that were written, by scope (the tree's name, or a subtree call's path) and key."""
        board: dict[str, dict[str, object]] = {}
        for key, slot in self._run.slots.items():
            if slot.written:
                board.setdefault(key.scope, {})[key.name] = slot.read()
        return board

    def written(self) -> tuple[KeyWrite, ...]:
        """Return what was written on the blackboard, or unset, since this was asked last, in the order of the keys."""
        writes: list[KeyWrite] = []
        seen = self._written
        for key, slot in self._run.slots.items():
            if slot.changes != seen[key]:
                seen[key] = slot.changes
                writes.append(KeyWrite(key.scope, key.name, slot.read() if slot.written else None))
        return tuple(writes)

    def lag(self, behind_s: float) -> None:
        """Note how far the time that the tree is told is behind the run's [s]; states tell of the run's."""
        self._run.behind_s = behind_s

    @property
    def visited(self) -> tuple[Node, ...]:
        """The nodes ticked in the latest tick, children before their parents, as py_trees' visitors see them."""
        return tuple(self._run.trace)

    @property
    def failure(self) -> NodeFailure | None:
        """The node that explains the tree's FAILURE; None unless the latest tick ended in one."""
        why = self.root.explanation
        failed = self.root.status is FAILURE and self._withheld is None
        return NodeFailure(why.path, why.reason) if why and failed else None

    @property
    def slowest(self) -> tuple[str, float] | None:
        """Path and time [s] of the leaf that was busy longest in the latest tick; None if none was ticked."""
        return slowest_leaf(self._run)

    def add_visitor(self, visitor: VisitorBase) -> None:
        """Show what is ticked to one of py_trees' visitors, after every tick; one that raises is dropped and logged."""
        self._visitors.add(visitor)

    def remove_visitor(self, visitor: VisitorBase) -> None:
        """Show a visitor nothing any more."""
        self._visitors.remove(visitor)

    def hook(self, path: str, *, before: Before | None = None, after: After | None = None, owner: str = "") -> None:
        """Pause or replace a node; it takes the place of an earlier hook that its owner had at the same node.

        Args:
            path: The node.
            before: Asked whenever the node is about to be ticked. None ticks it as usual. RUNNING holds it: it is not
                ticked, and stays as it is. SUCCESS or FAILURE is what it says without being ticked; if it was
                RUNNING it is halted first.
            after: Asked with the node's answer when it was ticked. None leaves it at that; another answer replaces it.
                An end that was replaced by RUNNING is told in the node's own words once `before` answers with it.
            owner: Whose hook it is; of several owners the first one that has an answer is heeded.

        Raises:
            InputError: There is no such node.
        """
        hook = self._hooks.get(path)
        if hook is None:
            hook = self._hooks[path] = Hook(self._node(path))
        hook.add(owner, before, after)

    def unhook(self, path: str, owner: str = "") -> None:
        """Leave a node alone again, as far as its owner goes; nothing happens if it has no hook."""
        hook = self._hooks.get(path)
        if hook is not None and hook.drop(owner):
            del self._hooks[path]
            hook.remove()
            self._look()

    def status_of(self, path: str) -> Status:
        """Return how a node stands right now, also in the middle of a tick.

        Raises:
            InputError: There is no such node.
        """
        return STATUS[self._node(path).status]

    def change(self, path: str, name: str, text: str) -> Change:
        """Prepare another value for a node's parameter, or another prompt for the policy queries at and below a node.

        Nothing is changed before `take`; any thread may ask. What was prepared before another change was taken must
        not be taken after it: it does not know of that one.

        Args:
            path: The node.
            name: The parameter; `prompt` for the prompt in force there.
            text: The value, as it would be written in a tree file.

        Raises:
            InputError: There is no such node or parameter, or it can't have this value.
        """
        node = self._node(path)
        if name == "prompt":
            return prompt_change(self._all, self.nodes, node, text)
        return parameter_change(node, self.nodes, name, text, self._setup)

    def take(self, change: Change) -> None:
        """Change what was prepared, between two ticks; `nodes` is another tuple then, and tells of it."""
        change.apply()
        self.nodes = change.nodes
        self.layouts.append(self.nodes)

    def _node(self, path: str) -> Node:
        if not self._by_path:
            self._by_path = {node.path: node for node in self._all}
        node = self._by_path.get(path)
        if node is None:
            hint = did_you_mean(path, list(self._by_path))
            raise InputError(f"the tree has no node '{path}'" + (f"; {hint}" if hint else ""))
        return node

    def _go_on(self) -> Oracle:
        """Tick the leaves that are leaving; when they are done, say how the tree ended meanwhile, if it did."""
        self._go_on_leaving()
        if self._run.leaving or self._withheld is None:
            return RUNNING
        status, self._withheld = self._withheld, None
        return status

    def _withhold(self, status: Oracle) -> Oracle:
        """Execute only what leaves that are leaving ask for, and keep the tree's end for later."""
        self._context.keep_only(self._run.leaving)
        if status is not RUNNING:
            self._withheld = status
        return RUNNING

    def _go_on_leaving(self) -> None:
        for node in list(self._run.leaving):
            node.go_on_leaving()

    def _look(self) -> None:
        if self._run.observed:
            self._states.look(self._run)


def build_tree(spec: TreeSpec, *, observed: bool = True) -> Tree:
    """Make a tree to run: fresh nodes, fresh leaves and an empty blackboard.

    Args:
        spec: What `load_tree` or `parse_tree` returned; it may be built any number of times.
        observed: Time the leaves and follow the states of all nodes; without that a tick takes a third less
            time, `slowest` is None and `states()` does not know since when.

    Raises:
        InputError: The tree is too deep.
    """
    run = Run(observed=observed)
    nodes, infos = build_nodes(spec.root, run)
    return Tree(nodes, infos, run)
