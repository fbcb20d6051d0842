"""`--ipv4=false`: a network of IPv6 alone, its addresses, names and pings."""
import socket

import pytest
from harness import kernel, names


@pytest.fixture
def six(box):
    if not box.ours:
        pytest.skip("20.10 knows no network without IPv4")
    box.docker("network", "create", "--ipv4=false", "--ipv6", "six")
    for name in ("one", "two"):
        box.docker("run", "-d", "--name", name, "--net", "six", "busybox", "sleep", "600")
    return box


def test_addresses_and_route(six):
    network = six.network("six")
    assert not network["EnableIPv4"] and network["EnableIPv6"]
    (subnet,) = (c["Subnet"] for c in network["IPAM"]["Config"])
    assert subnet.startswith("fd") and subnet.endswith("/64"), "a prefix of our own, drawn where none was named"
    endpoint, pid = six.endpoint("one", "six"), six.pid("one")
    assert endpoint["IPAddress"] == "" and kernel.addresses(pid)["eth0"] == []
    assert f"{endpoint['GlobalIPv6Address']}/64" in kernel.addresses(pid, "inet6")["eth0"]
    assert [r["gateway"] for r in kernel.ip(pid, "-6", "route") if r["dst"] == "default"] == [endpoint["IPv6Gateway"]]
    assert [r for r in kernel.ip(pid, "-4", "route")] == []


def test_names(six):
    pid, address = six.pid("one"), six.endpoint("two", "six")["GlobalIPv6Address"]
    assert names.ask(pid, "two", "AAAA").data == names.ask(pid, "two.six", "AAAA").data == [address]
    nothing = names.ask(pid, "two", "A")
    assert (nothing.rcode, nothing.records) == (names.NOERROR, [])
    back = ".".join(reversed("".join(f"{byte:02x}" for byte in socket.inet_pton(socket.AF_INET6, address)))) + ".ip6.arpa"
    assert names.ask(pid, back, "PTR").data == ["two.six"]
    said = six.exec("one", "ping -6 -c 1 -W 2 two").out
    assert f"PING two ({address})" in said and " 0% packet loss" in said
