"""W09: `docker network create`, as the articles type it, and what is refused."""
import ipaddress
import re

import pytest
from harness import kernel


def test_w09_by_hand(world):
    made = world.docker("network", "create", "custom_network").out
    assert re.fullmatch("[0-9a-f]{64}", made)
    subnet, gateway = check_network(world, "custom_network")
    assert ipaddress.ip_network("172.16.0.0/12").supernet_of(subnet) and subnet.prefixlen == 16
    assert gateway == subnet[1] and subnet != ipaddress.ip_network("172.17.0.0/16")

    world.docker("network", "create", "-d", "bridge", "--subnet", "172.25.0.0/16", "articles")
    assert check_network(world, "articles") == (ipaddress.ip_network("172.25.0.0/16"), ipaddress.ip_address("172.25.0.1"))
    world.docker("network", "create", "--driver=bridge", "--subnet=172.8.21.0/24", "--gateway=172.8.21.1", "my-net")
    assert check_network(world, "my-net") == (ipaddress.ip_network("172.8.21.0/24"), ipaddress.ip_address("172.8.21.1"))

    listed = [line.split() for line in world.docker("network", "ls").lines[1:]]
    assert [made[:12], "custom_network", "bridge", "local"] in listed
    assert sorted(row[1] for row in listed) == ["articles", "bridge", "custom_network", "host", "my-net", "none"]
    assert world.docker("network", "rm", "custom_network", "articles", "my-net").lines == ["custom_network", "articles", "my-net"]
    # The answer does not wait for the kernel, which takes some 40 ms to let a bridge go.
    kernel.wait_for(lambda: not [l for l in kernel.ip(world.host.ns, "link") if l["ifname"].startswith("br-")], 2)


def check_network(world, name):
    """Its bridge is there, up, under the gateway's address; gives subnet and gateway."""
    network = world.network(name)
    assert (network["Driver"], network["Scope"], network["Internal"], network["Containers"]) == ("bridge", "local", False, {})
    config, = network["IPAM"]["Config"]
    subnet = ipaddress.ip_network(config["Subnet"])
    # 20.10 leaves a gateway that it chose out until its first restart.
    gateway = ipaddress.ip_address(config["Gateway"] if world.ours else config.get("Gateway", subnet[1]))
    bridge = "br-" + network["Id"][:12]
    link = kernel.link(world.host.ns, bridge)
    assert link["linkinfo"]["info_kind"] == "bridge" and "UP" in link["flags"]
    assert kernel.addresses(world.host.ns)[bridge] == [f"{gateway}/{subnet.prefixlen}"]
    return subnet, gateway


def test_w09_help(world):
    text = world.docker("network", "create", "--help").out
    for flag in ("--subnet", "--gateway", "--ip-range", "--aux-address", "--internal", "--attachable", "--label", "--driver", "--opt"):
        assert flag in text


def test_next_free_pool(box):
    """Networks that ask for nothing get different subnets, and none that the host routes already."""
    box.docker("network", "create", "--subnet", "172.19.0.0/16", "taken")
    # 20.10 looks at routes on a link only.
    box.host.run("ip", "route", "add", "172.20.0.0/16", *(("via", box.host.OUTSIDE) if box.ours else ("dev", "uplink")))
    try:
        for i in range(3):
            box.docker("network", "create", f"free{i}")
    finally:
        box.host.run("ip", "route", "del", "172.20.0.0/16")
    got = {str(check_network(box, f"free{i}")[0]) for i in range(3)}
    assert len(got) == 3 and not got & {"172.17.0.0/16", "172.19.0.0/16", "172.20.0.0/16"}


@pytest.mark.parametrize("subnet, mention", [
    ("172.08.21.0/24", "172.08.21.0/24"), ("172.8.21.0", "172.8.21.0"), ("172.8.21.0/33", "172.8.21.0/33"), ("nonsense", "nonsense"),
    ("172.26.3.0/24", "Pool overlaps with other one on this address space"), ("172.26.0.0/15", "Pool overlaps with other one on this address space"),
    ("172.17.9.0/24", "Pool overlaps with other one on this address space")])
def test_bad_subnets(box, subnet, mention):
    box.docker("network", "create", "--subnet", "172.26.0.0/16", "first")
    said = box.refused("network", "create", "--subnet", subnet, "second", code=1)
    assert mention in said and len(said.splitlines()) <= 2, said
    assert "second" not in box.docker("network", "ls", "--format", "{{.Name}}").lines


def test_a_subnet_of_the_host_itself(box):
    if not box.ours:
        pytest.skip("20.10 accepts a network on the host's own uplink")
    for subnet in ("10.77.0.0/24", "10.77.0.128/25", "10.0.0.0/8"):
        said = box.refused("network", "create", "--subnet", subnet, "second", code=1)
        assert "10.77.0.0/24" in said and len(said.splitlines()) == 1, said
    assert " 0% packet loss" in box.host.run("/bin/busybox", "ping", "-c", "1", "-W", "2", box.host.OUTSIDE).out
