"""W03: `docker run -it --name bbox01 busybox` on the default bridge, by hand at a terminal."""
import re

from harness import kernel


def test_w03_bridge_by_hand(world):
    walk_w03(world)


def walk_w03(world):
    fresh = not world.daemon.has_run
    terminal = world.terminal("run", "-it", "--name", "bbox01", "busybox")
    terminal.prompt()
    addr, ifconfig, route = terminal.run("ip addr"), terminal.run("ifconfig"), terminal.run("route -n")

    names = re.findall(r"^\d+: (\S+?):", addr, re.M)
    assert names[0] == "lo" and re.fullmatch(r"eth0@if\d+", names[1]) and len(names) == 2, addr
    ip = re.search(r"inet (172\.17\.\d+\.\d+)/16", addr)[1]
    expected_mac = "02:42:" + ":".join(f"{int(b):02x}" for b in ip.split("."))
    assert f"link/ether {expected_mac}" in addr
    assert f"HWaddr {expected_mac.upper()}" in ifconfig and f"inet addr:{ip}" in ifconfig
    routes = [line.split() for line in route.splitlines() if line[:1].isdigit()]
    assert ["0.0.0.0", "172.17.0.1", "0.0.0.0"] in [r[:3] for r in routes]
    assert ["172.17.0.0", "0.0.0.0", "255.255.0.0"] in [r[:3] for r in routes]
    assert len(routes) == 2

    # The first container of a fresh daemon has the first address; later ones go on from there (freed ones are reused last).
    assert not fresh or ip == "172.17.0.2"
    check_veth(world, "bbox01")
    terminal.send("exit\r")
    assert terminal.wait() == 0
    kernel.wait_for(lambda: not any(l["ifname"].startswith("veth") for l in kernel.ip(world.host.ns, "link")),
                    seconds=2, what="the end of its veth, which the kernel takes some 20 ms to collect")
    world.docker("rm", "bbox01")


def check_veth(world, name):
    """On the host one veth in docker0, whose peer is the container's eth0."""
    inner = kernel.link(world.pid(name), "eth0")
    veths = [l for l in kernel.ip(world.host.ns, "link") if l["ifname"].startswith("veth")]
    assert len(veths) == 1
    assert re.fullmatch("veth[0-9a-f]{7}", veths[0]["ifname"])
    assert veths[0]["master"] == "docker0" and "UP" in veths[0]["flags"]
    assert inner["link_index"] == veths[0]["ifindex"]
    assert veths[0]["link_index"] == inner["ifindex"]
    said = world.exec(name, "cat /sys/class/net/eth0/iflink").out
    assert int(said) == veths[0]["ifindex"]
