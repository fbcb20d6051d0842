"""ipvlan in its three modes and 802.1Q parents; on a kernel without them these skip and say so."""
import pytest
from harness import kernel
from harness.shell import run


def need(box, kind, *more):
    made = box.host.run("ip", "link", "add", "link", "uplink", "name", "probe0", "type", kind, *more, check=False)
    if made.code != 0:
        pytest.skip(f"this kernel has no {kind}")
    box.host.run("ip", "link", "del", "probe0")


def start(box, name, network):
    box.docker("run", "-d", "--name", name, "--net", network, "busybox", "sleep", "600")
    return box.address(name, network)


def reaches(box, name, address):
    return box.docker("exec", name, "ping", "-c", "1", "-W", "1", address, check=False).code == 0


@pytest.mark.parametrize("mode", ["l2", "l3", "l3s"])
def test_modes(box, mode):
    need(box, "ipvlan")
    box.docker("network", "create", "-d", "ipvlan", "-o", "parent=uplink", "-o", f"ipvlan_mode={mode}", "--subnet", "172.30.6.0/24", "v")
    box.host.run_outside("ip", "route", "add", "172.30.6.0/24", "dev", "downlink")
    try:
        a, b = start(box, "c1", "v"), start(box, "c2", "v")
        assert reaches(box, "c1", b)
        assert kernel.link(box.pid("c1"), "eth0")["linkinfo"]["info_data"]["mode"] == mode
        default = box.exec("c1", "ip route").out.splitlines()[0]
        assert default.startswith("default via 172.30.6.1" if mode == "l2" else "default dev eth0")
        if mode != "l2":
            assert reaches(box, "c1", box.host.OUTSIDE)
    finally:
        box.clear()
        box.host.run_outside("ip", "route", "del", "172.30.6.0/24")


def test_vlan_parent_is_made_and_removed(box):
    need(box, "vlan", "id", "9")
    run("ip", "-n", box.host.outside, "link", "add", "link", "downlink", "name", "tagged", "type", "vlan", "id", "50")
    run("ip", "-n", box.host.outside, "addr", "add", "172.30.5.1/24", "dev", "tagged")
    run("ip", "-n", box.host.outside, "link", "set", "tagged", "up")
    try:
        for name, subnet in (("one", "172.30.5.0/24"), ("two", "172.30.4.0/24")):
            box.docker("network", "create", "-d", "macvlan", "-o", "parent=uplink.50", "--subnet", subnet, name)
        start(box, "c1", "one")
        assert reaches(box, "c1", "172.30.5.1")
        box.docker("rm", "-f", "c1")
        box.docker("network", "rm", "one")
        assert kernel.link(box.host.ns, "uplink.50")
        box.docker("network", "rm", "two")
        kernel.wait_for(lambda: "uplink.50" not in [l["ifname"] for l in kernel.ip(box.host.ns, "link")], what="the 802.1Q link to go")
    finally:
        run("ip", "-n", box.host.outside, "link", "del", "tagged")


def test_without_the_kernels_help_it_says_so(box):
    made = box.host.run("ip", "link", "add", "link", "uplink", "name", "probe0", "type", "ipvlan", check=False)
    if made.code == 0:
        box.host.run("ip", "link", "del", "probe0")
        pytest.skip("this kernel has ipvlan")
    box.docker("network", "create", "-d", "ipvlan", "-o", "parent=uplink", "--subnet", "172.30.6.0/24", "v")
    assert "this kernel has no ipvlan" in box.refused("run", "--rm", "--net", "v", "busybox", "true")
    assert "this kernel has no vlan" in box.refused("network", "create", "-d", "ipvlan", "-o", "parent=uplink.7", "w")
