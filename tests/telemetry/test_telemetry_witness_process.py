"""The witness does what it is told, keeps what it was told however that ends, and says what it can not do."""

import dataclasses
import io
import struct
import tempfile
from multiprocessing import Pipe
from pathlib import Path

import pytest

from bt_robot.messages import KeyWrite
from bt_robot.telemetry.groot2.btlog import MAGIC
from bt_robot.telemetry.recorder import RecordedEnding, read_run
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.witness.parcel import PARCEL, Packer
from bt_robot.telemetry.witness.process import Witness
from bt_robot.telemetry.witness.steering import Line
from bt_robot.telemetry.witness.words import (
    Alive,
    Bound,
    BtLogOrder,
    Finished,
    Over,
    RecordingOrder,
    Steered,
    TreeTold,
    ViewOrder,
    decode,
    encode,
)
from tests.telemetry.conftest import NODES
from tests.telemetry.record_strategies import JOINTS, run_info
from tests.telemetry.view_kit import ABOUT, looking

ENDING = RecordedEnding("FAILURE", "it slipped", "t/pick")


def tree(layout):
    name = layout[0].detail or "first"
    return TreeTold(layout, name, (), f"<{name}/>")


class Wordless:
    """A value that a plug-in's leaf may write."""

    def __str__(self):
        raise RuntimeError("no words")


class RunSide:
    """What the run's process would be."""

    def __init__(self, witness, connection):
        self.witness = witness
        self._connection = connection
        self._packer = Packer(tree, JOINTS, rate_hz=10.0)

    def tell(self, *all_words):
        for words in all_words:
            self.witness.heard(encode(words))

    def tick(self, *records):
        for record in records:
            for data in self._packer.pack(record):
                self.witness.heard(data)

    def heard(self):
        """Everything that the witness has said since this was asked last."""
        said = []
        while self._connection.poll(0):
            said.append(decode(self._connection.recv_bytes()))
        return said

    def show(self, **changes):
        """Have pages served; return what the witness says to that."""
        order = ViewOrder(ABOUT, Address("127.0.0.1", 0, chosen=True), "", control=False)
        self.tell(dataclasses.replace(order, **changes))
        (bound,) = self.heard()
        assert isinstance(bound, Bound)
        return bound


@pytest.fixture
def run():
    near, far = Pipe()
    with near, far:
        witness = Witness(Line(near), patient=True)
        yield RunSide(witness, far)
        witness.close()


@pytest.fixture
def recording(tmp_path):
    return RecordingOrder(str(tmp_path / "run.mcap"), run_info(cameras=("front",)), 10.0, 10_000_000)


@pytest.fixture
def ticks(record):
    """A function that makes some ticks of a tree."""
    return lambda steps, layout=NODES: [record(step, layout=layout) for step in steps]


def steps_of(order):
    with read_run(Path(order.path)) as run:
        return [record.step for record in run.records()], run.ending


def test_files_are_complete_before_it_says_so(run, recording, ticks, tmp_path):
    run.tell(recording, BtLogOrder(str(tmp_path / "tree.btlog")))
    run.tick(*ticks(range(100)))
    assert run.heard() == []
    run.tell(Over(ENDING))
    assert run.heard() == [Finished()]
    assert steps_of(recording) == (list(range(100)), ENDING)
    assert (tmp_path / "tree.btlog").read_bytes().startswith(MAGIC)


def test_of_a_run_whose_process_is_gone_every_tick_is_kept_and_no_ending(run, recording, ticks):
    run.tell(recording)
    run.tick(*ticks(range(100)))
    run.witness.close()
    assert steps_of(recording) == (list(range(100)), None)


def test_an_edited_tree_is_told_to_all_files(run, recording, ticks, tmp_path):
    edited = (dataclasses.replace(NODES[0], detail="edited"), *NODES[1:])
    run.tell(recording, BtLogOrder(str(tmp_path / "tree.btlog")))
    run.tick(*ticks(range(10)), *ticks(range(10, 20), edited), *ticks(range(20, 30)))
    run.tell(Over(None))
    with read_run(Path(recording.path)) as recorded:
        assert [each.name for each in recorded.trees] == ["first", "edited", "first"]
        assert [each.from_s for each in recorded.trees] == pytest.approx([0, 1 / 3, 2 / 3])
    assert sorted(path.name for path in tmp_path.glob("*.btlog")) == ["tree-2.btlog", "tree-3.btlog", "tree.btlog"]


def test_a_file_that_can_not_be_written_costs_that_file_only(run, recording, ticks, tmp_path, caplog):
    run.tell(dataclasses.replace(recording, path=str(tmp_path / "nowhere" / "run.mcap")))
    run.tell(BtLogOrder(str(tmp_path / "tree.btlog")))
    run.tick(*ticks(range(3)))
    run.tell(Over(ENDING))
    assert run.heard() == [Finished()]
    assert "no recording of this run: " in caplog.text
    assert "run.mcap can't be written (No such file or directory)" in caplog.text
    assert (tmp_path / "tree.btlog").stat().st_size > 0


def test_a_page_shows_the_ticks_and_travels_on_when_the_files_are_complete(run, recording, ticks):
    run.tell(recording)
    bound = run.show()
    run.tick(*ticks(range(30)))
    with looking(bound.port) as page:
        page.reach(29)
        page.send("pictures", cameras=["front"])
        assert page.until("picture")["t"] == pytest.approx(27 / 30)
        run.tell(Over(ENDING))
        ended = page.until("ended")
        assert (ended["status"], ended["reason"], ended["path"]) == ("FAILURE", "it slipped", "t/pick")
        page.send("seek", t=0.5)
        assert page.until("picture", t=0.5)["camera"] == "front"


def test_an_address_that_can_not_be_listened_on_is_told(run):
    taken = Address("127.0.0.1", run.show().port, chosen=True)
    assert f"{taken.host}:{taken.port} can't be listened on" in run.show(address=taken).refused


def test_without_room_for_pictures_there_is_a_page_all_the_same(run, ticks, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    bound = run.show()
    assert not bound.refused
    run.tick(*ticks(range(4)))
    with looking(bound.port) as page:
        page.reach(3)
    assert caplog.text.count("the view can't go back to the pictures from here on: No such file") == 1


def test_a_disk_that_fills_up_while_the_page_closes_is_no_news(run, ticks, monkeypatch):
    class Full(io.BytesIO):
        def close(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    run.show()
    run.tick(*ticks(range(4)))
    run.witness.close()


def test_it_shows_life_while_the_run_is_stepped_and_is_quiet_else(run):
    for mode in ("running", "held", "ended"):
        run.tell(Steered(mode))
        run.witness.show_life()
    assert run.heard() == []
    run.tell(Steered("stepping"))
    run.witness.show_life()
    assert run.heard() == [Alive()]


@pytest.mark.parametrize("value", ["itself", "a number of 5000 digits", "keys that are no text", "no words at all"])
def test_whatever_a_leaf_writes_costs_no_tick(run, recording, record, value):
    itself = []
    itself.append(itself)
    values = {"itself": itself, "a number of 5000 digits": 10**5000, "keys that are no text": {(1, 2): 3}}
    written = (KeyWrite("t", "good", 1), KeyWrite("t", "odd", values.get(value, Wordless())))
    run.tell(recording)
    run.tick(record(0, layout=NODES), record(1, layout=NODES, written=written), record(2, layout=NODES))
    run.tell(Over(None))
    with read_run(Path(recording.path)) as recorded:
        records = list(recorded.records())
    assert [each.step for each in records] == [0, 1, 2]
    good, odd = records[1].written
    assert good.value == 1
    assert odd.value.endswith("that can't be told")


@pytest.mark.parametrize(
    "data",
    [b"", b"Eval\n{}", b"Over\n[]", encode(Finished()), PARCEL, PARCEL + struct.pack("<HI", 5, 9) + b"/tick"],
)
def test_what_it_is_not_told_is_refused_and_changes_nothing(run, recording, ticks, data):
    run.tell(recording)
    run.tick(*ticks(range(5)))
    with pytest.raises((ValueError, struct.error)):
        run.witness.heard(data)
    run.tick(*ticks(range(5, 9)))
    run.tell(Over(None))
    assert steps_of(recording) == (list(range(9)), None)
