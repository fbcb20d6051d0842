"""W11: `--ip`, and when it is refused."""
import pytest
from harness import kernel


@pytest.fixture
def mynet(world):
    world.docker("network", "create", "--driver=bridge", "--subnet=172.8.21.0/24", "--gateway=172.8.21.1", "my-net")
    return world


def test_w11_by_hand(mynet):
    terminal = mynet.terminal("run", "-it", "--rm", "--network=my-net", "--name", "bbox1", "--ip=172.8.21.65", "busybox")
    terminal.prompt()
    shown = terminal.run("ip addr show eth0")
    assert "inet 172.8.21.65/24" in shown and "link/ether 02:42:ac:08:15:41" in shown
    endpoint = mynet.endpoint("bbox1", "my-net")
    assert endpoint["IPAddress"] == "172.8.21.65" and endpoint["IPAMConfig"] == {"IPv4Address": "172.8.21.65"}
    terminal.send("exit\r")
    assert terminal.wait() == 0
    kernel.wait_for(lambda: mynet.docker("ps", "-aq").lines == [], what="--rm to be done")


def test_outside_the_subnet(mynet):
    said = mynet.refused("run", "--rm", "--network=my-net", "--ip=172.8.22.65", "busybox", "true", code=125)
    assert ("no configured subnet or ip-range contain the IP address 172.8.22.65" if mynet.ours else "Invalid address 172.8.22.65") in said


@pytest.mark.parametrize("address", ["172.8.21.66", "172.8.21.1"])
def test_taken(mynet, address):
    mynet.docker("run", "-d", "--network=my-net", "--name", "holder", "--ip=172.8.21.66", "busybox", "sleep", "600")
    said = mynet.refused("run", "--rm", "--network=my-net", f"--ip={address}", "busybox", "true", code=125)
    assert "Address already in use" in said
    if mynet.ours and address.endswith(".66"):
        assert "holder" in said


def test_no_subnet_of_the_user(mynet):
    mynet.docker("network", "create", "plain")
    inside = mynet.network("plain")["IPAM"]["Config"][0]["Subnet"].replace(".0.0/16", ".0.66")
    said = mynet.refused("run", "--rm", "--network=plain", f"--ip={inside}", "busybox", "true", code=125)
    assert "user specified IP address is supported only when connecting to networks with user configured subnets" in said


def test_malformed(mynet):
    for address in ("172.8.21.065", "172.8.21", "x"):
        mynet.refused("run", "--rm", "--network=my-net", f"--ip={address}", "busybox", "true", code=125)
    assert mynet.docker("ps", "-aq").lines == []


def test_reserved_while_the_container_exists(box):
    """Also stopped: nobody else is given its address, and the start finds it free."""
    if not box.ours:
        pytest.skip("20.10 gives a stopped container's static address away")
    box.docker("network", "create", "--subnet=172.8.21.0/29", "tiny")
    box.docker("run", "-d", "--network=tiny", "--name", "fixed", "--ip=172.8.21.3", "busybox", "sleep", "600")
    box.docker("stop", "-t", "0", "fixed")
    assert "Address already in use" in box.refused("run", "--rm", "--network=tiny", "--ip=172.8.21.3", "busybox", "true")
    others = [f"other{i}" for i in range(4)]  # .2 .4 .5 .6: the rest of the /29
    for name in others:
        box.docker("run", "-d", "--network=tiny", "--name", name, "busybox", "sleep", "600")
    assert sorted(box.address(name, "tiny") for name in others) == [f"172.8.21.{i}" for i in (2, 4, 5, 6)]
    box.docker("start", "fixed")
    assert kernel.addresses(box.pid("fixed"))["eth0"] == ["172.8.21.3/29"]
    box.docker("restart", "-t", "0", "fixed")
    assert kernel.addresses(box.pid("fixed"))["eth0"] == ["172.8.21.3/29"]
    box.docker("rm", "-f", "fixed")
    box.docker("run", "-d", "--network=tiny", "--ip=172.8.21.3", "--name", "next", "busybox", "sleep", "600")


def test_ip_range_and_auxiliary_addresses(box):
    box.docker("network", "create", "--subnet=172.8.21.0/24", "--ip-range=172.8.21.128/29", "--gateway=172.8.21.129",
               "--aux-address=router=172.8.21.130", "ranged")
    for i in range(3):
        box.docker("run", "-d", "--network=ranged", "--name", f"r{i}", "busybox", "sleep", "600")
        assert kernel.addresses(box.pid(f"r{i}"))["eth0"] == [f"{box.address(f'r{i}', 'ranged')}/24"]
    got = {box.address(f"r{i}", "ranged") for i in range(3)}
    assert len(got) == 3 and got <= {f"172.8.21.{i}" for i in (128, *range(131, 136))}
    box.docker("run", "-d", "--network=ranged", "--name", "out-of-range", "--ip=172.8.21.40", "busybox", "sleep", "600")
    assert "Address already in use" in box.refused("run", "--rm", "--network=ranged", "--ip=172.8.21.130", "busybox", "true")


def test_static_address_at_connect(mynet):
    mynet.docker("run", "-d", "--name", "late", "busybox", "sleep", "600")
    mynet.docker("network", "connect", "--ip", "172.8.21.77", "my-net", "late")
    assert kernel.addresses(mynet.pid("late"))["eth1"] == ["172.8.21.77/24"]
    said = mynet.refused("network", "connect", "--ip", "172.17.0.99", "bridge", "late")
    assert said
    mynet.docker("restart", "-t", "0", "late")
    assert mynet.address("late", "my-net") == "172.8.21.77"


def test_mac_address(box):
    if not box.ours:
        pytest.skip("the new client refuses to ask 20.10 for it")
    box.docker("network", "create", "--subnet=172.8.21.0/24", "my-net")
    box.docker("run", "-d", "--name", "named", "--network=my-net", "--mac-address", "02:11:22:33:44:55", "busybox", "sleep", "600")
    assert kernel.link(box.pid("named"), "eth0")["address"] == "02:11:22:33:44:55"
    assert box.endpoint("named", "my-net")["MacAddress"] == "02:11:22:33:44:55"
