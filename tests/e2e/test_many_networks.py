"""Crowds of networks through the API at once: no leak, no address given twice, and an answer all the while."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from conftest import run_daemon, default_client
from harness import kernel, leaks, wiring
from harness.host import Host
from harness.rawapi import Api
from harness.world import World

WORKERS = 25


@pytest.fixture(scope="module")
def roomy(peer):
    """A daemon with pools enough for thousands of networks."""
    host = Host()
    made = run_daemon(host, peer, ["--default-address-pool", "base=10.128.0.0/9,size=24"])
    try:
        world = World(host, next(made), default_client())
        world.docker("run", "--rm", "busybox", "true")  # what the first container makes for good is not a leak
        kernel.wait_for(lambda: not world.docker("ps", "-aq").lines)
        yield world
        world.clear()
    finally:
        next(made, None)
        host.remove()


def count(world, ours):
    return ours if world.ours else ours // 10  # the peer needs 250 ms for each


def at_once(world, requests):
    """[(status, answer)] of requests sent over WORKERS connections at the same time."""
    local = threading.local()

    def call(request):
        if not hasattr(local, "api"):
            local.api = Api(world.daemon.socket, timeout=120)
        return local.api.call(*request)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(call, requests))


@contextmanager
def answering(world, slowest=2.0):
    """While the body runs the daemon answers a ping every 50 ms, none later than `slowest` seconds."""
    taken, ended = [], threading.Event()

    def ask():
        api = Api(world.daemon.socket, timeout=60)
        while not ended.wait(0.05):
            began = time.monotonic()
            api.call("GET", "/_ping")
            taken.append(time.monotonic() - began)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield
    finally:
        ended.set()
        asker.join()
    assert taken and max(taken) < slowest, f"slowest answer {max(taken):.2f} s"


def networks(world):
    api = Api(world.daemon.socket)
    listed = api.call("GET", '/networks?filters={"type":{"custom":true}}')[1]
    api.close()
    return listed


def test_networks_made_and_removed_in_parallel(roomy):
    wanted = count(roomy, 500)
    before = leaks.snapshot(roomy.daemon)
    with answering(roomy):
        made = at_once(roomy, [("POST", "/networks/create", {"Name": f"n{i}", "CheckDuplicate": True}) for i in range(wanted)])
    assert [status for status, _ in made] == [201] * wanted, [a for s, a in made if s != 201][:3]
    listed = networks(roomy)
    assert len({n["Id"] for n in listed}) == len({n["IPAM"]["Config"][0]["Subnet"] for n in listed}) == wanted
    live = kernel.addresses(roomy.host.ns)
    for network in listed:
        subnet = network["IPAM"]["Config"][0]["Subnet"]
        assert live["br-" + network["Id"][:12]] == [subnet.replace(".0/24", ".1/24")]

    # Half of them go while as many others come; then all go.
    half = [("DELETE", f"/networks/n{i}") for i in range(0, wanted, 2)]
    more = [("POST", "/networks/create", {"Name": f"m{i}"}) for i in range(0, wanted, 2)]
    with answering(roomy):
        mixed = at_once(roomy, [request for both in zip(half, more) for request in both])
    assert {status for status, _ in mixed[::2]} == {204} and {status for status, _ in mixed[1::2]} == {201}
    listed = networks(roomy)
    assert len(listed) == len({n["IPAM"]["Config"][0]["Subnet"] for n in listed}) == wanted
    with answering(roomy):
        gone = at_once(roomy, [("DELETE", f"/networks/{n['Id']}") for n in listed])
    assert {status for status, _ in gone} == {204}
    leaks.assert_none(roomy.daemon, before)


def test_one_name_asked_for_many_times(roomy):
    if not roomy.ours:
        pytest.skip("20.10 lets duplicates in")
    made = at_once(roomy, [("POST", "/networks/create", {"Name": "only"})] * 20)
    assert sorted(status for status, _ in made) == [201] + [409] * 19
    removed = at_once(roomy, [("DELETE", "/networks/only")] * 10)
    assert sorted(status for status, _ in removed) == [204] + [404] * 9


def test_connects_and_disconnects_of_one_container(roomy):
    wanted = count(roomy, 200)
    before = leaks.snapshot(roomy.daemon)
    at_once(roomy, [("POST", "/networks/create", {"Name": f"c{i:03}"}) for i in range(wanted)])
    roomy.docker("run", "-d", "--name", "hub", "busybox", "sleep", "600")
    connects = [("POST", f"/networks/c{i:03}/connect", {"Container": "hub"}) for i in range(wanted)]
    disconnects = [("POST", f"/networks/c{i:03}/disconnect", {"Container": "hub"}) for i in range(wanted)]

    def all_ok(requests):
        with answering(roomy, 3.0):
            bad = [(r[1], a) for r, a in zip(requests, at_once(roomy, requests)) if a[0] != 200]
        assert not bad, f"{len(bad)} of {len(requests)}, the first: {bad[0]}"

    all_ok(connects)
    assert len(wiring.check(roomy, "hub")) == wanted + 1
    all_ok(disconnects[::2])
    assert len(wiring.check(roomy, "hub")) == wanted // 2 + 1
    all_ok([r for both in zip(connects[::2], disconnects[1::2]) for r in both])
    assert sorted(wiring.check(roomy, "hub")) == ["bridge", *(f"c{i:03}" for i in range(0, wanted, 2))]
    # The same one many times: one is done, the others are told.
    again = at_once(roomy, [connects[1]] * 10)
    assert sorted(status for status, _ in again) == [200] + [403] * 9
    all_ok([*disconnects[::2], disconnects[1]])
    assert list(wiring.check(roomy, "hub")) == ["bridge"]
    assert " 0% packet loss" in roomy.exec("hub", f"ping -c 1 -W 2 {roomy.host.OUTSIDE}").out
    roomy.docker("rm", "-f", "hub")
    at_once(roomy, [("DELETE", f"/networks/c{i:03}") for i in range(wanted)])
    leaks.assert_none(roomy.daemon, before)


def test_many_containers_on_one_network_at_once(roomy):
    """Created, connected and disconnected by many: every address is one's own."""
    wanted = count(roomy, 60)
    roomy.docker("network", "create", "--subnet", "10.9.0.0/26", "crowded")
    made = at_once(roomy, [("POST", f"/containers/create?name=k{i}", {"Image": "busybox", "Cmd": ["sleep", "600"]}) for i in range(wanted)])
    assert {status for status, _ in made} == {201}
    for round_ in range(2):
        at_once(roomy, [("POST", f"/networks/crowded/connect", {"Container": f"k{i}"}) for i in range(wanted)])
        started = at_once(roomy, [("POST", f"/containers/k{i}/{'start' if round_ == 0 else 'restart?t=0'}") for i in range(wanted)])
        assert {status for status, _ in started} == {204}, [a for a in started if a[0] != 204][:2]
        got = [roomy.address(f"k{i}", "crowded") for i in range(wanted)]
        assert len(set(got)) == wanted and "10.9.0.1" not in got
        for i in range(0, wanted, 7):
            wiring.check(roomy, f"k{i}")
        assert {status for status, _ in at_once(roomy, [("POST", "/networks/crowded/disconnect", {"Container": f"k{i}"}) for i in range(wanted)])} == {200}
    assert roomy.network("crowded")["Containers"] == {}
    roomy.docker("rm", "-f", *(f"k{i}" for i in range(wanted)), timeout=120)
    roomy.docker("network", "rm", "crowded")
