"""A container on eight networks under random commands: after each one its wiring, pings, names and default route are right."""
import random

import pytest
from harness import names, wiring

NETWORKS = [f"{letter}net" for letter in "dhbfaceg"]  # in another order than their names'
STEPS = 25


@pytest.fixture
def neighbours(box, outside):
    """Eight networks with a neighbour on each, and `walker` on the first."""
    for i, network in enumerate(NETWORKS):
        box.docker("network", "create", "--subnet", f"172.30.{i}.0/24", network)
        box.docker("run", "-d", "--name", "by-" + network, "--net", network, "--ip", f"172.30.{i}.99", "busybox", "sleep", "600")
    box.docker("run", "-d", "--name", "walker", "--net", NETWORKS[0], "--dns", outside.address, "busybox", "sleep", "600")
    return box


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_walk(neighbours, seed):
    chance, on, done = random.Random(seed), {NETWORKS[0]}, []
    for _ in range(STEPS if neighbours.ours else 10):
        done.append(step(neighbours, chance, on))
        try:
            check(neighbours, on)
        except (AssertionError, OSError) as failure:
            raise AssertionError(f"after {done}: {failure}") from failure


def step(box, chance, on):
    """One command that Docker allows; `on` follows."""
    free = sorted(set(NETWORKS) - on)
    doable = ["restart", *(["connect"] * 4 if free else []), *(["disconnect"] * 3 if len(on) > 1 else []),
              *(["stopped connect"] if free else []), *(["stopped disconnect"] if len(on) > 1 else []), "daemon"]
    what = chance.choice(doable)
    if what == "restart":
        box.docker("restart", "-t", "0", "walker")
    elif what == "daemon":
        box.daemon.kill9()
        box.daemon.start()
    else:
        verb = what.split()[-1]
        network = chance.choice(free if verb == "connect" else sorted(on))
        stopped = what.startswith("stopped")
        if stopped:
            box.docker("stop", "-t", "0", "walker")
        box.docker("network", verb, network, "walker")
        if stopped:
            box.docker("start", "walker")
        (on.add if verb == "connect" else on.discard)(network)
        what += " " + network
    return what


def check(box, on):
    endpoints = wiring.check(box, "walker")  # one default route, and the right one
    assert set(endpoints) == on
    targets = [f"172.30.{NETWORKS.index(n)}.99" for n in sorted(on)] + [box.host.OUTSIDE]
    pings = "; ".join(f"ping -c 1 -W 2 {t} >/dev/null || echo lost {t}" for t in targets)
    assert box.exec("walker", pings).out == ""
    pid = box.pid("walker")
    for i, network in enumerate(NETWORKS):
        found = names.ask(pid, "by-" + network).data
        assert found == ([f"172.30.{i}.99"] if network in on else []), (network, found)
    for network in sorted(on):
        seen = names.ask(box.pid("by-" + network), "walker").data
        assert seen == [endpoints[network]["IPAddress"]], (network, seen)
