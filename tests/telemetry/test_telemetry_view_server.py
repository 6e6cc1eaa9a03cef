"""The view as a page and as an attacker meets it, over real sockets."""

import dataclasses
import json
import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection

import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bt_robot.errors import UsageError
from bt_robot.messages import ActionChunk, KeyWrite, NodeInfo, NodeState, Status
from bt_robot.messages.steering import Asked, Breakpoint, Wish
from bt_robot.telemetry.view import told
from bt_robot.telemetry.view.album import Shot
from bt_robot.telemetry.view.lease import EXPIRES_S
from bt_robot.telemetry.view.page import MESSAGES_BURST
from bt_robot.telemetry.view.security import HEADERS, Guard
from bt_robot.telemetry.view.server import MAX_CONNECTIONS, MAX_MESSAGE_BYTES, MAX_PAGES, MAX_WAITING, ViewServer
from bt_robot.telemetry.view.site import StaticFile
from bt_robot.telemetry.view.told import Ended
from tests.telemetry.view_kit import ABOUT, LAYOUT, LONGEST_S, looking, states

SITE = {"/": StaticFile("text/html; charset=utf-8", b"<p>"), "/main.js": StaticFile("text/javascript", b"1")}
TOKEN = "correct-horse-battery"
R3 = states("RUNNING", "RUNNING", "RUNNING")


class FakeRun:
    """A run that takes note of what is wished, as a `Steering`."""

    def __init__(self):
        self.mode = "running"
        self.breakpoints = ()
        self.questions = ()
        self.wishes, self.stops, self.gone = [], [], []
        self.happened = threading.Condition()

    def wish(self, wish, who):
        if wish.path == "nowhere":
            return "there is no node 'nowhere'"
        self._note(self.wishes, (wish, who))
        return ""

    def stop(self, who):
        self._note(self.stops, who)

    def let_go(self, who):
        self._note(self.gone, who)

    def _note(self, notes, what):
        with self.happened:
            notes.append(what)
            self.happened.notify_all()

    def wait_for(self, notes, count=1):
        with self.happened:
            assert self.happened.wait_for(lambda: len(notes) >= count, LONGEST_S)


class Pictures:
    """An `Album` with a picture every second."""

    def at(self, camera, time_s):
        return Shot(float(int(min(time_s, 99))), camera.encode()) if camera == "front" and time_s >= 0 else None


@pytest.fixture
def run():
    return FakeRun()


@pytest.fixture
def serve():
    """A function that starts a server; all are closed at the end."""
    servers = []

    def start(guard=None, **options):
        servers.append(ViewServer(ABOUT, SITE, guard or Guard("127.0.0.1"), **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(serve, run):
    return serve(steering=run, control=True, album=Pictures())


class Clock:
    """The time of pages, which stands still until a test moves it: however slow the machine is, nobody is silent."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def steered(serve, run, clock):
    """A server whose pages may steer."""
    return serve(steering=run, control=True, clock=clock)


def ask(port, path="/", method="GET", host=None, **headers):
    """One plain request; returns the answer with its body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host or f"127.0.0.1:{port}", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def refused(server, **options):
    """The status with which a socket is refused."""
    with pytest.raises(InvalidStatus) as caught, looking(server.port, **options):
        pass
    return caught.value.response.status_code


# ---- what is told


def test_a_page_that_joins_before_the_run_sees_it_begin(server, record):
    with looking(server.port) as page:
        hello = page.next()
        assert (hello["type"], hello["version"], hello["live"], hello["control"]) == ("hello", 1, True, "free")
        assert hello["range_s"] == [0.0, 0.0]
        page.until("lanes", whole=True)
        server.publish(record(0, layout=LAYOUT, nodes=R3))
        assert page.until("layout")["nodes"][1][0] == "t/pick"
        assert page.until("state")["nodes"][2] == [2, "RUNNING", True, "", 0.0, None, None, None]
        server.publish(record(1, layout=LAYOUT, nodes=states("RUNNING", "FAILURE", "FAILURE")))
        assert [row[:2] for row in page.until("tick")["nodes"]] == [[1, "FAILURE"], [2, "FAILURE"]]
        assert page.until("lanes", whole=False)["lanes"][1]["spans"] == [[0.0, round(1 / 30, 6), "FAILURE"]]


def test_a_page_that_joins_late_is_told_the_state(server, record):
    server.publish(record(0, layout=LAYOUT, nodes=R3, written=(KeyWrite("t", "goal", 7),), events=("it begins",)))
    server.publish(record(1, layout=LAYOUT, nodes=R3))
    with looking(server.port) as early:
        early.reach(1)
        with looking(server.port) as page:
            page.until("layout", revision=0)
            state = page.until("state")
    assert (state["step"], state["blackboard"], state["mode"]) == (1, {"t": {"goal": 7}}, "running")
    assert state["events"] == [[0.0, "it begins"]]


def test_ticks_that_were_told_add_up_to_the_state(server, record):
    """Whatever is told at once, and whenever a page joined."""
    with looking(server.port) as page:
        server.publish(record(0, layout=LAYOUT, nodes=R3, events=("e0",)))
        state = page.until("state")
        words = ["RUNNING", "SUCCESS", "FAILURE", "IDLE"]
        for k in range(1, 300):
            nodes = tuple(NodeState(Status(words[(k // (i + 1)) % 4]), f"{k // 7}", 0.0, True) for i in range(3))
            server.publish(record(k, layout=LAYOUT, nodes=nodes, events=(f"e{k}",)))
        events = [text for _, text in state["events"]]
        while state["step"] != 299:
            tick = page.until("tick")
            events += [text for _, text in tick["events"]]
            told.fold(state, tick)
        page.send("live")
        whole = page.until("state", step=299)
    assert events == [f"e{k}" for k in range(300)]
    assert whole["nodes"] == state["nodes"]
    assert whole["measured"] == state["measured"]


def test_a_chunk_is_told_when_it_comes(server, record):
    chunk = ActionChunk(np.zeros((2, 3)), 0, 0, "pick", 0.1)
    with looking(server.port) as page:
        server.publish(record(2, layout=LAYOUT, nodes=R3))
        page.until("state")
        server.publish(record(3, layout=LAYOUT, nodes=R3, chunk=chunk))
        assert page.until("chunk")["observed_t"] == 0.0


def test_travelling_and_coming_back(server, record):
    for k in range(60):
        server.publish(record(k, layout=LAYOUT, nodes=states("RUNNING", "RUNNING", "SUCCESS" if k % 2 else "FAILURE")))
    with looking(server.port) as page:
        page.reach(59)
        page.send("pictures", cameras=["front", "wrist"])
        assert page.until("picture")["t"] == 99.0
        page.send("seek", t=1.1)
        state = page.until("state")
        assert (state["step"], state["nodes"][2][1]) == (33, "SUCCESS")
        picture = page.until("picture")
        assert (picture["camera"], picture["t"], picture["jpeg"]) == ("front", 1.0, b"front")
        server.publish(record(60, layout=LAYOUT, nodes=R3))
        assert page.until("range")["range_s"] == [0.0, 2.0]  # and no tick before it
        page.send("live")
        assert page.until("state")["step"] == 60
        server.publish(record(61, layout=LAYOUT, nodes=R3))
        assert page.until("tick")["step"] == 61


def test_the_picture_of_a_moment_is_there_although_its_time_was_told_rounded(serve, record):
    class AtThirtieths:
        def at(self, camera, time_s):
            return Shot(np.floor(time_s * 30 + 1e-9) / 30, b"jpeg")

    server = serve(album=AtThirtieths())
    for k in range(20):
        server.publish(record(k, layout=LAYOUT, nodes=R3))
    with looking(server.port) as page:
        page.reach(19)
        page.send("pictures", cameras=["front"])
        page.until("picture")
        page.send("seek", t=round(10 / 30, 6))
        assert page.until("picture")["t"] == 10 / 30


def test_a_page_in_the_past_that_looks_at_a_camera_again_gets_its_picture_of_then(server, record):
    for k in range(60):
        server.publish(record(k, layout=LAYOUT, nodes=R3))
    with looking(server.port) as page:
        page.reach(59)
        page.send("seek", t=1.1)
        page.until("state")
        page.send("pictures", cameras=["front"])
        assert page.until("picture")["t"] == 1.0


def test_a_tick_is_not_told_to_a_page_in_the_past(server, record):
    server.publish(record(0, layout=LAYOUT, nodes=R3))
    with looking(server.port) as page:
        page.until("state")
        page.send("seek", t=0.0)
        page.until("state")
        server.publish(record(1, layout=LAYOUT, nodes=R3))
        seen = []
        while not seen or seen[-1]["type"] != "range":
            seen.append(page.next())
        assert "tick" not in {message["type"] for message in seen}


def test_the_past_of_an_edited_tree_comes_with_its_own_layout(server, record):
    edited = (LAYOUT[0], NodeInfo("t/place", "skill", "place", 1, 0, "subtree"))
    server.publish(record(0, layout=LAYOUT, nodes=R3))
    server.publish(record(1, layout=edited, nodes=states("RUNNING", "RUNNING")))
    with looking(server.port) as page:
        page.reach(1)
        page.send("seek", t=0.0)
        assert page.until("layout")["revision"] == 0
        assert page.until("state")["revision"] == 0
        page.send("live")
        assert page.until("layout")["revision"] == 1
        assert len(page.until("state")["nodes"]) == 2


def test_a_plot_over_a_time(server, record):
    for k in range(30):
        server.publish(record(k, layout=LAYOUT, nodes=R3))
    with looking(server.port) as page:
        page.reach(29)
        page.send("window", id="past", t0=0.1, t1=0.2, points=100)
        series = page.until("series")
    assert (series["id"], series["t"]) == ("past", [0.1, 0.133333, 0.166667, 0.2])
    assert series["measured"][0] == pytest.approx([0.3, 0.4, 0.5, 0.6])


def test_new_pictures_go_to_the_pages_that_show_them(server, record):
    with looking(server.port) as one, looking(server.port) as other:
        one.send("pictures", cameras=["wrist"])
        one.send("window", id="done", t0=0, t1=1, points=2)
        one.until("series", id="done")
        server.shown("wrist", Shot(0.5, b"jpeg"))
        server.shown("front", Shot(0.6, b"no"))
        server.publish(record(0, layout=LAYOUT, nodes=R3))
        assert one.until("picture") == {"type": "picture", "camera": "wrist", "t": 0.5, "jpeg": b"jpeg"}
        assert other.until("state")["step"] == 0


def test_the_run_can_be_travelled_in_after_its_end(server, record):
    server.publish(record(0, layout=LAYOUT, nodes=R3))
    with looking(server.port) as page:
        page.until("state")
        server.publish(record(1, layout=LAYOUT, nodes=R3, status=Status.FAILURE))
        server.end(Ended("FAILURE", "dropped it", "t/pick", ("ada: emergency stop",)))
        assert page.until("ended") == {"type": "ended", "status": "FAILURE", "reason": "dropped it", "path": "t/pick"}
        assert page.until("mode")["mode"] == "ended"
        assert page.until("control")["state"] == "none"
        state = page.until("state")
        assert state["step"] == 1
        assert state["events"][-1] == [state["t"], "person: ada: emergency stop"]
        page.send("seek", t=0.0)
        assert page.until("state")["step"] == 0
    with looking(server.port) as late:
        hello = late.next()
        assert (hello["live"], hello["mode"], hello["ending"]["status"]) == (False, "ended", "FAILURE")
        assert late.until("state")["step"] == 1


def test_a_recording_is_read_in_and_shown_from_its_end(serve, record):
    server = serve(live=False, patient=True)
    with looking(server.port) as page:
        assert page.next()["live"] is False
        for k in range(MAX_WAITING + 500):
            server.publish(record(k, layout=LAYOUT, nodes=R3))
        server.end(Ended("SUCCESS"))
        seen = []
        while not seen or seen[-1]["type"] != "state" or seen[-1]["step"] != MAX_WAITING + 499:
            seen.append(page.next())
    assert "tick" not in {message["type"] for message in seen}


def test_too_many_ticks_are_dropped_and_told(serve, record, caplog):
    server = serve()
    begun, stuck = threading.Event(), threading.Event()
    server._loop.call_soon_threadsafe(lambda: (begun.set(), stuck.wait(LONGEST_S)))
    assert begun.wait(LONGEST_S)
    tick = record(0, layout=LAYOUT, nodes=R3)
    for _ in range(MAX_WAITING + 300):
        server.publish(tick)
    stuck.set()
    server.end(Ended("SUCCESS"))
    with looking(server.port) as page:
        page.until("ended") if page.next()["ending"] is None else None
    assert "the view lacks" in caplog.text


def test_a_page_that_reads_nothing_is_told_the_newest_state_when_it_does(server, record):
    """Meanwhile nothing is kept for it but what the system has buffered, and the others see everything."""
    with looking(server.port, max_queue=1) as slow, looking(server.port) as page:
        server.publish(record(0, layout=LAYOUT, nodes=R3))
        slow.until("state"), page.until("state")
        long = "x" * 300_000  # 60 of them are more than the system keeps for a socket
        for k in range(1, 61):
            server.publish(record(k, layout=LAYOUT, nodes=R3, prompt=f"{k} {long}", events=(f"{k}",)))
            page.reach(k)
        seen = []
        while not seen or seen[-1]["type"] != "state":
            seen.append(slow.next())
        state = seen[-1]
        ticks = [message for message in seen if message["type"] == "tick"]
        assert 0 < len(ticks) < 59
        assert ticks[-1]["step"] < state["step"]
        assert state["events"][-1][1] == f"{state['step']}"
        server.publish(record(61, layout=LAYOUT, nodes=R3))
        assert slow.reach(61)["prompt"] == "pick up"


# ---- steering


def test_one_page_steers_at_a_time(steered, run):
    with looking(steered.port) as anna, looking(steered.port) as ben:
        anna.send("take")
        anna.until("control", state="yours")
        ben.until("control", state="taken")
        ben.send("take")
        assert ben.until("refused") == {"type": "refused", "what": "take", "why": "somebody else steers"}
        ben.act("hold")
        assert ben.until("refused") == {"type": "refused", "what": "hold", "why": "take control first"}
        anna.act("hold")
        run.wait_for(run.wishes)
        anna.send("leave")
        ben.until("control", state="free")
        ben.send("take")
        ben.until("control", state="yours")
    ((wish, who),) = run.wishes
    assert wish == Wish("hold")
    assert who.startswith("page ")
    assert who.endswith("(127.0.0.1)")


def test_every_wish_reaches_the_run(steered, run):
    with looking(steered.port) as page:
        page.send("take")
        page.act("breakpoint", path="t/pick", status="FAILURE")
        page.act("parameter", path="t/pick", name="time_limit_s", value="30")
        page.act("confirm", id=3, value=True)
        run.wait_for(run.wishes, 3)
        page.act("skip", path="nowhere")
        assert page.until("refused")["why"] == "there is no node 'nowhere'"
    assert [wish for wish, _ in run.wishes] == [
        Wish("breakpoint", "t/pick", status="FAILURE"),
        Wish("parameter", "t/pick", name="time_limit_s", text="30"),
        Wish("confirm", number=3, yes=True),
    ]


def test_how_the_run_is_steered_is_told_to_everybody(steered, run):
    with looking(steered.port) as page:
        page.until("lanes")
        run.breakpoints = (Breakpoint("t/pick", "any", True),)
        run.mode = "held"
        assert page.until("mode", mode="held") == {"type": "mode", "mode": "held", "at": "t/pick"}
        assert page.until("breakpoints")["list"] == [["t/pick", "any", True]]
        run.questions = (Asked(4, "t/pick", "<b>go on?</b>"),)
        assert page.until("questions", list=[[4, "t/pick", "<b>go on?</b>"]])


def test_whoever_is_silent_loses_control_and_the_run_is_told(steered, run, clock):
    with looking(steered.port) as page, looking(steered.port) as other:
        page.send("take")
        page.until("control", state="yours")
        other.until("control", state="taken")
        clock.now_s = EXPIRES_S + 0.01
        other.until("control", state="free")
        page.until("control", state="free")
        page.act("step")
        assert page.until("refused")["why"] == "take control first"
    assert len(run.gone) == 1


def test_whoever_says_that_it_is_there_keeps_control(steered, run, clock):
    with looking(steered.port) as page:
        page.send("take")
        page.until("control", state="yours")
        for k in range(5):
            clock.now_s += EXPIRES_S - 0.01
            page.send("alive")
            page.send("window", id=f"{k}", t0=0, t1=1, points=2)
            page.until("series", id=f"{k}")  # so it was heard before the clock goes on
        page.act("hold")
        run.wait_for(run.wishes)
        assert run.gone == []


def test_a_page_that_is_closed_loses_control(steered, run):
    with looking(steered.port) as page:
        page.send("take")
        page.until("control", state="yours")
    run.wait_for(run.gone)


def test_anybody_who_looks_on_can_stop_the_robot(serve, run):
    server = serve(steering=run, control=False)
    with looking(server.port) as page:
        assert page.next()["control"] == "none"
        page.act("hold")
        why = "this view may look only; it was opened without --control"
        assert page.until("refused") == {"type": "refused", "what": "hold", "why": why}
        page.send("take")
        assert page.until("refused")["why"] == why
        page.act("stop")
        run.wait_for(run.stops)
    assert run.wishes == []


def test_nothing_can_be_done_to_a_recording_or_a_run_that_is_over(serve, run):
    recording = serve(live=False)
    over = serve(steering=run, control=True)
    over.end(Ended("SUCCESS"))
    for server in (recording, over):
        with looking(server.port) as page:
            page.until("ended") if server is over and page.next()["ending"] is None else None
            for act in ("stop", "hold"):
                page.act(act)
                assert page.until("refused") == {"type": "refused", "what": act, "why": "the run is over"}
    assert run.stops == run.wishes == []


# ---- security


def test_it_listens_on_loopback_only(server):
    listening = {c.laddr.ip for c in psutil.Process().net_connections("inet") if c.laddr.port == server.port}
    assert listening == {"127.0.0.1"}


def test_the_page_s_files_and_no_others_with_the_headers_that_protect_them(server):
    answer = ask(server.port, "/main.js?x=1")
    assert (answer.status, answer.text, answer.getheader("Content-Type")) == (200, "1", "text/javascript")
    paths = ("/nowhere", "/../server.py", "/%2e%2e/server.py", "/etc/passwd", "//etc/passwd", "/socket", "/")
    for path in paths:
        answer = ask(server.port, path)
        assert answer.status == {"/": 200, "/socket": 403}.get(path, 404), path
        assert {name: answer.getheader(name) for name in HEADERS} == dict(HEADERS), path


def test_a_rebound_name_is_misdirected(server):
    assert ask(server.port, host="evil.com").status == 421
    assert ask(server.port, host="evil.com:80", path="/socket").status == 421
    assert refused(server, additional_headers=[("Host", "evil.com")]) in (400, 421)


def test_a_socket_needs_the_page_s_origin(server):
    for origin in ("http://evil.com", f"https://127.0.0.1:{server.port}", "null", None):
        assert refused(server, origin=origin) == 403


def test_a_socket_needs_the_subprotocol(server):
    assert refused(server, subprotocols=None) == 400


def test_a_socket_needs_the_token_where_there_is_one(serve):
    server = serve(Guard("127.0.0.1", TOKEN))
    assert refused(server) == 403
    assert refused(server, token="wrong-horse-battery") == 403
    with looking(server.port, TOKEN) as page:
        assert page.next()["type"] == "hello"
    assert ask(server.port, "/").status == 200  # the page itself tells nothing of the run


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_only_get_is_answered_and_it_changes_nothing(server, run, method):
    assert ask(server.port, "/", method).status in (400, 405)
    for path in ("/", "/socket", '/socket?{"type":"act","act":"stop"}', "/act?act=stop", "/stop"):
        ask(server.port, path.replace('"', "%22"))
    assert run.stops == run.wishes == []


@pytest.mark.parametrize(
    "message",
    ["{", '{"type": "act", "act": "explode"}', '{"type": "seek", "t": "now"}', b"\xff\x00", "[" * 10_000],
)
def test_a_message_that_is_none_ends_the_conversation(server, message):
    with looking(server.port) as page:
        page.raw(message)
        code, reason = page.closed()
    assert code == 1008
    assert reason


def test_a_message_that_is_too_long_ends_the_conversation(server):
    with looking(server.port) as page:
        page.raw(json.dumps({"type": "act", "act": "prompt", "path": "t", "text": "x" * MAX_MESSAGE_BYTES}))
        assert page.closed()[0] == 1009


def test_too_many_messages_end_the_conversation(server):
    with looking(server.port) as page:
        with suppress(ConnectionClosed):
            for _ in range(100 * int(MESSAGES_BURST)):
                page.send("alive")
        assert page.closed() == (1008, "too many messages")


def test_so_many_pages_and_no_more(server):
    pages = [looking(server.port) for _ in range(MAX_PAGES)]
    opened = [page.__enter__() for page in pages]
    for page in opened:
        page.until("lanes")
    assert refused(server) == 503
    for page in pages:
        page.__exit__(None, None, None)


def test_what_is_no_http_is_dropped_without_a_word(server, caplog):
    for nonsense in (b"\x16\x03\x01\x02\x00" * 100, b"GET /\r\n\r\n", b"A" * 100_000, b""):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.settimeout(LONGEST_S)
            with suppress(OSError):
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    continue
    with looking(server.port) as page:
        assert page.next()["type"] == "hello"
    assert caplog.text == ""


def test_connections_that_say_nothing_are_dropped(serve, record):
    server = serve()
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(MAX_CONNECTIONS + 20)]
    dropped = 0
    for connection in idle[MAX_CONNECTIONS:]:
        connection.settimeout(LONGEST_S)
        try:
            dropped += connection.recv(1) == b""
        except ConnectionResetError:
            dropped += 1
    assert dropped == 20
    for connection in idle:
        connection.close()


def test_hostile_text_is_told_as_it_is_and_only_as_json(server, record):
    evil = "<script>alert(1)</script>\u2028\x1b[31m\nINFO forged"
    first = record(0, layout=LAYOUT, nodes=R3)
    server.publish(dataclasses.replace(first, events=(evil,), prompt=evil))
    with looking(server.port) as page:
        state = page.until("state")
    assert state["prompt"] == evil
    assert state["events"] == [[0.0, evil]]


def test_a_port_that_is_taken_is_refused(server, serve):
    with pytest.raises(UsageError, match=f"127.0.0.1:{server.port} can't be listened on: .*; try another port"):
        serve(port=server.port)


def test_closing_leaves_no_thread_behind(serve):
    server = serve()
    with looking(server.port) as page:
        page.until("lanes")
        server.close()
        assert page.closed()[0] == 1001
    assert not any(thread.name == "view" and thread is server._thread for thread in threading.enumerate())
