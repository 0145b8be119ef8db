"""Who expects messages in another order than they come in."""

from __future__ import annotations

from qmpd.testing import described

from .conftest import Scene, scene_with_a_dimm

PORT_CLOSED = {"event": "VSERPORT_CHANGE", "data": {"open": False, "id": "channel0"}}


def test_an_event_comes_before_the_greeting() -> None:
    """A client takes the first line for the greeting; it is VSERPORT_CHANGE, because the agent's port was just closed.

    https://github.com/kata-containers/govmm/pull/90
    """
    scene = Scene()
    scene.arrange("x-qmpd-fault-add", on="greeting", do="insert", message=PORT_CLOSED, times=1)
    client = scene.machine.connect()
    assert described(client.read()) == ["VSERPORT_CHANGE channel0", "greeting"]


def test_an_event_comes_while_the_client_negotiates() -> None:
    """Events are skipped between a command and its reply, but not in the connection phase.

    The device removed over the last connection is still going when the next one is opened.
    https://github.com/ganeti/ganeti/issues/1649
    """
    scene = Scene()
    event = {"event": "DEVICE_DELETED", "data": {"device": "nic0", "path": "/machine/peripheral/nic0"}}
    scene.arrange("x-qmpd-fault-add", on="reply", do="insert", command="qmp_capabilities", message=event, times=1)
    client = scene.machine.connect()
    client.send("qmp_capabilities")
    assert described(client.read()) == ["greeting", "DEVICE_DELETED nic0", "return"]


def test_an_event_is_taken_for_the_reply_and_every_later_reply_is_one_too_late() -> None:
    """The event behind the request for capabilities passes for its reply; query-status then returns {}.

    https://github.com/digitalocean/go-qemu/pull/210
    """
    scene = Scene()
    scene.arrange("x-qmpd-fault-add", on="reply", do="insert", command="qmp_capabilities", message=PORT_CLOSED)
    client = scene.machine.connect()
    client.read()
    client.send("qmp_capabilities")
    client.send("query-status")
    messages = client.read()
    assert described(messages) == ["VSERPORT_CHANGE channel0", "return", "return"]
    assert messages[1]["return"] == {}, "what such a client takes for the status"
    assert messages[2]["return"]["status"] == "running"


def test_the_device_is_gone_before_device_del_returns() -> None:
    """A client that starts to listen when the command has returned waits for DEVICE_DELETED for ever.

    https://github.com/digitalocean/go-qemu/issues/158
    """
    scene = scene_with_a_dimm()
    scene.arrange("x-qmpd-fault-add", on="reply", do="delay", command="device_del", until="DEVICE_DELETED")
    scene.manager.send("device_del", id="d0")
    assert scene.after(1) == ["OST 3/132", "DEVICE_DELETED d0", "OST 3/0", "return"]


def test_messages_arrive_in_pieces_and_together() -> None:
    """One read is not one message: a reply may end in the next read, together with an event.

    https://github.com/google/syzkaller/pull/2832
    """
    scene = Scene()
    scene.arrange("x-qmpd-fault-add", on="reply", do="split", command="query-status", bytes=10, delay=0.1)
    scene.manager.send("query-status")
    assert scene.manager.read_bytes() == b'{"return":'
    scene.arrange("stop")
    scene.machine.advance(0.1)
    rest = scene.manager.read_bytes()
    assert rest.startswith(b' {"status": "running", ')
    assert rest.count(b"\r\n") == 2
    assert b'"event": "STOP"' in rest


def test_the_socket_is_there_and_nobody_answers() -> None:
    """A process that hangs at the start, or is stopped: the connection is accepted, no greeting comes.

    https://github.com/ganeti/ganeti/pull/1597
    """
    scene = Scene()
    scene.arrange("x-qmpd-fault-add", on="greeting", do="delay", delay=60, times=1)
    client = scene.machine.connect()
    client.send("qmp_capabilities")
    assert client.read() == []
    scene.machine.advance(60)
    assert described(client.read()) == ["greeting", "return"]


def test_the_process_dies_while_it_is_asked() -> None:
    """An instance is queried while it goes down: the connection breaks, and there is no SHUTDOWN.

    https://github.com/ganeti/ganeti/pull/1948
    """
    scene = Scene()
    scene.arrange("x-qmpd-fault-add", on="request", do="kill", command="query-status")
    scene.manager.send("query-status")
    assert scene.manager.read() == []
    assert scene.machine.is_closed(scene.manager)
    assert (scene.machine.killed_by, scene.machine.status) == ("KILL", None)
