"""The attributes of one element: each is taken by what understands it, and what is left is refused."""

from __future__ import annotations

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ScalarNode, SourceNode
from bt_robot.errors import Code
from bt_robot.tree.formats.counterparts import SCRIPTS
from bt_robot.tree.formats.element import Element
from bt_robot.tree.formats.values import EXACT, from_exact


class Attributes:
    """What an element says, taken one by one."""

    def __init__(self, element: Element, problems: Problems) -> None:
        """Start with nothing taken."""
        self._element = element
        self._problems = problems
        self._left = dict(element.attributes)

    def take(self, name: str) -> str | None:
        """Take an attribute; None if it is not there."""
        return self._left.pop(name, None)

    def mark(self, name: str) -> Mark:
        """Return where an attribute is written."""
        return self._element.place(name)

    def yaml(self, name: str) -> SourceNode | None:
        """Take an attribute that holds YAML; None if it is not there, or no YAML (the problem is noted)."""
        text = self.take(name)
        return None if text is None else from_exact(text, self.mark(name), self._problems)

    def exact(self, name: str) -> SourceNode | None:
        """Take the YAML that goes along for a name; None if there is none."""
        return self.yaml(f"{EXACT}{name}")

    def rest(self) -> list[str]:
        """Return the names of what was not taken."""
        return list(self._left)

    def exact_names(self) -> list[str]:
        """Return the names for which YAML is left."""
        return [name.removeprefix(EXACT) for name in self._left if name.startswith(EXACT)]

    def refuse_rest(self, *, known: str) -> None:
        """Note every attribute that was not taken.

        Args:
            known: What could have stood there.
        """
        for name, value in self._left.items():
            mark = self.mark(name)
            if name in SCRIPTS:
                hint = "make it a node: a condition in a guard or a fallback"
                self._problems.add(mark, f"a script '{name}'", expected="no scripts: they are not run here", hint=hint)
            elif name == "_autoremap":
                hint = 'hand in each value: port="{key}"'
                self._problems.add(mark, f'_autoremap="{value}"', expected="no automatic remapping", hint=hint)
            else:
                known_words = [word for word in known.split(", ") if " " not in word]
                self._problems.unknown(
                    mark, "attribute", name, known_words, expected=f"one of {known}", code=Code.UNKNOWN_KEY
                )


def scalar(text: str, mark: Mark, *, plain: bool = True) -> ScalarNode:
    """Return a word as a source node."""
    return ScalarNode(text, plain, mark)
