"""An environment of its own for PyPI's openpi-client: `python -m benchmarks.openpi_environment` prints its Python.

It can't be installed beside us: it needs numpy below 2, and a package that it does not declare.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "build" / "openpi-client"
PACKAGES = ("openpi-client==0.1.2", "numpy<2", "typing_extensions")


def openpi_python() -> Path:
    """Return the Python that has openpi-client, after making its environment if there is none."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / "installed.txt"
    wanted = "\n".join(PACKAGES)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(FOLDER, clear=True, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    subprocess.run(install, stdout=sys.stderr, check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return python


if __name__ == "__main__":
    print(openpi_python())
