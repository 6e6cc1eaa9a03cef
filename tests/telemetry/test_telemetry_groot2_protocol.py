"""Groot2's requests and replies, byte by byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.telemetry.groot2.protocol import (
    MAX_PAYLOAD,
    Header,
    HookWish,
    Request,
    Unlock,
    WrongRequest,
    breakpoint_reached,
    read_hooks,
    read_removal,
    read_unlock,
)

HOOK = {"enabled": True, "uid": 7, "mode": 0, "once": False, "desired_status": "SKIPPED", "position": 0}


def test_the_header_of_a_request_and_of_its_reply():
    header = Header.from_bytes(bytes.fromhex("02 54 04030201"))
    assert header == Header(Request.FULL_TREE, 0x01020304)
    assert header.reply(bytes(range(16))) == bytes.fromhex("02 54 04030201") + bytes(range(16))


def test_a_breakpoint_is_told_by_its_number_in_digits():
    assert breakpoint_reached(513, 1) == (bytes.fromhex("02 4e 01000000"), b"513")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "wrong request size: 0 bytes, expected 6"),
        (bytes(22), "wrong request size: 22 bytes, expected 6"),
        (bytes.fromhex("01 54 00000000"), "protocol 1 is not spoken here, only 2"),
        (bytes.fromhex("02 5a 00000000"), "unknown request type b'Z'"),
        (bytes.fromhex("02 ff 00000000"), "unknown request type"),
    ],
)
def test_what_is_no_request_is_refused_in_words(data, words):
    with pytest.raises(WrongRequest, match=words):
        Header.from_bytes(data)


def test_a_hook_or_a_list_of_hooks():
    assert read_hooks(json.dumps(HOOK).encode()) == (HookWish(7, "pre"),)
    forced = {**HOOK, "mode": 1, "desired_status": "FAILURE", "position": 1, "once": True}
    wish = HookWish(7, "post", hold=False, result="FAILURE", once=True)
    assert read_hooks(json.dumps([HOOK, forced]).encode()) == (HookWish(7, "pre"), wish)
    assert wish.to_json() == forced


def test_what_lets_a_node_go_on():
    payload = {"uid": 7, "position": 0, "desired_status": "SUCCESS", "remove_when_done": True}
    assert read_unlock(json.dumps(payload).encode()) == Unlock(7, "pre", "SUCCESS", True)
    payload["desired_status"] = "SKIPPED"
    assert read_unlock(json.dumps(payload).encode()).result is None
    assert read_removal(b'{"uid": 7, "position": 1}') == (7, "post")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"uid": -1}, "'uid': expected a whole number from 0 to 65535"),
        ({"uid": 70000}, "'uid'"),
        ({"uid": True}, "'uid'"),
        ({"uid": "7"}, "'uid'"),
        ({"mode": 2}, "'mode': expected a whole number from 0 to 1"),
        ({"position": None}, "'position'"),
        ({"once": 1}, "'once': expected true or false"),
        ({"mode": 1}, "'desired_status': expected SUCCESS or FAILURE"),
        ({"mode": 1, "desired_status": "NOPE"}, "'desired_status'"),
        ({"enabled": "yes"}, "'enabled'"),
    ],
)
def test_a_hook_that_says_something_else_is_refused(changes, words):
    with pytest.raises(WrongRequest, match=words):
        read_hooks(json.dumps({**HOOK, **changes}).encode())


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"3", b"[3]", b" " * (MAX_PAYLOAD + 1)])
def test_what_is_no_hook_at_all_is_refused(payload):
    for read in (read_hooks, read_unlock, read_removal):
        with pytest.raises(WrongRequest):
            read(payload)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_request_or_refused(data):
    for read in (Header.from_bytes, read_hooks, read_unlock, read_removal):
        try:
            read(data)
        except WrongRequest:
            continue
