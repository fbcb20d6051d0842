"""W06, W07: a container that joins another's network, and what it keeps when the other stops."""
import re

from harness import kernel


def test_w06_joined_container(world):
    walk_w06(world)


def test_w07_target_stops_and_starts(world):
    walk_w07(world)


def start_pair(world):
    world.docker("run", "-dit", "--name", "bbox01", "busybox")
    terminal = world.terminal("run", "-it", "--name", "bbox04", "--net", "container:bbox01", "busybox")
    terminal.prompt()
    return terminal


def walk_w06(world):
    terminal = start_pair(world)
    joined = terminal.run("ip addr")
    assert joined.split() == world.docker("exec", "bbox01", "ip", "addr").out.split()
    assert re.search(r"eth0@if\d+", joined)
    assert kernel.inside(world.pid("bbox04"), "readlink", "/proc/self/ns/net").out == \
        kernel.inside(world.pid("bbox01"), "readlink", "/proc/self/ns/net").out
    assert terminal.run("hostname").strip() == world.docker("exec", "bbox01", "hostname").out
    assert terminal.run("cat /etc/hosts").split() == world.docker("exec", "bbox01", "cat", "/etc/hosts").out.split()
    # 127.0.0.1 reaches across; ports are shared; files and processes are not.
    world.docker("exec", "-d", "bbox01", "nc", "-l", "-p", "7777", "-e", "echo", "from-bbox01")
    kernel.wait_for(lambda: ":7777" in kernel.inside(world.pid("bbox01"), "ss", "-Hltn").out)
    assert "from-bbox01" in terminal.run("nc 127.0.0.1 7777 </dev/null")
    world.docker("exec", "bbox01", "touch", "/only-in-bbox01")
    assert "No such file" in terminal.run("ls /only-in-bbox01")
    world.docker("exec", "-d", "bbox01", "sleep", "4321")
    assert "sleep 4321" not in terminal.run("ps")
    terminal.send("exit\r")
    terminal.wait()
    world.docker("rm", "-f", "bbox04", "bbox01")


def walk_w07(world):
    terminal = start_pair(world)
    before = terminal.run("ip addr show eth0")
    address = re.search(r"inet (\S+)", before)[1]
    world.docker("stop", "-t", "0", "bbox01")
    left = terminal.run("ip addr")
    assert re.findall(r"^\d+: (\S+?):", left, re.M) == ["lo"], left
    world.docker("start", "bbox01")
    world.docker("restart", "-t", "0", "bbox04")
    assert address in world.docker("exec", "bbox04", "ip", "addr", "show", "eth0").out
    assert world.docker("exec", "bbox04", "ip", "addr").out.split() == world.docker("exec", "bbox01", "ip", "addr").out.split()
    terminal.wait()  # the restart ended the shell that it was attached to
    world.docker("rm", "-f", "bbox04", "bbox01")
