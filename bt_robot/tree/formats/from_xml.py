"""BehaviorTree.CPP's XML, version 4, as tree files.

What has no place in the tree language is refused, all of it at once and each with its place; nothing is passed over in
silence. The nodes that come out stand where the XML has them, so whatever is wrong with the tree itself is told at its
place in the XML, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode, parse
from bt_robot.tree.formats.attributes import Attributes, scalar
from bt_robot.tree.formats.element import Element
from bt_robot.tree.formats.elements_to_yaml import NodeReader
from bt_robot.tree.formats.foreign import Names
from bt_robot.tree.formats.models_to_yaml import declared_ports
from bt_robot.tree.formats.remarks import Anchors
from bt_robot.tree.formats.to_xml import PARAMETER, Source, root_element
from bt_robot.tree.formats.xml_reader import read_xml
from bt_robot.tree.formats.yaml_text import Remarks, file_text, flow
from bt_robot.tree.language.header import Definition, read_definition
from bt_robot.tree.language.loading import load_definitions
from bt_robot.tree.language.parameters import Parameter, read_parameters
from bt_robot.tree.spec import TreeSpec
from bt_robot.tree.vocabulary.registry import Registry

_FIRST = ("tree", "subtree", "description", "include")


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One tree file that came out of an XML file.

    Attributes:
        place: Where it belongs, relative to the folder of the tree.
        name: The tree's or the subtree's name.
        text: All of it, as YAML.
    """

    place: PurePosixPath
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Import:
    """What came out of an XML file.

    Attributes:
        spec: The tree, loaded.
        files: The tree's file first, then those of its subtrees.
        notes: What is called differently now, in words.
    """

    spec: TreeSpec
    files: tuple[TreeFile, ...]
    notes: tuple[str, ...]


def tree_from_xml(path: Path, registry: Registry) -> Import:
    """Read an XML file as tree files.

    Args:
        path: The XML file.
        registry: The leaves that it may name.

    Raises:
        LoadError: Everything in it that can't be said here, or what is wrong with the tree.
    """
    problems = Problems()
    root = read_xml(path, problems)
    trees = _trees(root, problems) if root else []
    problems.raise_if_any()
    assert root is not None, "a file that could not be read has a problem"
    names = Names()
    drafts = _drafts(root, trees, registry, names, problems)
    problems.raise_if_any()
    _include_what_is_called(drafts, problems)
    heads = [draft.head() for draft in drafts]
    spec = load_definitions(heads, registry, problems)
    sources = list(_sources(drafts, heads, problems))
    _check_what_is_derived(root, trees, root_element(sources, registry, problems), problems)
    problems.raise_if_any()
    files = tuple(_file(draft, head, problems) for draft, head in zip(drafts, heads, strict=True))
    problems.raise_if_any()
    return Import(spec, files, tuple(names.notes))


def _file(draft: _Draft, head: MapNode, problems: Problems) -> TreeFile:
    text, trial = file_text(head, draft.remarks()), Problems()
    again = parse(text, draft.place, trial)
    if again is None:  # YAML files have limits of their own
        hint = "make a part of it a <BehaviorTree> of its own"
        for problem in trial.found:
            problems.add(draft.mark, f"as YAML: {problem.message}", expected=problem.expected, hint=hint)
    else:
        assert flow(again) == flow(head), "what was written says the same"
    return TreeFile(PurePosixPath(draft.place), draft.name, text)


def _trees(root: Element, problems: Problems) -> list[Element]:
    """Return the trees that are not derived from others, the main tree first."""
    if root.tag != "root":
        problems.add(root.mark, f"the file is a <{root.tag}>", expected='<root BTCPP_format="4">')
        return []
    attributes = Attributes(root, problems)
    version = attributes.take("BTCPP_format")
    if version != "4":
        what = f"BTCPP_format {version}" if version else "no BTCPP_format"
        hint = "" if version else "files of version 3 have none; open it in Groot2 to convert it"
        problems.add(attributes.mark("BTCPP_format"), what, expected='BTCPP_format="4"', hint=hint)
    main = attributes.take("main_tree_to_execute")
    attributes.refuse_rest(known="BTCPP_format, main_tree_to_execute")
    found: dict[str, Element] = {}
    for child in root.children:
        if child.tag == "BehaviorTree":
            _note_tree(child, found, problems)
        elif child.tag == "include":
            problems.add(child.mark, "an <include>", expected="one file", hint="copy the included trees into it")
        elif child.tag != "TreeNodesModel":
            problems.unknown(child.mark, "element", child.tag, ["BehaviorTree", "TreeNodesModel"])
    plain = {name: tree for name, tree in found.items() if "_variant_of" not in tree.attributes}
    first = main or next(iter(plain), "")
    if first not in plain or (main is None and len(plain) > 1):
        what = f"main_tree_to_execute='{main}'" if main else "which tree is the main one is not said"
        expected = f"one of {', '.join(plain)}" if plain else "at least one <BehaviorTree>"
        problems.add(root.place("main_tree_to_execute"), what, expected=expected)
        return []
    return [plain.pop(first), *plain.values()]


def _note_tree(tree: Element, found: dict[str, Element], problems: Problems) -> None:
    name = tree.attributes.get("ID", "")
    if not name:
        problems.add(tree.mark, "a <BehaviorTree> without ID", expected='ID="name"')
    elif name in found:
        hint = f"the first is on line {found[name].mark.line}"
        problems.add(tree.mark, f"a second <BehaviorTree> '{name}'", expected="another ID", hint=hint)
    else:
        found[name] = tree
    if len(tree.children) != 1:
        problems.add(tree.mark, f"<BehaviorTree> '{name}' has {len(tree.children)} children", expected="one")


@dataclass(slots=True)
class _Draft:
    """A file that is being made."""

    kind: str
    name: str
    place: str
    mark: Mark
    tree: Element
    says: dict[str, SourceNode]
    calls: tuple[str, ...]
    reader: NodeReader

    def head(self) -> MapNode:
        """Return the whole file; how it is called and what it includes come first, its nodes last."""
        last = [key for key in ("parameters", "root") if key in self.says]
        middle = [key for key in self.says if key not in (*_FIRST, *last)]
        keys = [*(key for key in _FIRST if key in self.says), *middle, *last]
        return MapNode(tuple((scalar(key, self.says[key].mark), self.says[key]) for key in keys), self.mark)

    def remarks(self) -> Remarks:
        """Return the comments."""
        return Remarks(self.tree.before, self.reader.before, self.reader.beside, self.tree.within)


def _drafts(
    root: Element, trees: Sequence[Element], registry: Registry, names: Names, problems: Problems
) -> list[_Draft]:
    called = {tree.attributes["ID"]: _name(tree, names) for tree in trees}
    models = declared_ports(root)
    declared = {
        name: _parameters(tree, models.get(name, ()), problems) for name, tree in zip(called, trees, strict=True)
    }
    subtrees = {
        name: (called[name], read_parameters(declared[name], Problems()) if declared[name] else {}) for name in called
    }
    return [
        _draft("subtree" if index else "tree", tree, subtrees, declared, registry, names, problems)
        for index, tree in enumerate(trees)
    ]


def _name(tree: Element, names: Names) -> str:
    return names.own(tree.attributes.get("_name", tree.attributes["ID"]))


def _parameters(tree: Element, model: Sequence[tuple[str, SourceNode]], problems: Problems) -> MapNode | None:
    """Return what a subtree takes: as it declares it, or else as the model of the file has it."""
    attributes = Attributes(tree, problems)
    entries: list[tuple[ScalarNode, SourceNode]] = []
    for name in tree.attributes:
        if name.startswith(PARAMETER):
            mark = attributes.mark(name)
            node = attributes.yaml(name)
            if node is not None:
                entries.append((scalar(name.removeprefix(PARAMETER), mark), node))
    if not entries:
        entries = [(scalar(name, node.mark), node) for name, node in model]
    return MapNode(tuple(entries), tree.mark) if entries else None


def _draft(
    kind: str,
    tree: Element,
    subtrees: dict[str, tuple[str, dict[str, Parameter]]],
    declared: dict[str, MapNode | None],
    registry: Registry,
    names: Names,
    problems: Problems,
) -> _Draft:
    attributes = Attributes(tree, problems)
    identity = attributes.take("ID") or ""
    name, parameters = subtrees[identity]
    attributes.take("_name")
    place = attributes.take("_file") or f"{name}.yaml"
    path = PurePosixPath(place)
    if path.is_absolute() or ".." in path.parts or "\\" in place or path.suffix != ".yaml":
        expected = "a relative path without '..', such as skills/pick.yaml"
        problems.add(attributes.mark("_file"), f'_file="{place}"', expected=expected)
    elif kind == "tree" and len(path.parts) > 1:
        expected = "no folder: the subtrees' places are seen from the tree"
        problems.add(attributes.mark("_file"), f'_file="{place}"', expected=expected)
    says: dict[str, SourceNode] = {kind: scalar(name, attributes.mark("ID"))}
    description = attributes.take("_description")
    if description is not None:
        says["description"] = scalar(description, attributes.mark("_description"), plain=False)
    for key in attributes.exact_names():
        node = attributes.exact(key)
        if node is not None:
            says[key] = node
    for key in attributes.rest():
        if key.startswith(PARAMETER):
            attributes.take(key)
    attributes.refuse_rest(known="ID, _description and what bt-convert writes")
    if parameters_node := declared[identity]:
        says["parameters"] = parameters_node
    reader = NodeReader(registry, subtrees, parameters, names, problems)
    says["root"] = reader.read(_unnamed(tree.children[0], names) if kind == "tree" else tree.children[0])
    return _Draft(kind, name, place, tree.mark, tree, says, tuple(reader.calls), reader)


def _unnamed(root: Element, names: Names) -> Element:
    """Return the root of a tree without a name of its own: it has the tree's."""
    name = root.attributes.get("name")
    if name is None:
        return root
    names.notes.setdefault(f"the root's name '{name}' is left out: it has the tree's")
    return replace(root, attributes={key: value for key, value in root.attributes.items() if key != "name"})


def _include_what_is_called(drafts: Sequence[_Draft], problems: Problems) -> None:
    """Let the tree include each subtree that no file includes yet, so that none is lost."""
    main = drafts[0]
    included = {path for draft in drafts for path in _included(draft)}
    places: dict[str, _Draft] = {}
    for draft in drafts:
        other = places.setdefault(draft.place, draft)
        if other is not draft:
            message = f"'{draft.name}' and '{other.name}' both belong into {draft.place}"
            problems.add(draft.mark, message, expected="a _file of its own for each")
    missing = [draft for draft in drafts[1:] if draft.place not in included]
    if not missing:
        return
    old = main.says.get("include")
    items = list(old.items) if isinstance(old, ListNode) else []
    for draft in missing:
        items.append(scalar(draft.place, draft.mark))
    main.says["include"] = ListNode(tuple(items), main.mark)


def _included(draft: _Draft) -> Iterator[str]:
    """Return the places of the files that a file includes."""
    include = draft.says.get("include")
    for item in include.items if isinstance(include, ListNode) else ():
        if isinstance(item, ScalarNode):
            yield str(PurePosixPath(draft.place).parent / item.text)


def _sources(drafts: Sequence[_Draft], heads: Sequence[MapNode], problems: Problems) -> Iterator[Source]:
    for draft, head in zip(drafts, heads, strict=True):
        definition: Definition | None = read_definition(head, (), problems)
        if definition:
            yield Source(definition, head, draft.place, Anchors(()))


def _check_what_is_derived(root: Element, trees: Sequence[Element], again: Element, problems: Problems) -> None:
    """Note what the file has besides the trees that is not what they make: somebody changed it in vain."""
    anew = {tree.attributes.get("ID", ""): tree for tree in again.children if tree.tag == "BehaviorTree"}
    variants = {tree.children[0].infoset() for tree in anew.values() if "_variant_of" in tree.attributes}
    for tree in root.children:
        of = tree.attributes.get("_variant_of")
        if of is not None and tree.tag == "BehaviorTree" and tree.children[0].infoset() not in variants:
            message = f"'{tree.attributes['ID']}' is not what '{of}' and the nodes of its calls make"
            hint = "delete this <BehaviorTree>: it is written anew"
            problems.add(tree.mark, message, expected=f"a change in '{of}', or in the call", hint=hint)
    plain = [tree for tree in anew.values() if "_variant_of" not in tree.attributes]
    for tree, same in zip(trees, plain, strict=True):
        for call, other in zip(_calls(tree), _calls(same), strict=False):
            for name, value in call.attributes.items():
                if "-" in name and other.attributes.get(name) != value:
                    expected = f'{name}="{other.attributes.get(name, "")}"' if name in other.attributes else "nothing"
                    hint = "delete it: it is written anew"
                    problems.add(call.place(name), f'{name}="{value}"', expected=expected, hint=hint)


def _calls(element: Element) -> Iterator[Element]:
    if element.tag == "SubTree":
        yield element
    for child in element.children:
        yield from _calls(child)
