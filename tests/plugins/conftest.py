"""A folder of installed packages that is gone after the test, with everything imported from it."""

import importlib
import sys

import pytest
from plugin_kit import install


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or next(
            iter(getattr(sys.modules[name], "__path__", ())), ""
        )
        if str(file).startswith(str(folder)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def installed_package(site):
    """A function that installs a package there."""

    def put(**what):
        install(site, **what)
        importlib.invalidate_caches()

    return put
