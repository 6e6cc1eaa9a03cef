"""Built-in files are found from anywhere; a user's own file comes first."""

import pytest

from bt_robot.config.builtin import builtin_folder, find_file
from bt_robot.errors import LoadError


def test_a_built_in_file_is_found_from_another_folder_by_path_or_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = builtin_folder("trees") / "pick_place.yaml"
    for given in ("trees/pick_place.yaml", "./trees/pick_place.yaml", "pick_place.yaml", "pick_place"):
        assert find_file(given, "trees") == expected


def test_the_users_own_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trees").mkdir()
    own = tmp_path / "trees" / "pick_place.yaml"
    own.write_text("tree: mine\n")
    assert find_file("trees/pick_place.yaml", "trees").resolve() == own


def test_a_missing_file_gets_the_nearest_built_in_name():
    with pytest.raises(LoadError) as caught:
        find_file("trees/pick_plce.yaml", "trees")
    assert str(caught.value).startswith(
        "trees/pick_plce.yaml: there is no such file; expected a path, or a built-in one of"
    )
    assert str(caught.value).endswith("(did you mean 'pick_place'?)")


def test_no_path_leads_out_of_the_built_in_folder():
    with pytest.raises(LoadError):
        find_file("../configs/sim", "trees")
