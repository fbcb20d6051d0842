"""An address that moves to another container: who knew it by the old link address knows the new one at once."""
import pytest
from harness import kernel
from harness.rawapi import Api

OLD, NEW = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
V4, V6 = "172.25.0.50", "fd00:25::50"


@pytest.fixture
def scene(box):
    if not box.ours:
        pytest.skip("20.10 leaves neighbours to time out, and knows no link address of an endpoint")
    box.docker("network", "create", "--subnet", "172.25.0.0/24", "--ipv6", "--subnet", "fd00:25::/64", "moving")
    box.docker("run", "-d", "--name", "neighbour", "--net", "moving", "busybox", "sleep", "600")
    box.docker("run", "-d", "--name", "holder", "--net", f"name=moving,ip={V4},ip6={V6},mac-address={OLD}", "busybox", "sleep", "600")
    box.exec("neighbour", f"ping -c 1 -W 2 {V4} && ping -c 1 -W 2 {V6}")
    assert known(box) == {V4: OLD, V6: OLD}
    return box


def known(box):
    return {n["dst"]: n.get("lladdr") for n in kernel.ip(box.pid("neighbour"), "neigh") if n["dst"] in (V4, V6)}


def test_to_another_container_that_starts(scene):
    scene.docker("rm", "-f", "holder")
    scene.docker("run", "-d", "--name", "next", "--net", f"name=moving,ip={V4},ip6={V6},mac-address={NEW}", "busybox", "sleep", "600")
    corrected(scene)


def test_to_another_container_that_is_connected(scene):
    scene.docker("run", "-d", "--name", "next", "busybox", "sleep", "600")
    scene.docker("network", "disconnect", "moving", "holder")
    # The client has no flag for the link address of a connect.
    status, answer = connect(scene, "next", NEW)
    assert status == 200, answer
    corrected(scene)


def connect(box, container, mac):
    api = Api(box.daemon.socket, "v1.51")
    try:
        config = {"IPAMConfig": {"IPv4Address": V4, "IPv6Address": V6}, "MacAddress": mac}
        return api.call("POST", "/networks/moving/connect", {"Container": container, "EndpointConfig": config})
    finally:
        api.close()


def corrected(box):
    """No packet of ours has asked since: the neighbour was told."""
    assert known(box) == {V4: NEW, V6: NEW}
    assert " 0% packet loss" in box.exec("neighbour", f"ping -c 1 -W 1 {V4}").out
    assert " 0% packet loss" in box.exec("neighbour", f"ping -c 1 -W 1 {V6}").out
