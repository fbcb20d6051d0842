"""kill -9 in the middle of a run, at each point that the daemon itself names: the next daemon holds a working container
or no trace of one."""
import subprocess

import pytest
from conftest import default_client
from harness import kernel, leaks, programs
from harness.daemon import Daemon
from harness.host import Host
from harness.shell import run
from harness.world import World

NAME = "cut"
PUBLISHED = ("-p", "8080-8082:80-82", "-p", "8083:83/udp")


@pytest.fixture(scope="module")
def peer():
    return "fairlead"  # a peer has no fault points


@pytest.fixture
def settled(box):
    """Before the first measure a container has run once, so that what stays for good is there."""
    box.docker("run", "--rm", "busybox", "true")
    kernel.wait_for(lambda: not box.docker("ps", "-aq").lines)
    return box


def test_cut_short(request, fault):
    assert fault != "none-listed", "fairleadd --list-faults named no fault point"
    if fault.startswith("boot-"):
        first_start_cut_short(fault)
    else:
        run_cut_short(request.getfixturevalue("settled"), fault)


def first_start_cut_short(fault):
    """On a host where nothing of ours was before."""
    host = Host()
    daemon = Daemon(host)
    box = World(host, daemon, default_client())
    try:
        daemon.start(fault=fault, wait=False)
        assert daemon.process.wait(20) == -9
        daemon.start()
        assert sorted(box.docker("network", "ls", "--format", "{{.Name}}").lines) == ["bridge", "host", "none"]
        assert [l["ifname"] for l in kernel.ip(host.ns, "link") if l["ifname"] == "docker0"] == ["docker0"]
        daemon.load_busybox(default_client())
        box.docker("run", "-d", "--name", NAME, "busybox", "sleep", "600")
        check_works(box)
        box.clear()
    finally:
        daemon.stop()
        host.remove()


def run_cut_short(box, fault):
    before = leaks.snapshot(box.daemon)
    box.daemon.stop()
    box.daemon.start(fault=fault, wait=False)
    kernel.wait_for(lambda: box.daemon.process.poll() is not None or box.daemon.answers(), 30, "the daemon to answer or to end")
    for step in (("run", "-d", "--name", NAME, *PUBLISHED, "busybox", "sleep", "600"), ("exec", NAME, "true"),
                 ("publish", NAME, "8084:84"), ("stop", "-t", "0", NAME), ("rm", NAME)):
        if box.daemon.process.poll() is not None:
            break
        if step[0] == "publish":
            run(programs.ours("fairlead"), "publish", "-H", box.daemon.url, *step[1:], check=False)
        else:
            box.docker(*step, check=False, timeout=30)
    try:
        box.daemon.process.wait(5)
    except subprocess.TimeoutExpired:
        pytest.fail(f"no part of a start, run, exec, stop and rm reached the fault point {fault}")
    assert box.daemon.process.returncode == -9, f"ended with {box.daemon.process.returncode}, not by the fault"

    box.daemon.start()
    for name in box.docker("ps", "-a", "--format", "{{.Names}}").lines:
        assert name == NAME
        check_works(box)
        box.docker("rm", "-f", NAME)
    leaks.assert_none(box.daemon, before)
    # And the name, the address and the ports are free again.
    assert box.docker("run", "--rm", "--name", NAME, *PUBLISHED, "-p", "8084:84", "busybox", "echo", "again").out == "again"
    assert ":808" not in box.host.run("ss", "-Hltun").out


def check_works(box):
    state = box.inspect(NAME)["State"]
    if not state["Running"]:
        assert state["Pid"] == 0
        box.docker("start", NAME)
    assert " 0% packet loss" in box.exec(NAME, f"ping -c 1 -W 2 {box.host.OUTSIDE}").out
    assert box.inspect(NAME)["NetworkSettings"]["IPAddress"] in box.exec(NAME, "ip addr show eth0").out
