"""Packages as an installer leaves them behind: modules, and a folder of metadata beside them."""

import textwrap

LEAF = '''
from bt_robot.tree import Action, Input, success


class {cls}(Action):
    """Do it at once."""

    type_name = "{name}"
    size_m = Input(float, default=0.1, minimum=0.0, doc="how large [m]")

    def on_tick(self, ctx):
        return success()
'''


def leaf(name, cls="DoIt"):
    """Return a module with a leaf that succeeds at once."""
    return LEAF.format(name=name, cls=cls)


def install(site, name="my-parts", version="1.2", *, entries, modules=None, requires=()):
    """Put a package into a folder of installed packages.

    Args:
        site: The folder.
        name: The distribution's name.
        version: Its version.
        entries: Target by name, by group.
        modules: Text by path below the folder.
        requires: What it depends on.
    """
    for path, text in (modules or {}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(textwrap.dedent(text))
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
    groups = (f"[{group}]\n" + "".join(f"{n} = {t}\n" for n, t in some.items()) for group, some in entries.items())
    (info / "entry_points.txt").write_text("\n".join(groups))
