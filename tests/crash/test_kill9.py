"""kill -9 of the daemon with containers up: nothing that runs notices, and the next daemon finds all of it."""
import time

import pytest
from harness import kernel, leaks

COUNT = 20
NUMBERS = 800


@pytest.fixture
def crowd(box):
    """c0…c17 idle, `server` and `client` hold one TCP stream for about eight seconds, `pinger` pings the server."""
    box.docker("run", "--rm", "busybox", "true")  # what the first container makes for good is not a leak
    kernel.wait_for(lambda: not box.docker("ps", "-aq").lines)
    before = leaks.snapshot(box.daemon)
    box.docker("run", "-d", "--name", "server", "busybox", "sh", "-c", "sleep 600 | nc -l -p 9000 > /stream")
    address = box.inspect("server")["NetworkSettings"]["IPAddress"]
    for i in range(COUNT - 3):
        box.docker("run", "-d", "--name", f"c{i}", "busybox", "sh", "-c", f"echo I am c{i}; sleep 600")
    send = f"i=0; while [ $i -lt {NUMBERS} ]; do echo $i; i=$((i+1)); usleep 10000; done | nc {address} 9000; echo sent; sleep 600"
    box.docker("run", "-d", "--name", "client", "busybox", "sh", "-c", send)
    box.docker("run", "-d", "--name", "pinger", "busybox", "sh", "-c", f"ping -c 60 -i 0.1 -W 1 {address}; sleep 600")
    names = ["server", "client", "pinger", *(f"c{i}" for i in range(COUNT - 3))]
    yield box, names, before


def test_twenty_containers_outlive_a_kill(crowd):
    box, names, before = crowd
    pids = {name: box.pid(name) for name in names}
    addresses = {name: box.inspect(name)["NetworkSettings"]["IPAddress"] for name in names}
    kernel.wait_for(lambda: box.exec("server", "wc -l < /stream").out not in ("", "0"))
    box.daemon.kill9()
    time.sleep(1.5)
    box.daemon.start()

    assert sorted(box.docker("ps", "--format", "{{.Names}}").lines) == sorted(names)
    for name in names:
        assert box.pid(name) == pids[name]
        assert box.docker("exec", name, "hostname").out == box.inspect(name)["Id"][:12]
        assert addresses[name] in box.docker("exec", name, "ip", "addr", "show", "eth0").out
    for i in range(COUNT - 3):
        assert box.docker("logs", f"c{i}").out == f"I am c{i}"
    newcomer = box.docker("run", "-d", "--name", "newcomer", "busybox", "sleep", "600").out
    assert box.inspect(newcomer)["NetworkSettings"]["IPAddress"] not in addresses.values()
    # The stream and the pings ran all the while.
    kernel.wait_for(lambda: "sent" in box.docker("logs", "client").out, 40, "the stream to end")
    received = box.docker("exec", "server", "cat", "/stream").lines
    assert received == [str(i) for i in range(NUMBERS)]
    kernel.wait_for(lambda: "packets transmitted" in box.docker("logs", "pinger").out, 40, "the pings to end")
    assert "60 packets transmitted, 60 packets received, 0% packet loss" in box.docker("logs", "pinger").out

    for name in [*names, "newcomer"]:
        assert box.docker("stop", "-t", "0", name).out == name
        assert box.docker("rm", name).out == name
    leaks.assert_none(box.daemon, before)


def test_exits_while_nobody_looked_are_found(box):
    box.docker("run", "-d", "--name", "seven", "busybox", "sh", "-c", "sleep 1; echo last words; exit 7")
    box.docker("run", "-d", "--rm", "--name", "brief", "busybox", "sleep", "1")
    box.docker("run", "-d", "--restart", "always", "--name", "again", "busybox", "sleep", "1")
    box.docker("run", "-d", "--name", "killed", "busybox", "sleep", "600")
    victim = box.pid("killed")
    box.daemon.kill9()
    kernel.end_process(victim)
    time.sleep(2.5)
    box.daemon.start()
    box.wait_state("seven", "exited")
    state = box.inspect("seven")["State"]
    assert (state["ExitCode"], state["Pid"], state["Running"]) == (7, 0, False)
    if box.ours:  # 20.10 may lose what was written while it was away
        assert box.docker("logs", "seven").out == "last words"
    assert box.docker("wait", "seven").out == "7"
    box.wait_state("killed", "exited")
    assert box.inspect("killed")["State"]["ExitCode"] == 137
    kernel.wait_for(lambda: box.inspect("again")["State"]["Running"], what="the restart policy to act")
    kernel.wait_for(lambda: "brief" not in box.docker("ps", "-a", "--format", "{{.Names}}").lines, what="--rm to be done")
    box.docker("start", "seven")
    assert box.docker("wait", "seven").out == "7"
    if box.ours:
        assert box.docker("logs", "seven").lines == ["last words"] * 2


def test_logs_and_attach_go_on_after_a_kill(box):
    box.docker("run", "-d", "--name", "talker", "busybox", "sh", "-c",
               "i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); usleep 10000; done")
    terminal = box.terminal("run", "-it", "--name", "typist", "busybox")
    terminal.prompt()
    terminal.run("word=kept")
    box.daemon.kill9()
    terminal.wait()
    time.sleep(0.5)
    box.daemon.start()
    again = box.terminal("attach", "typist")
    again.send("\r")
    again.prompt()
    again.quiet()
    assert again.run("echo $word") == "kept"
    assert box.docker("wait", "talker").out == "0"
    assert box.docker("logs", "talker").lines == [f"line {i}" for i in range(400)]


def test_names_and_images_outlive_a_kill(box):
    box.docker("create", "--name", "waiting", "--label", "a=b", "busybox", "echo", "late")
    box.docker("tag", "busybox", "kept:1")
    networks = {box.network(n)["Id"] for n in ("bridge", "host", "none")}
    box.daemon.kill9()
    box.daemon.start()
    assert box.inspect("waiting")["Config"]["Labels"] == {"a": "b"}
    assert box.docker("start", "-a", "waiting").out == "late"
    assert box.inspect("kept:1", "image")["Id"] == box.inspect("busybox", "image")["Id"]
    # 20.10 makes its bridge anew at each start; here what is known keeps its identifier.
    if box.ours:
        assert {box.network(n)["Id"] for n in ("bridge", "host", "none")} == networks
    box.docker("rmi", "kept:1")


def test_a_kill_with_nothing_running_leaves_nothing(box):
    before = leaks.snapshot(box.daemon)
    for _ in range(3):
        box.daemon.kill9()
        box.daemon.start()
    leaks.assert_none(box.daemon, before)
