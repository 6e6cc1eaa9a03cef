"""Tree files as BehaviorTree.CPP's XML, version 4: written from the files, not from the tree that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bt_robot.config.comments import comments_in
from bt_robot.config.problems import Problems
from bt_robot.config.source import MapNode, ScalarNode, read_file
from bt_robot.tree.formats.element import Element, can_be_written, document
from bt_robot.tree.formats.model import subtree_model
from bt_robot.tree.formats.names import Extra, Frame, Given, Place, Sheet
from bt_robot.tree.formats.nodes_to_xml import NodeWriter
from bt_robot.tree.formats.remarks import Anchors
from bt_robot.tree.formats.values import EXACT
from bt_robot.tree.formats.yaml_text import flow
from bt_robot.tree.language.header import Definition, read_definition
from bt_robot.tree.language.loading import load_tree
from bt_robot.tree.vocabulary.registry import Registry

PARAMETER = "_parameter_"
"""Before the name of a parameter: the attribute that declares it, as YAML."""

_NOT_GENERIC = ("tree", "subtree", "description", "parameters", "root")


def tree_to_xml(path: Path, registry: Registry, search: Sequence[Path] = ()) -> str:
    """Return a tree file, with everything that it includes, as one XML file.

    Args:
        path: The tree file.
        registry: The leaves that it may name.
        search: Folders in which includes are looked for after the including file's own.

    Raises:
        LoadError: The tree does not load, or uses one name for two things that are one in XML.
    """
    problems = Problems()
    sources = [Source.read(file, path, search, problems) for file in load_tree(path, registry, search).files]
    root = root_element([source for source in sources if source], registry, problems)
    problems.raise_if_any()
    return document(root)


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        definition: What it declares.
        head: All of it.
        place: Where it belongs, relative to the tree's folder.
        anchors: Its comments.
    """

    definition: Definition
    head: MapNode
    place: str
    anchors: Anchors

    @classmethod
    def read(cls, path: Path, main: Path, search: Sequence[Path], problems: Problems) -> Source | None:
        """Read a file; None when it can't be read (the problem is noted)."""
        head = read_file(path, problems)
        definition = read_definition(head, (), problems) if head else None
        if not isinstance(head, MapNode) or definition is None:
            return None
        folder = next((base for base in (main.parent, *search) if path.is_relative_to(base)), path.parent)
        anchors = Anchors(comments_in(path.read_text(encoding="utf-8-sig")))
        return cls(definition, head, path.relative_to(folder).as_posix(), anchors)


def root_element(sources: Sequence[Source], registry: Registry, problems: Problems) -> Element:
    """Return the XML of files that have been loaded.

    Args:
        sources: The tree first, then its subtrees.
        registry: The leaves.
        problems: Where it is noted what XML can't say.
    """
    return _Exporter(sources, registry, problems).root()


@dataclass(frozen=True, slots=True)
class _Written:
    """A `<BehaviorTree>` and the names that its calls hand in."""

    element: Element
    extras: tuple[Extra, ...]


class _Exporter:
    """Writes the trees of one file: each definition once, and again for the nodes that it is called with."""

    def __init__(self, sources: Sequence[Source], registry: Registry, problems: Problems) -> None:
        self._sources = sources
        self._subtrees = {source.definition.name: source for source in sources[1:]}
        self._done: dict[str, _Written] = {}
        self._variants: dict[str, dict[object, _Written]] = {}
        self._called_before: dict[object, _Written] = {}
        definitions = {name: source.definition for name, source in self._subtrees.items()}
        self._nodes = NodeWriter(registry, definitions, self._called, problems)

    def root(self) -> Element:
        main = self._sources[0]
        name = main.definition.name
        main_id = f"{name}-Tree" if name in self._subtrees or self._nodes.is_type(name) else name
        trees = [self._written(main, main_id).element]
        for source in self._sources[1:]:
            trees.append(self._plain(source.definition.name).element)
            trees += [variant.element for variant in self._variants.get(source.definition.name, {}).values()]
        models = (*self._nodes.models(), *self._subtree_models())
        last = (Element("TreeNodesModel", children=models),) if models else ()
        return Element("root", {"BTCPP_format": "4", "main_tree_to_execute": main_id}, (*trees, *last))

    def _called(self, definition: Definition, nodes: Mapping[str, Given]) -> tuple[str, tuple[Extra, ...]]:
        """Return the ID of a subtree with some nodes in place, and the names that it needs."""
        plain = self._plain(definition.name)
        if not nodes:
            return plain.element.attributes["ID"], plain.extras
        frame = Frame(definition, nodes)
        key = frame.key()
        if key not in self._called_before:
            self._called_before[key] = self._variant(frame, plain)
        written = self._called_before[key]
        return written.element.attributes["ID"], written.extras

    def _variant(self, frame: Frame, plain: _Written) -> _Written:
        """Write a subtree with nodes in place, unless that gives a tree that is there already."""
        definition, sheet = frame.definition, Sheet()
        assert definition.root is not None, "it was loaded"
        body = self._nodes.write(definition.root, Place(frame, sheet))
        if body.infoset() == plain.element.children[0].infoset():
            return plain
        known = self._variants.setdefault(definition.name, {})
        # Names of subtrees have no capitals, so this one is free.
        name = f"{definition.name}-V{len(known) + 1}"
        tree = Element("BehaviorTree", {"ID": name, "_variant_of": definition.name}, (body,))
        return known.setdefault(body.infoset(), _Written(tree, tuple(sheet.extras)))

    def _plain(self, name: str) -> _Written:
        """Write a subtree with gaps where its node parameters stand."""
        if name not in self._done:
            self._done[name] = self._written(self._subtrees[name], name)
        return self._done[name]

    def _written(self, source: Source, name: str) -> _Written:
        definition = source.definition
        assert definition.root is not None, "it was loaded"
        top = source.anchors.above(_first_line(definition))
        sheet = Sheet(source.anchors)
        place = Place(Frame(definition), sheet)
        body = self._nodes.write(definition.root, place)
        attributes = {"ID": name, **_head(source, name)}
        within = source.anchors.rest()
        return _Written(Element("BehaviorTree", attributes, (body,), before=top, within=within), tuple(sheet.extras))

    def _subtree_models(self) -> Iterator[Element]:
        for name, source in self._subtrees.items():
            definition = source.definition
            given = [p for p in definition.parameters.values() if (name, p.name) not in self._nodes.left_out]
            entry = subtree_model(name, given)
            if entry.children:
                yield entry
                for variant in self._variants.get(name, {}).values():
                    yield replace(entry, attributes={"ID": variant.element.attributes["ID"]})


def _first_line(definition: Definition) -> int:
    root = definition.root
    return root.entries[0][0].mark.line if isinstance(root, MapNode) and root.entries else root.mark.line if root else 0


def _head(source: Source, name: str) -> dict[str, str]:
    """Return what a file says besides its nodes, as attributes that BehaviorTree.CPP passes over."""
    said = {"_file": source.place}
    if source.definition.name != name:
        said["_name"] = source.definition.name
    for key, value in source.head.entries:
        if key.text == "description" and isinstance(value, ScalarNode) and can_be_written(value.text):
            said["_description"] = value.text
        elif key.text == "parameters" and isinstance(value, MapNode):
            said |= {f"{PARAMETER}{parameter.text}": flow(declared, "'") for parameter, declared in value.entries}
        elif key.text not in _NOT_GENERIC or key.text == "description":
            said[f"{EXACT}{key.text}"] = flow(value, "'")
    return said
