"""W20: `ip netns list` shows every sandbox by name, without the articles' symlink."""
import os

from harness import kernel
from harness.shell import run


def pinned(world):
    return {line.split()[0] for line in run("ip", "netns", "list").lines}


def test_w20_by_hand(world):
    before = pinned(world)
    world.docker("run", "-d", "--name", "bbox01", "busybox", "sleep", "600")
    world.docker("run", "-d", "--name", "bbox03", "--net", "none", "busybox", "sleep", "600")
    keys = {name: world.inspect(name)["NetworkSettings"]["SandboxKey"] for name in ("bbox01", "bbox03")}
    links = [] if world.ours else articles_symlinks(keys.values())
    try:
        assert {os.path.basename(key) for key in keys.values()} <= pinned(world) - before
        for name, key in keys.items():
            pin = os.path.basename(key)
            live = run("ip", "-n", pin, "-o", "addr").out
            assert (f"inet {world.inspect(name)['NetworkSettings']['IPAddress']}/16" in live) == (name == "bbox01")
            assert str(world.pid(name)) in run("ip", "netns", "pids", pin).lines
    finally:
        for link in links:
            os.unlink(link)
    world.docker("rm", "-f", "bbox01", "bbox03")
    gone = {os.path.basename(key) for key in keys.values()}
    kernel.wait_for(lambda: not gone & pinned(world), what="the pins to go")


def articles_symlinks(keys):
    """What article 002 does by hand on a host with dockerd."""
    links = [f"/run/netns/{os.path.basename(key)}" for key in keys]
    for key, link in zip(keys, links):
        os.symlink(key, link)
    return links


def test_w20_wiring_a_namespace_by_hand(box):
    """A third party gives a container of network none an interface, as `ip netns` users do."""
    box.docker("run", "-d", "--name", "bbox03", "--net", "none", "busybox", "sleep", "600")
    key = box.inspect("bbox03")["NetworkSettings"]["SandboxKey"]
    kernel.inside(box.host.ns, "ip", "link", "add", "hand", "type", "veth", "peer", "name", "eth0")
    try:
        kernel.inside(box.host.ns, "ip", "link", "set", "eth0", "netns", str(box.pid("bbox03")))
        for argv in (("addr", "add", "10.99.0.2/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            kernel.inside(key, "ip", *argv)
        assert "inet 10.99.0.2/24" in box.docker("exec", "bbox03", "ip", "addr").out
    finally:
        kernel.inside(box.host.ns, "ip", "link", "del", "hand")
