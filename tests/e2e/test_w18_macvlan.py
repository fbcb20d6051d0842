"""W18: macvlan in its four modes. The host's uplink is a veth; its far end is a port of a switch (a bridge outside), on
which another host of the LAN sits."""
import contextlib
import time

import pytest
from harness import kernel
from harness.shell import run

LAN, PEER = "10.77.0.0/24", "10.77.0.1"
#           child<->child, child<->LAN peer, child->host's parent, host's parent->child, parent<->LAN
MATRIX = {"bridge": (True, True, False, False, True), "private": (False, True, False, False, True), "vepa": (False, True, False, False, True)}


def create(box, name, *options, driver="macvlan", subnet=LAN, parent="uplink"):
    at = ("-o", f"parent={parent}") if parent else ()
    reserved = ("--aux-address", "own=10.77.0.2") if subnet == LAN else ()
    return box.docker("network", "create", "-d", driver, *at, "--subnet", subnet, *reserved, *options, name)


def start(box, name, network, *options):
    box.docker("run", "-d", "--name", name, "--net", network, *options, "busybox", "sleep", "600")
    return box.address(name, network)


def reaches(box, name, address):
    return box.docker("exec", name, "ping", "-c", "1", "-W", "1", address, check=False).code == 0


def host_reaches(box, address):
    return box.host.run("ping", "-c", "1", "-W", "1", address, check=False).code == 0


def lan_reaches(box, address):
    return box.host.run_outside("ping", "-c", "1", "-W", "1", address, check=False).code == 0


@pytest.mark.parametrize("mode", MATRIX)
def test_matrix(lan, mode):
    create(lan, "m", "-o", f"macvlan_mode={mode}")
    a, b = start(lan, "c1", "m"), start(lan, "c2", "m")
    measured = (reaches(lan, "c1", b) and reaches(lan, "c2", a), reaches(lan, "c1", PEER) and lan_reaches(lan, a),
                reaches(lan, "c1", lan.host.ADDRESS), host_reaches(lan, a), host_reaches(lan, PEER))
    assert measured == MATRIX[mode]


@pytest.mark.parametrize("mode, meet", [("vepa", True), ("private", False)])
def test_with_a_reflecting_switch(lan, mode, meet):
    run("bridge", "-n", lan.host.outside, "link", "set", "dev", "downlink", "hairpin", "on")
    create(lan, "m", "-o", f"macvlan_mode={mode}")
    a, b = start(lan, "c1", "m"), start(lan, "c2", "m")
    assert [reaches(lan, "c1", b), reaches(lan, "c2", a)] == [meet, meet]


def test_passthru_takes_one(lan):
    create(lan, "m", "-o", "macvlan_mode=passthru")
    start(lan, "c1", "m")
    assert reaches(lan, "c1", PEER) and not host_reaches(lan, PEER)
    said = lan.refused("run", "-d", "--name", "c2", "--net", "m", "busybox", "sleep", "600")
    assert "takes exactly one container" in said and "c1 has it" in said
    lan.docker("rm", "-f", "c1", "c2")
    assert host_reaches(lan, PEER)
    start(lan, "c3", "m")
    assert reaches(lan, "c3", PEER)


def test_host_access(lan):
    create(lan, "m", "-o", "host_access=true")
    a = start(lan, "c1", "m")
    shim = lan.network("m")["IPAM"]["Config"][0]["AuxiliaryAddresses"]["host"]
    assert host_reaches(lan, a) and reaches(lan, "c1", shim) and host_reaches(lan, PEER)
    routes = [r["dst"] for r in kernel.ip(lan.host.ns, "route") if r.get("dev", "").startswith("mv-")]
    assert routes == [a]
    lan.docker("rm", "-f", "c1")
    assert not [r for r in kernel.ip(lan.host.ns, "route") if r.get("dev", "").startswith("mv-")]
    lan.docker("network", "rm", "m")
    kernel.wait_for(lambda: not [l for l in kernel.ip(lan.host.ns, "link") if l["ifname"].startswith("mv-")], what="the shim to go")


def test_names_options_and_restarts(lan):
    create(lan, "m", "--ipv6", "--subnet", "fd77::/64")
    create(lan, "second", subnet="172.30.9.0/24")
    assert start(lan, "c1", "m", "--ip", "10.77.0.50", "--ip6", "fd77::50", "--mac-address", "02:aa:bb:cc:dd:01") == "10.77.0.50"
    start(lan, "c2", "second")
    assert kernel.link(lan.pid("c1"), "eth0")["address"] == "02:aa:bb:cc:dd:01"
    assert kernel.sysctl(lan.pid("c2"), "net/ipv6/conf/eth0/disable_ipv6") == "1"
    lan.docker("network", "connect", "m", "c2")
    assert reaches(lan, "c2", "c1") and lan.docker("exec", "c2", "ping", "-6", "-c", "1", "-W", "2", "fd77::50", check=False).code == 0
    lan.daemon.stop()
    lan.daemon.start()
    assert reaches(lan, "c2", "c1")
    lan.docker("restart", "-t", "0", "c1")
    assert reaches(lan, "c2", "c1")
    lan.docker("network", "disconnect", "m", "c2")
    assert not reaches(lan, "c2", "10.77.0.50")


@pytest.mark.parametrize("options", [("--internal",), ()], ids=["internal", "no parent"])
def test_isolated(lan, options):
    create(lan, "m", *options, subnet="172.30.8.0/24", parent="uplink" if options else None)
    a, b = start(lan, "c1", "m"), start(lan, "c2", "m")
    assert reaches(lan, "c1", b) and not reaches(lan, "c1", PEER)
    assert "default" not in lan.exec("c1", "ip route").out
    lan.docker("rm", "-f", "c1", "c2")
    lan.docker("network", "rm", "m")
    kernel.wait_for(lambda: not [l for l in kernel.ip(lan.host.ns, "link") if l["ifname"].startswith("dm-")], what="its parent to go")


def test_parent_goes_and_returns(lan):
    lan.host.run("ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare2")
    lan.host.run("ip", "link", "set", "spare", "up")
    lan.host.run("ip", "link", "set", "spare2", "up")
    create(lan, "m", subnet="172.30.7.0/24", parent="spare")
    a, b = start(lan, "c1", "m"), start(lan, "c2", "m")
    assert reaches(lan, "c1", b) and "Status" not in lan.network("m")
    lan.host.run("ip", "link", "set", "spare", "down")
    kernel.wait_for(lambda: lan.network("m").get("Status") == {"parent": "spare is down"}, what="the status down")
    lan.host.run("ip", "link", "del", "spare")
    kernel.wait_for(lambda: lan.network("m").get("Status") == {"parent": "spare is missing"}, what="the status missing")
    lan.host.run("ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare2")
    lan.host.run("ip", "link", "set", "spare2", "up")
    lan.host.run("ip", "link", "set", "spare", "up")
    kernel.wait_for(lambda: "Status" not in lan.network("m") and reaches(lan, "c1", b), what="the way back")
    lan.docker("rm", "-f", "c1", "c2")
    lan.host.run("ip", "link", "del", "spare")


@contextlib.contextmanager
def cable_out(box):
    """The far end of the uplink is down."""
    run("ip", "-n", box.host.outside, "link", "set", "downlink", "down")
    try:
        yield
    finally:
        run("ip", "-n", box.host.outside, "link", "set", "downlink", "up")


def test_a_carrier_goes_and_returns(lan):
    create(lan, "m")
    start(lan, "c1", "m")
    assert reaches(lan, "c1", PEER) and "Status" not in lan.network("m")
    before, began = kernel.link(lan.pid("c1"), "eth0"), str(time.time())
    with cable_out(lan):
        kernel.wait_for(lambda: lan.network("m").get("Status") == {"parent": "uplink has no carrier"}, what="the status")
        kernel.wait_for(lambda: "NO-CARRIER" in kernel.link(lan.pid("c1"), "eth0")["flags"], what="the containers to see it")
        assert lan.inspect("c1")["State"]["Running"]
        b = start(lan, "c2", "m")
        assert not reaches(lan, "c1", PEER) and not reaches(lan, "c1", b)
    kernel.wait_for(lambda: "Status" not in lan.network("m"), what="the status to go")
    kernel.wait_for(lambda: reaches(lan, "c1", PEER) and reaches(lan, "c2", PEER) and reaches(lan, "c1", b), what="the way back")
    after = kernel.link(lan.pid("c1"), "eth0")
    assert (after["ifindex"], after["address"]) == (before["ifindex"], before["address"])
    told = lan.docker("events", "--since", began, "--until", str(time.time()), "--filter", "network=m", "--format", "{{.Action}}")
    assert [action for action in told.lines if action.startswith("parent-")] == ["parent-no-carrier", "parent-up"]
    lan.daemon.stop()
    with cable_out(lan):
        lan.daemon.start()
        assert lan.network("m")["Status"] == {"parent": "uplink has no carrier"} and lan.inspect("c1")["State"]["Running"]
    kernel.wait_for(lambda: "Status" not in lan.network("m"), what="the status to go again")


def test_refusals(lan):
    said = lan.refused("network", "create", "-d", "macvlan", "-o", "macvlan_mode=bad", "m")
    assert "requested macvlan mode 'bad' is not valid, 'bridge' mode is the macvlan driver default" in said
    assert 'unknown option "colour" for driver macvlan' in lan.refused("network", "create", "-d", "macvlan", "-o", "colour=red", "m")
    assert "-o parent interface was not found on the host: nosuch" in lan.refused(
        "network", "create", "-d", "macvlan", "-o", "parent=nosuch", "m")
    assert "vlan id must be between 1-4094, received: 4095" in lan.refused(
        "network", "create", "-d", "macvlan", "-o", "parent=uplink.4095", "m")
    create(lan, "m")
    assert "is already using parent interface uplink" in lan.refused(
        "network", "create", "-d", "macvlan", "-o", "parent=uplink", "-o", "macvlan_mode=passthru", "n")
    assert "macvlan driver doesn't support multiple subnets" in lan.refused(
        "network", "create", "-d", "macvlan", "--subnet", "10.1.0.0/24", "--subnet", "10.2.0.0/24", "m2")
    lan.docker("network", "create", "-d", "macvlan", "alone")
    inner = next(l["ifname"] for l in kernel.ip(lan.host.ns, "link") if l["ifname"].startswith("dm-"))
    assert "is already using parent interface" in lan.refused("network", "create", "-d", "macvlan", "-o", f"parent={inner}", "n")
    assert "a network that leads nowhere does not lead to the host" in lan.refused(
        "network", "create", "-d", "macvlan", "-o", "host_access=true", "n")
    lan.host.run("ip", "link", "add", "mine", "link", "uplink", "type", "macvlan", "mode", "bridge")
    try:
        assert "is itself a macvlan link" in lan.refused("network", "create", "-d", "macvlan", "-o", "parent=mine", "n")
    finally:
        lan.host.run("ip", "link", "del", "mine")


def test_a_parent_by_its_other_name(lan):
    lan.host.run("ip", "link", "property", "add", "dev", "uplink", "altname", "enp0s31f6-that-is-long")
    try:
        create(lan, "m", parent="enp0s31f6-that-is-long")
        a, b = start(lan, "c1", "m"), start(lan, "c2", "m")
        assert reaches(lan, "c1", PEER) and reaches(lan, "c1", b)
        assert lan.network("m")["Options"]["parent"] == "enp0s31f6-that-is-long"
        said = lan.refused("network", "create", "-d", "macvlan", "-o", "parent=uplink", "-o", "macvlan_mode=passthru", "n")
        assert "is already using parent interface uplink" in said
    finally:
        lan.clear()
        lan.host.run("ip", "link", "property", "del", "dev", "uplink", "altname", "enp0s31f6-that-is-long")


def test_ipv6_alone(lan):
    lan.docker("network", "create", "-d", "macvlan", "-o", "parent=uplink", "--ipv4=false", "--ipv6", "--subnet", "fd77::/64", "m")
    for name in ("c1", "c2"):
        lan.docker("run", "-d", "--name", name, "--net", "m", "busybox", "sleep", "600")
    assert lan.docker("exec", "c1", "ping", "-6", "-c", "1", "-W", "2", "c2", check=False).code == 0
    assert kernel.addresses(lan.pid("c1"))["eth0"] == []


def test_what_others_take_of_the_host_access_comes_back(lan):
    create(lan, "m", "-o", "host_access=true")
    a = start(lan, "c1", "m")
    [shim] = [l["ifname"] for l in kernel.ip(lan.host.ns, "link") if l["ifname"].startswith("mv-")]
    [own] = kernel.addresses(lan.host.ns)[shim]
    for hurt in (("route", "del", a), ("addr", "del", own, "dev", shim), ("link", "del", shim)):
        lan.host.run("ip", *hurt)
        kernel.wait_for(lambda: host_reaches(lan, a), 3, f"the way back after ip {' '.join(hurt)}")
    # Containers of other networks do not share the host's way.
    lan.docker("run", "-d", "--name", "c2", "busybox", "sleep", "600")
    assert not reaches(lan, "c2", a)


def test_a_daemon_starts_though_a_parent_went_meanwhile(lan):
    lan.host.run("ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare2")
    for end in ("spare", "spare2"):
        lan.host.run("ip", "link", "set", end, "up")
    create(lan, "m", subnet="172.30.7.0/24", parent="spare")
    a, _ = start(lan, "c1", "m"), start(lan, "c2", "m")
    start(lan, "c3", "m", "--restart", "always")
    lan.daemon.stop()
    lan.host.run("ip", "link", "del", "spare")
    lan.daemon.start()
    assert lan.network("m")["Status"] == {"parent": "spare is missing"}
    kernel.end_process(lan.pid("c3"))
    kernel.wait_for(lambda: lan.inspect("c3")["State"]["Status"] == "exited", what="its policy to give up: there is no parent")
    lan.host.run("ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare2")
    for end in ("spare", "spare2"):
        lan.host.run("ip", "link", "set", end, "up")
    kernel.wait_for(lambda: reaches(lan, "c2", a), what="the way back")
    kernel.wait_for(lambda: lan.inspect("c3")["State"]["Running"], what="its policy to start it again")
    lan.docker("rm", "-f", "c1", "c2", "c3")
    lan.host.run("ip", "link", "del", "spare")


def test_a_disconnect_cut_short_leaves_no_link_behind(lan):
    create(lan, "m")
    start(lan, "c1", "m")
    lan.docker("network", "connect", "bridge", "c1")
    lan.daemon.stop()
    lan.daemon.start(fault="connect-stored")
    lan.docker("network", "disconnect", "m", "c1", check=False)
    assert lan.daemon.process.wait(20) == -9
    lan.daemon.start()
    assert "m" not in lan.inspect("c1")["NetworkSettings"]["Networks"]
    assert list(kernel.addresses(lan.pid("c1"))) == ["lo", "eth1"]
