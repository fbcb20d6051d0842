"""W05: `--net none` is a namespace with nothing in it, there for a third party to wire."""
import re

from harness import kernel


def test_w05_no_network(world):
    walk_w05(world)


def walk_w05(world):
    terminal = world.terminal("run", "-it", "--name", "bbox03", "--net", "none", "busybox")
    terminal.prompt()
    addr, route = terminal.run("ip addr"), terminal.run("route -n")
    assert re.findall(r"^\d+: (\S+?):", addr, re.M) == ["lo"]
    assert "inet 127.0.0.1/8" in addr
    assert not [line for line in route.splitlines() if line[:1].isdigit()]

    # A third party wires it by the namespace that inspect names.
    key = world.inspect("bbox03")["NetworkSettings"]["SandboxKey"]
    if world.ours:
        assert key.startswith("/run/netns/") and key.split("/")[-1] in world.host.run("ip", "netns", "list").out
    world.host.run("ip", "link", "add", "hand0", "type", "veth", "peer", "name", "eth7", "netns", str(world.pid("bbox03")))
    world.host.run("ip", "addr", "add", "10.55.0.1/24", "dev", "hand0")
    world.host.run("ip", "link", "set", "hand0", "up")
    kernel.inside(key, "ip", "addr", "add", "10.55.0.2/24", "dev", "eth7")
    kernel.inside(key, "ip", "link", "set", "eth7", "up")
    assert " 0% packet loss" in terminal.run("ping -c 1 -W 2 10.55.0.1")
    terminal.send("exit\r")
    terminal.wait()
    world.docker("rm", "bbox03")
