"""What another program takes from a running container's wiring is put back at once; starts and stops cost no repair."""
import re
import time

import pytest
from conftest import default_client, run_daemon
from harness import kernel
from harness.host import Host
from harness.world import World

SECONDS = 1.0


@pytest.fixture
def running(box, peer):
    if peer == "dockerd":
        pytest.skip("20.10 repairs nothing")
    box.docker("run", "-d", "--name", "c1", "busybox", "sleep", "600")
    box.docker("run", "-d", "--name", "c2", "busybox", "sleep", "600")
    kernel.wait_for(lambda: reaches_out(box, "c1"), 5, "the container to reach out")
    time.sleep(1.1)  # past the spacing of repairs: every test meets the first one
    return box


def reaches_out(box, name):
    return kernel.inside(box.pid(name), "ping", "-c1", "-W1", box.host.OUTSIDE, check=False).code == 0


def hurt(box, *command):
    """Runs it in the host; the time until a container that was asked all the while reaches out again, and that the wiring
    is what it was."""
    before = wiring(box)
    pid = box.pid("c1")
    began = time.monotonic()
    box.host.run(*command)
    while wiring(box) != before:
        assert time.monotonic() - began < SECONDS, f"{before}\nis now\n{wiring(box)}"
    there = time.monotonic() - began
    while kernel.inside(pid, "ping", "-c1", "-W1", box.host.OUTSIDE, check=False).code:
        assert time.monotonic() - began < SECONDS, "the container does not reach out"
    out = time.monotonic() - began
    print(f"{' '.join(command)}: objects back after {there * 1000:.0f} ms, ping out answered after {out * 1000:.0f} ms;"
          f" the daemon says {took(box)}")
    address = box.inspect("c2")["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    assert kernel.inside(pid, "ping", "-c1", "-W1", address, check=False).code == 0, "c1 does not reach c2"


def wiring(box):
    links = kernel.ip(box.host.ns, "addr")
    shown = sorted((l["ifname"], l.get("master"), "UP" in l["flags"], l.get("ifalias"),
                    sorted(f"{a['local']}/{a['prefixlen']}" for a in l["addr_info"] if a["scope"] == "global"))
                   for l in links if l["ifname"] != "lo")
    return shown, sorted(map(str, kernel.ruleset(box.host.ns)))


def took(box):
    return re.findall(r"\d+ steps of repair took \d+ ms", box.daemon.log())[-1:]


def test_bridge_deleted(running):
    hurt(running, "ip", "link", "del", "docker0")


def test_bridge_set_down(running):
    hurt(running, "ip", "link", "set", "docker0", "down")


def test_address_removed(running):
    hurt(running, "ip", "addr", "del", "172.17.0.1/16", "dev", "docker0")


def test_table_deleted(running):
    hurt(running, "nft", "delete", "table", "inet", "fairlead")


def test_ruleset_flushed(running):
    hurt(running, "nft", "flush", "ruleset")


def test_set_emptied(running):
    hurt(running, "nft", "flush", "set", "inet", "fairlead", "egress")


def test_port_taken_off_its_bridge(running):
    port = next(l["ifname"] for l in kernel.ip(running.host.ns, "link") if l.get("master") == "docker0")
    hurt(running, "ip", "link", "set", port, "nomaster")


def test_pair_deleted(running):
    inside = kernel.link(running.pid("c1"), "eth0")
    port = next(l["ifname"] for l in kernel.ip(running.host.ns, "link") if l["ifindex"] == inside["link_index"])
    hurt(running, "ip", "link", "del", port)


def test_a_struggle_is_spaced_out(running):
    """Another program that deletes the table again and again gets ever fewer repairs, and the last word is ours."""
    seen = running.daemon.log().count("steps of repair")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        running.host.run("nft", "delete", "table", "inet", "fairlead", check=False)
        time.sleep(0.01)
    assert 1 <= running.daemon.log().count("steps of repair") - seen <= 9
    kernel.wait_for(lambda: reaches_out(running, "c1"), 8, "the last repair")


def test_starts_and_stops_cost_no_repair(peer):
    if peer == "dockerd":
        pytest.skip("20.10 repairs nothing")
    host = Host()
    made = run_daemon(host, peer, ["-D"])
    try:
        box = World(host, next(made), default_client())
        seen = box.daemon.log().count("repair")
        for _ in range(3):
            box.docker("network", "create", "n1")
            box.docker("run", "-d", "--name", "c3", "--net", "n1", "busybox", "sleep", "600")
            box.docker("restart", "-t", "0", "c3")
            box.docker("rm", "-f", "c3")
            box.docker("network", "rm", "n1")
        time.sleep(0.2)
        assert box.daemon.log().count("repair") == seen
    finally:
        next(made, None)
        host.remove()
