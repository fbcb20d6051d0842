"""W13: names on user-defined networks, asked of 127.0.0.11 from inside; the answers follow every change at once."""
import re
import socket

import pytest
from harness import kernel, names


@pytest.fixture
def pair(box, outside):
    """bbox06 and bbox07 on custom_network; what they do not know is asked of `outside`."""
    box.docker("network", "create", "--subnet", "172.25.0.0/24", "custom_network")
    for name in ("bbox06", "bbox07"):
        start(box, name)
    return box


def start(box, name, *options, net="custom_network"):
    box.docker("run", "-d", "--name", name, "--net", net, "--dns", box.host.OUTSIDE, *options, "busybox", "sleep", "600")


def ask(box, container, name, kind="A", **kw):
    return names.ask(box.pid(container), name, kind, **kw)


def test_w13_by_hand(world):
    world.docker("network", "create", "custom_network")
    world.docker("run", "-dit", "--name", "bbox06", "--net", "custom_network", "busybox")
    world.docker("run", "-dit", "--name", "bbox07", "--net", "custom_network", "busybox")
    address = world.address("bbox06", "custom_network")
    assert " 0% packet loss" in world.exec("bbox07", f"ping -c 2 -W 2 {address}").out
    by_name = world.exec("bbox07", "ping -c 2 -W 2 bbox06").out
    assert f"PING bbox06 ({address})" in by_name and " 0% packet loss" in by_name
    resolv = world.exec("bbox07", "cat /etc/resolv.conf").lines
    assert [l for l in resolv if l.startswith("nameserver")] == ["nameserver 127.0.0.11"]
    assert any(re.match(r"options .*ndots:0", l) for l in resolv)
    assert f"Address: {address}" in re.sub(r"Address \d+", "Address", world.exec("bbox07", "nslookup -type=a bbox06").out)


def test_every_name_of_a_container(pair):
    address, short = pair.address("bbox06", "custom_network"), pair.inspect("bbox06")["Id"][:12]
    start(pair, "web", "--network-alias", "www", "--network-alias", "site")
    for name in ("bbox06", short, "bbox06.custom_network"):
        assert ask(pair, "bbox07", name).data == [address], name
    for name in ("web", "www", "site", "www.custom_network"):
        assert ask(pair, "bbox07", name).data == [pair.address("web", "custom_network")], name
    assert ask(pair, "bbox06", "bbox06").data == [address]
    if pair.ours:
        assert {"web", "www", "site", pair.inspect("web")["Id"][:12]} <= set(pair.endpoint("web", "custom_network")["DNSNames"] or [])


def test_answers_over_tcp_keep_case_and_last_ten_minutes(pair):
    address = pair.address("bbox06", "custom_network")
    for tcp in (False, True):
        answer = ask(pair, "bbox07", "bbox06", tcp=tcp)
        assert [(n, t, ttl, a) for n, t, ttl, a in answer.records] == [("bbox06", 1, 600, address)]
    if pair.ours:  # for 20.10 a name is its exact letters
        mixed = ask(pair, "bbox07", "BboX06")
        assert mixed.question == "BboX06" and mixed.records[0][0] == "BboX06" and mixed.data == [address]


def test_pointer_and_no_data(pair):
    address = pair.address("bbox06", "custom_network")
    back = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    assert ask(pair, "bbox07", back, "PTR").data == ["bbox06.custom_network"]
    no_data = ask(pair, "bbox07", "bbox06", "AAAA")
    assert (no_data.rcode, no_data.records) == (names.NOERROR, [])
    assert not ask(pair, "bbox07", "nosuch").found


def test_records_follow_every_change_at_once(pair):
    pair.docker("network", "create", "second")

    def seen(name):
        return ask(pair, "bbox07", name).data

    address = pair.address("bbox06", "custom_network")
    assert seen("bbox06") == [address]
    pair.docker("rename", "bbox06", "renamed")
    assert (seen("bbox06"), seen("renamed")) == ([], [address])
    pair.docker("network", "disconnect", "custom_network", "renamed")
    assert seen("renamed") == []
    pair.docker("network", "connect", "--ip", "172.25.0.99", "--alias", "other", "custom_network", "renamed")
    assert (seen("renamed"), seen("other")) == (["172.25.0.99"], ["172.25.0.99"])
    pair.docker("stop", "-t", "0", "renamed")
    assert (seen("renamed"), seen("other")) == ([], [])
    pair.docker("start", "renamed")
    assert (seen("renamed"), seen("other")) == (["172.25.0.99"], ["172.25.0.99"])
    pair.docker("rm", "-f", "renamed")
    assert (seen("renamed"), seen("other")) == ([], [])
    # A network that the asker gets later, and loses.
    start(pair, "far", net="second")
    assert seen("far") == []
    pair.docker("network", "connect", "second", "bbox07")
    assert seen("far") == [pair.address("far", "second")]
    pair.docker("network", "disconnect", "second", "bbox07")
    assert seen("far") == []


def test_a_container_that_dies_has_no_name(pair):
    start(pair, "brief")
    assert ask(pair, "bbox07", "brief").found
    kernel.end_process(pair.pid("brief"))
    kernel.wait_for(lambda: not ask(pair, "bbox07", "brief").found, 3, "the name to go")


def test_rotation_over_one_alias(pair):
    for i in range(3):
        start(pair, f"web{i}", "--network-alias", "www")
    addresses = {pair.address(f"web{i}", "custom_network") for i in range(3)}
    firsts = set()
    for _ in range(30):
        answer = ask(pair, "bbox07", "www")
        assert set(answer.data) == addresses and len(answer.data) == 3
        firsts.add(answer.data[0])
    assert firsts == addresses, "each comes first now and then"
    pair.docker("stop", "-t", "0", "web1")
    assert len(ask(pair, "bbox07", "www").data) == 2


def test_links(pair):
    start(pair, "linked", "--link", "bbox06:database")
    address = pair.address("bbox06", "custom_network")
    assert ask(pair, "linked", "database").data == [address]
    assert not ask(pair, "bbox07", "database").found, "a link's alias is for the one who asked for it"


def test_the_containers_own_server_on_port_53(pair):
    start(pair, "server")
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with names.socket_in(pair.pid("server"), kind) as s:
            s.bind(("0.0.0.0", 53))
            assert ask(pair, "server", "bbox06").found


def test_none_outside_the_network(pair):
    pair.docker("network", "create", "second")
    start(pair, "far", net="second")
    assert not ask(pair, "far", "bbox06").found
    assert not ask(pair, "bbox07", "far").found
    back = ".".join(reversed(pair.address("far", "second").split("."))) + ".in-addr.arpa"
    assert not ask(pair, "bbox07", back, "PTR").found


def test_a_joined_container_asks_as_its_target(pair):
    pair.docker("run", "-d", "--name", "joiner", "--net", "container:bbox07", "busybox", "sleep", "600")
    assert " 0% packet loss" in pair.exec("joiner", "ping -c 1 -W 2 bbox06").out


def test_outside_names(pair, outside):
    start(pair, "asker")
    for tcp in (False, True):
        assert ask(pair, "asker", "a.example", tcp=tcp).data == ["192.0.2.7"]
    assert ask(pair, "asker", "nosuch.example").rcode == names.NXDOMAIN
    # What the network knows is not asked outside.
    assert ask(pair, "asker", "bbox06").found and outside.times("bbox06") == 0
    whole = ask(pair, "asker", "big.example", tcp=True)
    assert len(whole.data) == 40 and not whole.truncated
    if pair.ours:
        short = ask(pair, "asker", "big.example")
        assert short.truncated, "512 bytes do not hold it and the asker offered no more"
        assert ask(pair, "asker", "nosuch").rcode == names.NXDOMAIN


def test_a_silent_server_outside_delays_no_local_name(pair, outside):
    start(pair, "asker")
    ns = pair.pid("asker")
    with names.socket_in(ns) as waiting:
        waiting.connect((names.SERVER, 53))
        for _ in range(20):
            waiting.send(names.query("silent.example"))
        for _ in range(50):
            assert names.ask(ns, "bbox06", seconds=0.5).found


def test_answers_from_outside_are_kept_for_their_ttl(pair, outside):
    if not pair.ours:
        pytest.skip("20.10 keeps nothing")
    start(pair, "asker")
    for _ in range(5):
        assert ask(pair, "asker", "a.example").data == ["192.0.2.7"]
        assert ask(pair, "asker", "few.example").data == ["192.0.2.9"]
    assert outside.times("a.example") <= 1, "at most once, and not at all where an earlier test has asked"
    few = outside.times("few.example")
    kernel.wait_for(lambda: ask(pair, "asker", "few.example").found and outside.times("few.example") > few, 4, "its second to pass")


def test_internal_networks_forward_nothing(box, outside):
    box.docker("network", "create", "--internal", "--subnet", "172.25.1.0/24", "inner")
    for name in ("one", "two"):
        start(box, name, net="inner")
    assert ask(box, "one", "two").data == [box.address("two", "inner")]
    try:
        assert not ask(box, "one", "a.example", seconds=3).found
    except TimeoutError:
        assert not box.ours, "a refusal, not silence"
    assert outside.times("a.example") == 0


def test_hostile_neighbours_slow_nobody(pair):
    """Idle connections, a length prefix without its message, a compression loop, noise: the next query is answered at once."""
    ns = pair.pid("bbox06")
    idle = [names.socket_in(ns, socket.SOCK_STREAM) for _ in range(100)]
    try:
        for i, s in enumerate(idle):
            s.connect((names.SERVER, 53))
            if i % 2:
                s.send(b"\xff\xff\0")
        with names.socket_in(ns) as s:
            s.connect((names.SERVER, 53))
            header = b"\0\1\1\0\0\1\0\0\0\0\0\0"
            for noise in (b"", b"\0", header, header + b"\xc0\x0c\0\1\0\1", header + b"\x3fabc", header[:4] + b"\xff\xff" + header[6:], b"\xff" * 512):
                s.send(noise)
        for asker in ("bbox06", "bbox07"):
            assert ask(pair, asker, "bbox07", seconds=1).found
            assert ask(pair, asker, "bbox07", tcp=True, seconds=1).found
    finally:
        for s in idle:
            s.close()
