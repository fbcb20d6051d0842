"""W01, W02: what a first start leaves to see, by the client and on the host."""
import re

from harness import kernel


def test_w01_network_ls(world):
    walk_w01(world)


def test_w02_host(world):
    walk_w02(world)


def walk_w01(world):
    listed = [line.split() for line in world.docker("network", "ls").lines]
    assert listed[0] == ["NETWORK", "ID", "NAME", "DRIVER", "SCOPE"]
    assert sorted(row[1:] for row in listed[1:]) == [["bridge", "bridge", "local"], ["host", "host", "local"], ["none", "null", "local"]]
    assert all(re.fullmatch("[0-9a-f]{12}", row[0]) for row in listed[1:])
    long = world.docker("network", "ls", "--no-trunc", "-q").lines
    assert sorted(i[:12] for i in long) == sorted(row[0] for row in listed[1:])
    assert all(re.fullmatch("[0-9a-f]{64}", i) for i in long)


def walk_w02(world):
    ns = world.host.ns
    bridge = kernel.link(ns, "docker0")
    assert bridge["linkinfo"]["info_kind"] == "bridge"
    assert "UP" in bridge["flags"]
    assert kernel.addresses(ns)["docker0"] == ["172.17.0.1/16"]
    assert kernel.sysctl(ns, "net/ipv4/ip_forward") == "1"
    # That masquerade and forward policy act is proved by packets.
    world.docker("run", "-d", "--name", "w02", "busybox", "nc", "-l", "-p", "80", "-e", "cat")
    address = world.inspect("w02")["NetworkSettings"]["IPAddress"]
    world.host.run("ip", "neigh", "flush", "dev", "docker0")
    answered = world.exec("w02", f"ping -c 2 -W 2 {world.host.OUTSIDE}")
    assert " 0% packet loss" in answered.out
    # A visit that no rule accepts: the outside is given a route, and yet gets nothing through.
    world.host.run_outside("ip", "route", "add", "172.17.0.0/16", "via", world.host.ADDRESS)
    try:
        visit = world.host.run_outside("busybox", "ping", "-c", "2", "-W", "1", address, check=False)
        assert "100% packet loss" in visit.out
        opened = world.host.run_outside("busybox", "nc", "-w", "1", address, "80", check=False, timeout=10)
        assert opened.code != 0
    finally:
        world.host.run_outside("ip", "route", "del", "172.17.0.0/16")
    rules = str(kernel.ruleset(ns))
    assert "masquerade" in rules or "MASQUERADE" in rules
