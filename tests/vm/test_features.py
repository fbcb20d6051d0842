"""That the machine has what it is there for: real objects, and packets where there is a way for them."""
import os
import platform
from pathlib import Path

import pytest

from harness import kernel
from harness.shell import run

pytestmark = pytest.mark.skipif(os.environ.get("FAIRLEAD_TEST_RUNTIME") != "crun", reason="asks for the machine of tests/vm/run")


@pytest.fixture
def pair():
    """Two namespaces on one veth: `near` 10.9.0.1 on va, `far` 10.9.0.2 on vb."""
    names = [f"fle2e-{os.getpid()}-{end}" for end in ("near", "far")]
    for name in names:
        run("ip", "netns", "add", name)
    near, far = names
    run("ip", "-n", near, "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", far)
    for ns, device, address in ((near, "va", "10.9.0.1/24"), (far, "vb", "10.9.0.2/24")):
        up(ns, device, address)
    yield names
    for name in names:
        run("ip", "netns", "del", name)


def up(ns, device, *addresses):
    for address in addresses:
        run("ip", "-n", ns, "addr", "add", address, "dev", device)
    run("ip", "-n", ns, "link", "set", device, "up")


def ping(ns, address):
    return kernel.inside(ns, "ping", "-c1", "-W5", address).out


@pytest.mark.parametrize("mode", ["l2", "l3", "l3s"])
def test_ipvlan(pair, mode):
    near, far = pair
    run("ip", "-n", near, "link", "add", "iv", "link", "va", "type", "ipvlan", "mode", mode)
    child = f"{near}-child"
    run("ip", "netns", "add", child)
    try:
        run("ip", "-n", near, "link", "set", "iv", "netns", child)
        up(child, "iv", "10.9.0.9/24")
        # In l3 and l3s nobody answers ARP for the child; the parent's own address leads to it in each mode.
        run("ip", "-n", far, "route", "add", "10.9.0.9", "via", "10.9.0.1")
        ping(child, "10.9.0.2")
    finally:
        run("ip", "netns", "del", child)


def test_vlan(pair):
    for ns, parent, address in zip(pair, ("va", "vb"), ("10.8.0.1/24", "10.8.0.2/24")):
        run("ip", "-n", ns, "link", "add", "tagged", "link", parent, "type", "vlan", "id", "42")
        up(ns, "tagged", address)
    ping(pair[0], "10.8.0.2")


def test_wireguard(pair):
    # Without `wg`, which is not asked for here, there are no keys and so no packets.
    run("ip", "-n", pair[0], "link", "add", "wg", "type", "wireguard")
    up(pair[0], "wg", "10.6.0.1/24")
    assert kernel.link(pair[0], "wg")["linkinfo"]["info_kind"] == "wireguard"


def test_esp(pair):
    near, far = pair
    key = "0x0102030405060708091011121314151617181920"
    for ns in pair:
        for source, target, spi in (("10.9.0.1", "10.9.0.2", "0x100"), ("10.9.0.2", "10.9.0.1", "0x200")):
            run("ip", "-n", ns, "xfrm", "state", "add", "src", source, "dst", target, "proto", "esp", "spi", spi, "reqid", "1",
                "mode", "transport", "aead", "rfc4106(gcm(aes))", key, "128")
            direction = "out" if (ns == near) == (source == "10.9.0.1") else "in"
            run("ip", "-n", ns, "xfrm", "policy", "add", "src", source, "dst", target, "dir", direction,
                "tmpl", "src", source, "dst", target, "proto", "esp", "reqid", "1", "mode", "transport")
    ping(near, "10.9.0.2")
    assert "10.9.0.1" in run("ip", "-n", far, "-s", "xfrm", "state").out


def test_netem(pair):
    run("tc", "-n", pair[0], "qdisc", "add", "dev", "va", "root", "netem", "delay", "300ms")
    assert float(ping(pair[0], "10.9.0.2").split("time=")[1].split()[0]) >= 300


def test_dummy(pair):
    run("ip", "-n", pair[0], "link", "add", "d0", "type", "dummy")
    up(pair[0], "d0", "10.7.0.1/24")
    assert kernel.link(pair[0], "d0")["linkinfo"]["info_kind"] == "dummy"


def test_flowtable(pair):
    kernel.inside(pair[0], "nft", "-f", "-", input="""table inet f {
        flowtable ft { hook ingress priority 0; devices = { va }; }
        chain forward { type filter hook forward priority 0; ct state established flow add @ft; }
    }""")
    assert any("flowtable" in item for item in kernel.ruleset(pair[0]))


def test_cgroup_v2():
    controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()
    assert {"cpu", "memory", "pids", "io", "cpuset"} <= set(controllers)


def test_is_another_kernel():
    assert platform.release().endswith("-amd64"), "Debian's own"
