"""Who is kept out, tried with a real browser: pages of others, other names of this machine, no or a wrong token."""

import http.client
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bt_robot.messages import NodeInfo
from tests.browser.browser_kit import OTHER_NAME
from tests.browser.run_kit import run_in
from tests.browser.view_kit import Stoppable, serving, tick

LAYOUT = (NodeInfo("secret", "wait", "secret", 0, -1, "action"),)
TOKEN = "a-token-that-nobody-knows"

EVIL_PAGE = """\
<!doctype html><title>evil</title><body><script>
window.said = null;
const socket = new WebSocket("ws://127.0.0.1:PORT/socket", PROTOCOLS);
socket.onopen = () => socket.send(JSON.stringify({type: "act", act: "stop"}));
socket.onmessage = (event) => { window.said = event.data; };
socket.onerror = () => { window.said = "refused"; };
</script><iframe src="http://127.0.0.1:PORT/"></iframe><img src="http://127.0.0.1:PORT/icon.svg"></body>
"""

PATHS = ("/stop", "/hold", "/socket", "/socket?act=stop", "/?act=stop", "/../../etc/passwd", "//etc/passwd")
ACT_ANYWAY = """
const done = arguments[0], heard = [];
const socket = new WebSocket(`ws://${location.host}/socket`, ['bt-robot']);
socket.onopen = () => {
  for (const message of [{type: 'take'}, {type: 'act', act: 'hold'}]) socket.send(JSON.stringify(message));
};
socket.onmessage = ({data}) => {
  const message = JSON.parse(data);
  if (message.type == 'refused') heard.push(message.why);
  if (heard.length == 2) done(heard);
};
"""


@contextmanager
def evil_page(port, protocols='["bt-robot"]'):
    """Serve somebody else's page; yields its port."""
    body = EVIL_PAGE.replace("PORT", str(port)).replace("PROTOCOLS", protocols).encode()

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def run():
    return Stoppable()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", OTHER_NAME])
def test_a_page_of_somebody_else_hears_nothing_and_stops_nothing(show, run, host):
    with serving(steering=run, control=True, token=TOKEN) as view:
        view.server.publish(tick(0, LAYOUT))
        with evil_page(view.server.port, f'["bt-robot", "token.{TOKEN}"]') as port:  # even if it knew the token
            page = show(f"http://{host}:{port}/")
            page.wait("an answer", lambda: page.run("return window.said"))
            assert page.run("return window.said") == "refused"
            page.driver.switch_to.frame(0)
            assert not page.run("return document.querySelector('header')")  # nobody may frame the page
            page.driver.switch_to.default_content()
            assert page.run("return document.querySelector('img').naturalWidth") == 0
        assert run.stopped == []


def test_a_name_that_was_made_to_lead_here_is_turned_away(show):
    with serving() as view:
        page = show(f"http://{OTHER_NAME}:{view.server.port}/")
        assert page.run("return performance.getEntriesByType('navigation')[0].responseStatus") == 421
        assert f"there is no '{OTHER_NAME}' here" in page.words
        said = page.driver.execute_async_script(
            "const done = arguments[0], socket = new WebSocket(`ws://${location.host}/socket`, ['bt-robot']);"
            "socket.onopen = () => done('open'); socket.onerror = () => done('refused');"
        )
        assert said == "refused"


@pytest.mark.parametrize("rest", [")", ", ", '"', ".\n"])
def test_a_link_may_be_copied_with_what_stands_behind_it(show, rest):
    with serving(token=TOKEN) as view:
        page = show(view.link + rest)
        page.wait("the run's name", lambda: page.text("#title") == "made")


@pytest.mark.parametrize("fragment", ["", "#token=", "#token=a-token-that-is-guessed"])
def test_without_the_token_the_page_stays_empty(show, fragment):
    with serving(token=TOKEN) as view:
        view.server.publish(tick(0, LAYOUT))
        page = show(view.link.partition("#")[0] + fragment)
        page.hear("Not connected", "#banner")
        assert "secret" not in page.words
        show(view.link).await_run()


def test_the_token_is_in_no_request_line(show):
    with serving(token=TOKEN) as view:
        view.server.publish(tick(0, LAYOUT))
        page = show(view.link).await_run()
        asked_for = page.run(
            "return performance.getEntries().map((each) => each.name).filter((name) => name != location)"
        )
        assert asked_for
        assert not any(TOKEN in name for name in asked_for)


def test_whatever_is_asked_for_by_http_changes_nothing(run):
    with serving(steering=run, control=True) as view:
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            for path in (
                "/stop",
                "/hold",
                "/socket",
                "/socket?act=stop",
                "/?act=stop",
                "/../../etc/passwd",
                "//etc/passwd",
            ):
                link = http.client.HTTPConnection("127.0.0.1", view.server.port, timeout=5)
                link.request(method, path, body=b'{"type":"act","act":"stop"}' if method != "GET" else None)
                try:
                    answer = link.getresponse()
                    assert answer.status in (200, 400, 403, 404, 405, 426), (method, path)
                    assert b"root:" not in answer.read()
                except (http.client.HTTPException, ConnectionError):
                    pass  # the connection was dropped without an answer
                link.close()
        assert run.stopped == []


def test_a_page_that_was_opened_to_look_only_can_change_nothing(show, run):
    with serving(steering=run, control=False) as view:
        view.server.publish(tick(0, LAYOUT))
        page = show(view.link).await_run()
        assert not page.there("#control")
        told = page.driver.execute_async_script(ACT_ANYWAY)
        assert all("--control" in why for why in told)
        assert run.stopped == []


def listening(pid):
    """Where a process and its children listen for connections."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    found = [each for process in processes for each in process.net_connections("tcp")]
    return {each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN}


def test_a_run_listens_on_this_machine_only(start):
    viewed = start()
    assert listening(viewed.process.pid) == {"127.0.0.1"}


def test_a_run_for_others_has_a_token_and_keeps_it_to_itself(start, show):
    viewed = start(view=("--view", "0.0.0.0:0"))
    assert "0.0.0.0" in listening(viewed.process.pid)
    assert len(viewed.token) >= 20
    here = f"http://127.0.0.1:{viewed.port}/"
    page = show(here)
    page.hear("Not connected", "#banner")
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{viewed.port}/socket", origin=here.rstrip("/"), subprotocols=["bt-robot"])
    page = show(f"{here}#token={viewed.token}").await_run()
    viewed.interrupt()
    viewed.end()
    left = [path for path in viewed.folder.rglob("*") if path.is_file() and path.name != "err.txt"]
    assert left
    assert not [path for path in left if viewed.token.encode() in path.read_bytes()]


def test_two_views_of_one_port_are_refused_in_words(start, tmp_path):
    viewed = start()
    with pytest.raises(AssertionError, match="can't be listened on"):
        run_in(tmp_path, view=("--view", str(viewed.port)))


def test_who_connects_and_says_nothing_keeps_nobody_out(show):
    with serving() as view:
        view.server.publish(tick(0, LAYOUT))
        silent = [socket.create_connection(("127.0.0.1", view.server.port)) for _ in range(40)]
        show(view.link).await_run()
        for each in silent:
            each.close()
