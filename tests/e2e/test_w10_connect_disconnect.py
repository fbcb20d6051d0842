"""W10: a running container gets a second network and loses the first."""
import time

import pytest
from harness import kernel, wiring


def test_w10_by_hand(world):
    world.docker("network", "create", "custom_network")
    world.docker("run", "-di", "--name", "bbox08", "--net", "custom_network", "busybox")
    assert list(wiring.check(world, "bbox08")) == ["custom_network"]
    assert wiring.interfaces(world, "bbox08") == ["eth0"]

    assert world.docker("network", "connect", "bridge", "bbox08").out == ""
    assert sorted(wiring.check(world, "bbox08")) == ["bridge", "custom_network"]
    assert wiring.interfaces(world, "bbox08") == ["eth0", "eth1"]
    shown = world.docker("exec", "bbox08", "ip", "addr").out
    for network in ("bridge", "custom_network"):
        assert f"inet {world.address('bbox08', network)}/16" in shown
        assert world.network(network)["Containers"][world.inspect("bbox08")["Id"]]["Name"] == "bbox08"
    assert " 0% packet loss" in world.exec("bbox08", f"ping -c 1 -W 2 {world.host.OUTSIDE}").out

    refused = world.refused("network", "rm", "custom_network", code=1)
    assert "error while removing network: network custom_network" in refused and "has active endpoints" in refused
    if world.ours:
        assert 'name:"bbox08" id:"' in refused

    assert world.docker("network", "disconnect", "custom_network", "bbox08").out == ""
    assert list(wiring.check(world, "bbox08")) == ["bridge"]
    assert wiring.interfaces(world, "bbox08") == ["eth1"]
    assert world.network("custom_network")["Containers"] == {}
    assert " 0% packet loss" in world.exec("bbox08", f"ping -c 1 -W 2 {world.host.OUTSIDE}").out
    assert world.docker("network", "rm", "custom_network").out == "custom_network"
    kernel.wait_for(lambda: not [l for l in kernel.ip(world.host.ns, "link") if l["ifname"].startswith("br-")], 2)


def test_default_route_goes_by_name(box):
    """Of several networks the one whose name comes first has the default route, whatever the order of connecting."""
    for name in ("mid", "zed", "abc"):
        box.docker("network", "create", name)
    box.docker("run", "-d", "--name", "many", "--net", "mid", "busybox", "sleep", "600")
    for command, name in (("connect", "zed"), ("connect", "abc"), ("disconnect", "abc"), ("disconnect", "mid"), ("connect", "abc"), ("connect", "mid")):
        box.docker("network", command, name, "many")
        wiring.check(box, "many")  # which holds the rule
    assert box.endpoint("many", "abc")["Gateway"] == wiring.routes(box.pid("many"))[0][0]
    box.docker("restart", "-t", "0", "many")
    assert sorted(wiring.check(box, "many")) == ["abc", "mid", "zed"]


def test_gateway_priority(box):
    """gw-priority comes before the name (API 1.48)."""
    if not box.ours:
        pytest.skip("gw-priority came with Docker 28")
    for name in ("abc", "zed"):
        box.docker("network", "create", name)
    box.docker("run", "-d", "--name", "many", "--net", "name=abc", "--net", "name=zed,gw-priority=1", "busybox", "sleep", "600")

    def gateways():
        return wiring.routes(box.pid("many"))[0]

    assert gateways() == [box.endpoint("many", "zed")["Gateway"]]
    box.docker("network", "disconnect", "abc", "many")
    box.docker("network", "connect", "--gw-priority", "2", "abc", "many")
    assert gateways() == [box.endpoint("many", "abc")["Gateway"]]
    box.docker("restart", "-t", "0", "many")
    assert gateways() == [box.endpoint("many", "abc")["Gateway"]]
    box.docker("network", "disconnect", "abc", "many")
    assert gateways() == [box.endpoint("many", "zed")["Gateway"]]


def test_connect_what_does_not_run(box):
    """Created and stopped containers take networks too; the start wires them all."""
    box.docker("network", "create", "extra")
    box.docker("create", "--name", "sleeper", "busybox", "sleep", "600")
    box.docker("network", "connect", "extra", "sleeper")
    assert sorted(box.inspect("sleeper")["NetworkSettings"]["Networks"]) == ["bridge", "extra"]
    box.docker("start", "sleeper")
    assert sorted(wiring.check(box, "sleeper")) == ["bridge", "extra"]
    box.docker("stop", "-t", "0", "sleeper")
    box.docker("network", "disconnect", "bridge", "sleeper")
    box.docker("start", "sleeper")
    assert list(wiring.check(box, "sleeper")) == ["extra"]


def test_a_network_that_is_gone(box):
    """A container that does not run holds no network back, and can be freed of its name."""
    for name in ("gone", "stays"):
        box.docker("network", "create", name)
    box.docker("create", "--name", "sleeper", "--net", "gone", "busybox", "sleep", "600")
    box.docker("network", "connect", "stays", "sleeper")
    box.docker("network", "rm", "gone")
    assert "network gone not found" in box.refused("start", "sleeper")
    box.docker("network", "disconnect", "gone", "sleeper")
    box.docker("start", "sleeper")
    assert list(wiring.check(box, "sleeper")) == ["stays"]


def test_internal_network(box):
    """No way out, no default route; its own containers are reached."""
    box.docker("network", "create", "--internal", "inner")
    for name in ("one", "two"):
        box.docker("run", "-d", "--name", name, "--net", "inner", "busybox", "sleep", "600")
        wiring.check(box, name, internal=["inner"])
    assert " 0% packet loss" in box.exec("one", f"ping -c 1 -W 2 {box.address('two', 'inner')}").out
    assert box.docker("exec", "one", "ping", "-c", "1", "-W", "1", box.host.OUTSIDE, check=False).code != 0
    box.docker("network", "create", "outer")
    box.docker("network", "connect", "outer", "one")
    wiring.check(box, "one", internal=["inner"])
    assert " 0% packet loss" in box.exec("one", f"ping -c 1 -W 2 {box.host.OUTSIDE}").out


def test_forced_disconnect(box):
    box.docker("network", "create", "extra")
    box.docker("run", "-d", "--name", "up", "--net", "extra", "busybox", "sleep", "600")
    box.docker("network", "disconnect", "-f", "extra", "up")
    assert box.inspect("up")["NetworkSettings"]["Networks"] == {} and wiring.interfaces(box, "up") == []
    assert box.docker("network", "rm", "extra").out == "extra"


def test_events(box):
    box.docker("network", "create", "told")
    box.docker("run", "-d", "--name", "up", "busybox", "sleep", "600")
    for command in ("connect", "disconnect"):
        box.docker("network", command, "told", "up")
    box.docker("network", "rm", "told")
    time.sleep(1.1)  # the client rounds "now" down to whole seconds
    shown = box.docker("events", "--since", "1h", "--until", "0s", "--filter", "type=network", "--filter", "network=told",
                       "--format", "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{.Actor.Attributes.container}}").lines
    if not box.ours:
        del shown[3]  # 20.10 tells of each disconnect twice
    container = box.inspect("up")["Id"]
    assert [line.split()[0] for line in shown] == ["create", "connect", "disconnect", "destroy"]
    assert all(line.split()[1:3] == ["told", "bridge"] for line in shown)
    assert [line.split()[3] for line in shown[1:3]] == [container] * 2
