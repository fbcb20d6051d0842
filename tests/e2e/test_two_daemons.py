"""Two daemons, each in a namespace of its own, play W01 to W08 at the same time and do not meet."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import default_client, run_daemon
from harness.host import Host
from harness.world import World
from test_w01_w02_first_start import walk_w01, walk_w02
from test_w03_bridge import walk_w03
from test_w04_host import walk_w04
from test_w05_none import walk_w05
from test_w06_w07_container import walk_w06, walk_w07
from test_w08_inspect import walk_w08

WALK = (walk_w01, walk_w02, walk_w03, walk_w04, walk_w05, walk_w06, walk_w07, walk_w08)


@pytest.fixture
def other():
    made = Host()
    yield made
    made.remove()


def test_a_daemon_that_starts_leaves_the_others_containers_alone(box, other, peer):
    box.docker("run", "-d", "--name", "mine", "busybox", "sleep", "600")
    second = run_daemon(other, peer)
    world = World(other, next(second), default_client())
    world.daemon.kill9()
    world.daemon.start()
    assert " 0% packet loss" in box.exec("mine", f"ping -c 1 -W 2 {box.host.OUTSIDE}").out
    assert world.docker("ps", "-aq").lines == []
    next(second, None)
    assert " 0% packet loss" in box.exec("mine", f"ping -c 1 -W 2 {box.host.OUTSIDE}").out


def test_two_daemons_play_the_walkthrough_at_once(host, daemon, other, peer):
    second = run_daemon(other, peer)
    worlds = [World(host, daemon, default_client()), World(other, next(second), default_client())]

    def play(world):
        for step in WALK:
            step(world)
            world.clear()
        return True

    try:
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(play, worlds)) == [True, True]
    finally:
        for world in worlds:
            world.clear()
        next(second, None)
