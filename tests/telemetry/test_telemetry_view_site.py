"""The page's files: a fixed list, read once."""

from bt_robot.telemetry.view.site import PAGE, load_site


def test_the_page_is_there_and_begins_at_the_root():
    site = load_site()
    assert site["/"] is site["/index.html"]
    assert site["/"].kind == "text/html; charset=utf-8"
    assert site["/main.js"].kind == "text/javascript; charset=utf-8"


def test_every_file_of_the_page_is_served_and_nothing_else():
    paths = {f"/{path.relative_to(PAGE).as_posix()}" for path in PAGE.rglob("*") if path.is_file()}
    assert set(load_site()) == {"/", *paths}


def test_other_kinds_of_files_are_left_out(tmp_path):
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "secret.py").write_text("1")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.js").write_text("2")
    site = load_site(tmp_path)
    assert set(site) == {"/", "/index.html", "/deep/a.js"}
    assert site["/deep/a.js"].content == b"2"


def test_the_page_loads_nothing_from_elsewhere():
    for path, file in load_site().items():
        text = file.content.decode()
        if path.endswith((".html", ".css")) or (path.endswith(".js") and "vendor" not in path):
            assert "https://" not in text.replace("https://github.com", ""), path
            assert "http://" not in text.replace("http://www.w3.org", ""), path
