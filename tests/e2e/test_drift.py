"""What another program takes from a running container's wiring is put back at once; starts and stops cost no repair."""
import re
import time

import pytest
from conftest import default_client, run_daemon
from harness import kernel, reach
from harness.host import Host
from harness.recovery import Knocker
from harness.world import World

SECONDS = 2.0  # a repair that follows others waits up to one second (docs/self-repair.md); bench/drift.py measures
PORT = 18080


@pytest.fixture
def running(box, peer):
    if peer == "dockerd":
        pytest.skip("20.10 repairs nothing")
    box.docker("run", "-d", "--name", "c1", "-p", f"{PORT}:80", "busybox", "sleep", "600")
    box.docker("run", "-d", "--name", "c2", "busybox", "sleep", "600")
    kernel.wait_for(lambda: reaches_out(box, "c1"), 5, "the container to reach out")
    time.sleep(0.6)  # past the spacing of repairs: every test meets the first one
    with reach.echo(box.pid("c1"), "c1", 80):
        yield box


def reaches_out(box, name):
    return kernel.inside(box.pid(name), "ping", "-c1", "-W1", box.host.OUTSIDE, check=False).code == 0


def hurt(box, *command, says):
    """Runs it in the host while the published port is asked from outside: soon it answers again, the wiring is
    what it was, and the log says what was wrong."""
    before, logged = wiring(box), len(box.daemon.log())
    with Knocker(box.host.outside, box.host.ADDRESS, PORT) as knocker:
        began = time.monotonic()
        if box.host.run(*command, check=False).code:
            # The kernel keeps others from a table that has an owner.
            assert command[0] == "nft" and wiring(box) == before
            return
        kernel.wait_for(lambda: wiring(box) == before, SECONDS, "the wiring to be what it was", every=0.01)
        back = knocker.back_after(began, SECONDS)
    print(f"{' '.join(command)}: the published port answers after {back * 1000:.0f} ms; the daemon says {took(box)}")
    assert back < SECONDS
    assert says in box.daemon.log()[logged:]
    pid, address = box.pid("c1"), box.address("c2", "bridge")
    kernel.wait_for(lambda: reaches_out(box, "c1"), SECONDS, "the container to reach out")
    assert kernel.inside(pid, "ping", "-c1", "-W1", address, check=False).code == 0, "c1 does not reach c2"


def wiring(box):
    links = kernel.ip(box.host.ns, "addr")
    shown = sorted((l["ifname"], l.get("master"), "UP" in l["flags"], l.get("ifalias"),
                    sorted(f"{a['local']}/{a['prefixlen']}" for a in l["addr_info"] if a["scope"] == "global"))
                   for l in links if l["ifname"] != "lo")
    routes = sorted((r["dst"], r.get("dev"), r.get("protocol"), r.get("prefsrc")) for r in kernel.ip(box.host.ns, "route"))
    ports = sorted((l["ifname"], str(l["linkinfo"].get("info_slave_data"))) for l in kernel.ip(box.host.ns, "link") if l.get("master"))
    ports = [(name, "isolated" in data, re.findall(r"'(?:hairpin|isolated)': \w+", data)) for name, data in ports]
    return shown, routes, ports, kernel.sysctl(box.host.ns, "net/ipv4/ip_forward"), sorted(map(str, kernel.ruleset(box.host.ns)))


def took(box):
    return re.findall(r"\d+ steps of repair took \d+ ms", box.daemon.log())[-1:]


def test_bridge_deleted(running):
    hurt(running, "ip", "link", "del", "docker0", says="link docker0 was gone or down")


def test_bridge_set_down(running):
    hurt(running, "ip", "link", "set", "docker0", "down", says="link docker0 was gone or down")


def test_address_removed(running):
    hurt(running, "ip", "addr", "del", "172.17.0.1/16", "dev", "docker0", says="address 172.17.0.1/16 on docker0")


def test_subnet_route_removed(running):
    for _ in range(2):  # the one that was put back is watched as well
        hurt(running, "ip", "route", "del", "172.17.0.0/16", "dev", "docker0", says="the route to 172.17.0.0/16 by docker0 was gone")


def test_forwarding_switched_off(running):
    hurt(running, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward", says="setting net/ipv4/ip_forward was 0, not 1")


def test_ipv6_network(running):
    running.docker("network", "create", "--ipv6", "--subnet", "fd00:66::/64", "n6")
    before = wiring6(running)
    for command, says in (
            (("ip", "-6", "route", "del", "fd00:66::/64"), "the route to fd00:66::/64 by br-"),
            (("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding"), "setting net/ipv6/conf/all/forwarding was 0, not 1")):
        running.host.run(*command)
        kernel.wait_for(lambda: wiring6(running) == before, SECONDS, "the wiring to be what it was", every=0.01)
        assert says in running.daemon.log()


def wiring6(box):
    routes = sorted((r["dst"], r["dev"], r["protocol"]) for r in kernel.ip(box.host.ns, "-6", "route"))
    return routes, kernel.sysctl(box.host.ns, "net/ipv6/conf/all/forwarding")


def test_table_deleted(running):
    hurt(running, "nft", "delete", "table", "inet", "fairlead", says="firewall table fairlead was gone")


def test_ruleset_flushed(running):
    hurt(running, "nft", "flush", "ruleset", says="firewall table fairlead")  # ours, or where it is owned the administrator's only


def test_set_emptied(running):
    hurt(running, "nft", "flush", "set", "inet", "fairlead", "egress", says='element egress { "docker0" } was gone')


def test_port_taken_off_its_bridge(running):
    port = near_end(running)
    hurt(running, "ip", "link", "set", port, "nomaster", says=f"link {port} was on no bridge, not on docker0")


def test_port_keeps_its_isolation(running):
    """Of a network whose containers must not reach each other, also after its bridge was made anew."""
    running.docker("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "-o",
                   "com.docker.network.bridge.name=apart", "n1")
    for name in ("a1", "a2"):
        running.docker("run", "-d", "--name", name, "--net", "n1", "busybox", "sleep", "600")
    before = wiring(running)
    assert [p for p in before[2] if "'isolated': True" in p[2]], before[2]
    running.host.run("ip", "link", "del", "apart")
    kernel.wait_for(lambda: wiring(running) == before, SECONDS, "the wiring to be what it was", every=0.01)
    assert kernel.inside(running.pid("a1"), "ping", "-c1", "-W1", running.address("a2", "n1"), check=False).code


def near_end(box):
    inside = kernel.link(box.pid("c1"), "eth0")
    return next(l["ifname"] for l in kernel.ip(box.host.ns, "link") if l["ifindex"] == inside["link_index"])


def test_pair_deleted(running):
    port = near_end(running)
    hurt(running, "ip", "link", "del", port, says=f"link {port} was gone or down")


def test_separate_acts_are_not_spaced_out(running):
    """A struggle is something else: each of several acts a second apart is undone as fast as the first."""
    for _ in range(5):
        running.host.run("ip", "addr", "del", "172.17.0.1/16", "dev", "docker0")
        began = time.monotonic()
        kernel.wait_for(lambda: "172.17.0.1/16" in kernel.addresses(running.host.ns).get("docker0", []), SECONDS, "the address", every=0.01)
        assert time.monotonic() - began < 0.5
        time.sleep(max(0, began + 1 - time.monotonic()))


def test_a_struggle_is_spaced_out(running):
    """Another program that takes the address again and again gets ever fewer repairs, and the last word is ours."""
    seen = running.daemon.log().count("steps of repair")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        running.host.run("ip", "addr", "del", "172.17.0.1/16", "dev", "docker0", check=False)
        time.sleep(0.01)
    assert 1 <= running.daemon.log().count("steps of repair") - seen <= 14
    kernel.wait_for(lambda: reaches_out(running, "c1"), 8, "the last repair")


def test_starts_and_stops_cost_no_repair(peer):
    if peer == "dockerd":
        pytest.skip("20.10 repairs nothing")
    host = Host()
    made = run_daemon(host, peer, ["-D"])
    try:
        box = World(host, next(made), default_client())
        seen = box.daemon.log().count("repair")
        for i in range(20):
            box.docker("run", "-d", "--name", f"many{i}", "-p", "80", "busybox", "sleep", "600")
        for _ in range(3):
            box.docker("network", "create", "n1")
            box.docker("run", "-d", "--name", "c3", "--net", "n1", "busybox", "sleep", "600")
            box.docker("restart", "-t", "0", "c3")
            box.docker("rm", "-f", "c3")
            box.docker("network", "rm", "n1")
        box.clear()
        time.sleep(0.2)
        assert box.daemon.log().count("repair") == seen
    finally:
        next(made, None)
        host.remove()
