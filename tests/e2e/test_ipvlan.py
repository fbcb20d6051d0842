"""ipvlan in its three modes and 802.1Q parents; on a kernel without them these skip and say so."""
import pytest
from harness import kernel
from harness.shell import run


def has(box, kind, *more):
    made = box.host.run("ip", "link", "add", "link", "uplink", "name", "probe0", "type", kind, *more, check=False)
    box.host.run("ip", "link", "del", "probe0", check=False)
    return made.code == 0


def need(box, kind, *more):
    if not has(box, kind, *more):
        pytest.skip(f"this kernel has no {kind}")


def start(box, name, network):
    box.docker("run", "-d", "--name", name, "--net", network, "busybox", "sleep", "600")
    return box.address(name, network)


def reaches(box, name, address):
    return box.docker("exec", name, "ping", "-c", "1", "-W", "1", address, check=False).code == 0


def answers(run_there, address):
    return run_there("ping", "-c", "1", "-W", "1", address, check=False).code == 0


#                   child<->child, child->LAN peer, LAN peer->child, child->host's parent, host's parent->child
MATRIX = {("l2", "bridge"): (True, True, True, False, False), ("l2", "private"): (False, True, True, False, False),
          ("l2", "vepa"): (False, True, True, False, False), ("l3", "bridge"): (True, True, True, True, True),
          ("l3s", "bridge"): (True, True, True, True, True)}


@pytest.mark.parametrize("mode, flag", MATRIX, ids=[f"{mode}-{flag}" for mode, flag in MATRIX])
def test_matrix(box, mode, flag):
    need(box, "ipvlan")
    # In l2 containers are of the LAN; what l3 and l3s lead to is a subnet of its own, which the LAN's router must know.
    of_lan = ("--subnet", "10.77.0.0/24", "--aux-address", f"own={box.host.ADDRESS}")
    box.docker("network", "create", "-d", "ipvlan", "-o", "parent=uplink", "-o", f"ipvlan_mode={mode}", "-o", f"ipvlan_flag={flag}",
               *(of_lan if mode == "l2" else ("--subnet", "172.30.6.0/24")), "v")
    box.host.run_outside("ip", "route", "add", "172.30.6.0/24", "via", box.host.ADDRESS)
    try:
        a, b = start(box, "c1", "v"), start(box, "c2", "v")
        data = kernel.link(box.pid("c1"), "eth0")["linkinfo"]["info_data"]
        assert data["mode"] == mode and data[flag]
        default = box.exec("c1", "ip route").out.splitlines()[0]
        assert default.startswith(f"default via {box.host.OUTSIDE}" if mode == "l2" else "default dev eth0")
        measured = (reaches(box, "c1", b) and reaches(box, "c2", a), reaches(box, "c1", box.host.OUTSIDE),
                    answers(box.host.run_outside, a), reaches(box, "c1", box.host.ADDRESS), answers(box.host.run, a))
        assert measured == MATRIX[mode, flag]
        assert reaches(box, "c1", "c2") == MATRIX[mode, flag][0], "by its name"
        if mode != "l2":  # between host and child it is the LAN's router that leads packets back
            box.host.run_outside("ip", "route", "del", "172.30.6.0/24")
            assert not answers(box.host.run, a) and not reaches(box, "c1", box.host.ADDRESS)
    finally:
        box.clear()
        box.host.run_outside("ip", "route", "flush", "172.30.6.0/24")


@pytest.mark.parametrize("flag, meet", [("vepa", True), ("private", False)])
def test_with_a_reflecting_switch(lan, flag, meet):
    need(lan, "ipvlan")
    run("bridge", "-n", lan.host.outside, "link", "set", "dev", "downlink", "hairpin", "on")
    lan.docker("network", "create", "-d", "ipvlan", "-o", "parent=uplink", "-o", f"ipvlan_flag={flag}", "--subnet", "10.77.0.0/24",
               "--aux-address", f"own={lan.host.ADDRESS}", "v")
    a, b = start(lan, "c1", "v"), start(lan, "c2", "v")
    assert reaches(lan, "c1", lan.host.OUTSIDE) and answers(lan.host.run_outside, a)
    assert [reaches(lan, "c1", b), reaches(lan, "c2", a)] == [meet, meet]


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_vlan_parent_is_made_and_removed(box, driver):
    need(box, "vlan", "id", "9")
    need(box, driver)
    run("ip", "-n", box.host.outside, "link", "add", "link", "downlink", "name", "tagged", "type", "vlan", "id", "50")
    run("ip", "-n", box.host.outside, "addr", "add", "172.30.5.1/24", "dev", "tagged")
    run("ip", "-n", box.host.outside, "link", "set", "tagged", "up")
    try:
        for name, subnet in (("one", "172.30.5.0/24"), ("two", "172.30.4.0/24")):
            box.docker("network", "create", "-d", driver, "-o", "parent=uplink.50", "--subnet", subnet, name)
        assert kernel.link(box.host.ns, "uplink.50")["linkinfo"]["info_data"]["id"] == 50
        a = start(box, "c1", "one")
        assert reaches(box, "c1", "172.30.5.1") and answers(box.host.run_outside, a)
        run("ip", "-n", box.host.outside, "link", "set", "downlink", "down")
        kernel.wait_for(lambda: box.network("two").get("Status") == {"parent": "uplink.50 has no carrier"}, what="the base's lost carrier")
        kernel.wait_for(lambda: "NO-CARRIER" in kernel.link(box.pid("c1"), "eth0")["flags"], what="the container to see it")
        run("ip", "-n", box.host.outside, "link", "set", "downlink", "up")
        kernel.wait_for(lambda: "Status" not in box.network("two") and reaches(box, "c1", "172.30.5.1"), what="the way back")
        box.docker("rm", "-f", "c1")
        box.docker("network", "rm", "one")
        assert kernel.link(box.host.ns, "uplink.50")
        box.docker("network", "rm", "two")
        kernel.wait_for(lambda: "uplink.50" not in [l["ifname"] for l in kernel.ip(box.host.ns, "link")], what="the 802.1Q link to go")
    finally:
        box.clear()
        run("ip", "-n", box.host.outside, "link", "del", "tagged")


def test_without_the_kernels_help_it_says_so(box):
    lacking = [kind for kind, *more in (("ipvlan",), ("vlan", "id", "9")) if not has(box, kind, *more)]
    if not lacking:
        pytest.skip("this kernel has all of it")
    before = list(kernel.addresses(box.host.ns))
    if "ipvlan" in lacking:
        for options in (("-o", "parent=uplink"), ("--internal",)):
            said = box.refused("network", "create", "-d", "ipvlan", *options, "v")
            assert "this kernel has no ipvlan" in said and "`modprobe ipvlan`" in said
    if "vlan" in lacking:
        said = box.refused("network", "create", "-d", "macvlan", "-o", "parent=uplink.7", "w")
        assert "this kernel has no vlan" in said and "`modprobe 8021q`" in said
    assert list(kernel.addresses(box.host.ns)) == before and box.docker("network", "ls", "-q", "--filter", "type=custom").lines == []
