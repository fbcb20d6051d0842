"""W04: `--net host` is the host's own stack."""
import re

from harness import kernel


def test_w04_host_network(world):
    walk_w04(world)


def walk_w04(world):
    terminal = world.terminal("run", "-it", "--name", "bbox02", "--net", "host", "busybox")
    terminal.prompt()
    inside = terminal.run("ip addr")
    outside = world.host.run("busybox", "ip", "addr").out
    assert _settled(inside) == _settled(outside)
    assert "uplink" in inside and "docker0" in inside
    # A port in it is a port of the host: reached by the outside world without publishing.
    terminal.send("nc -l -p 8099 -e cat &\r")
    terminal.prompt()
    kernel.wait_for(lambda: ":8099" in world.host.run("ss", "-Hltn").out, what="the listener on the host")
    echoed = world.host.run_outside("busybox", "nc", "-w", "3", world.host.ADDRESS, "8099", input="hello host\n", timeout=10)
    assert echoed.out == "hello host"
    assert world.docker("exec", "bbox02", "hostname").out == world.host.run("hostname").out
    terminal.send("exit\r")
    terminal.wait()
    world.docker("rm", "-f", "bbox02")


def _settled(text):
    """Without what changes by itself: lifetimes, carrier, and addresses that come by themselves."""
    lines = [re.sub(r"(state|qdisc|qlen) \S+|<\S+>", "", line) for line in text.splitlines()]
    return [line.strip() for line in lines if "inet6" not in line and "valid_lft" not in line]
