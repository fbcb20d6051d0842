"""W14: two networks do not reach each other, the rule that drops is seen to count, and `connect` opens the way."""
import re

from harness import wiring


def drops(world):
    """{line of a dropping rule: packets} of the whole ruleset."""
    listed = world.host.run("nft", "list", "ruleset").lines
    found = {}
    for line in listed:
        if counted := re.search(r"counter packets (\d+) bytes \d+ drop", line):
            found[line.replace(counted[0], "").strip()] = int(counted[1])
    return found


def test_w14_by_hand(world):
    world.docker("network", "create", "--subnet=172.8.21.0/24", "--gateway=172.8.21.1", "my-net")
    world.docker("run", "-dit", "--name", "bbox1", "--network", "my-net", "busybox")
    world.docker("run", "-dit", "--name", "bbox2", "busybox")
    address, back = world.address("bbox1", "my-net"), world.address("bbox2", "bridge")
    for asker, target in (("bbox2", address), ("bbox1", back)):
        before = drops(world)
        lost = world.docker("exec", asker, "ping", "-c", "3", "-W", "1", "-i", "0.2", target, check=False)
        assert lost.code == 1 and "100% packet loss" in lost.out
        grown = {rule: n - before[rule] for rule, n in drops(world).items() if n > before[rule]}
        assert list(grown.values()) == [3], grown
        if world.ours:
            assert "isolation" in list(grown)[0]

    world.docker("network", "connect", "my-net", "bbox2")
    assert " 0% packet loss" in world.exec("bbox2", f"ping -c 2 -W 2 {address}").out
    assert wiring.interfaces(world, "bbox2") == ["eth0", "eth1"]
    assert wiring.routes(world.pid("bbox2"))[1] == ["172.17.0.0/16", "172.8.21.0/24"]
    assert wiring.interfaces(world, "bbox1") == ["eth0"]
    wiring.check(world, "bbox2")


def test_isolation_between_user_networks_and_back_again(box):
    for name in ("left", "right"):
        box.docker("network", "create", name)
        box.docker("run", "-d", "--name", "on-" + name, "--net", name, "busybox", "sleep", "600")
    target = box.address("on-right", "right")

    def reached():
        return box.docker("exec", "on-left", "ping", "-c", "1", "-W", "1", target, check=False).code == 0

    assert not reached()
    box.docker("network", "connect", "right", "on-left")
    assert reached()
    box.docker("network", "disconnect", "right", "on-left")
    assert not reached()


def test_icc_off(box):
    """On a network without inter-container communication nobody reaches a neighbour; the way out is open."""
    box.docker("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "shy")
    for name in ("one", "two"):
        box.docker("run", "-d", "--name", name, "--net", "shy", "busybox", "sleep", "600")
    assert box.docker("exec", "one", "ping", "-c", "1", "-W", "1", box.address("two", "shy"), check=False).code == 1
    assert " 0% packet loss" in box.exec("one", f"ping -c 1 -W 2 {box.host.OUTSIDE}").out
