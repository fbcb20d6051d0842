"""Who reaches what: one expected verdict for each asker, each way to address a container, each protocol, both families,
found out with real packets. The default is closed: only what was asked for is open, as Docker 28 has it."""
import pytest
from harness import kernel
from harness.reach import ask, echo

HOST6, OUTSIDE6 = "fd77::2", "fd77::1"
TCP, UDP, ICMP = "tcp", "udp", "icmp"
EVERY, LOCAL, CLOSED = 8080, 8081, 80  # published on every address, on loopback only, not published but served


@pytest.fixture(scope="module")
def scene(host, daemon):
    from conftest import default_client
    from harness.world import World
    box = World(host, daemon, default_client())
    for ns, device, address in ((host.ns, "uplink", HOST6), (host.outside, "downlink", OUTSIDE6)):
        kernel.inside(ns, "ip", "addr", "add", address + "/64", "dev", device, "nodad")
    made = [(name, f"10.{n}.0.0/24", f"fd{n}::/64") for n, name in ((61, "home"), (62, "other"), (63, "inner"))]
    for name, v4, v6 in made:
        box.docker("network", "create", "--ipv6", "--subnet", v4, "--subnet", v6, *(["--internal"] if name == "inner" else []), name)
    flags = [f for family in ("", "[::1]:", "127.0.0.1:") for proto in (TCP, UDP)
             for f in (["-p", f"{family}{LOCAL}:8081/{proto}"] if family else ["-p", f"{EVERY}:8080/{proto}"])]
    box.docker("run", "-d", "--name", "target", "--net", "home", *flags, "busybox", "sleep", "900")
    box.docker("run", "-d", "--name", "inmate", "--net", "inner", "-p", "8090:8080", "busybox", "sleep", "900")
    for name, net in (("same", "home"), ("stranger", "other"), ("insider", "inner")):
        box.docker("run", "-d", "--name", name, "--net", net, "busybox", "sleep", "900")
    with echo(box.pid("target"), "target", 80, 8080, 8081), echo(box.pid("inmate"), "inmate", 80, 8080):
        yield box
    box.clear()
    for ns, device, address in ((host.ns, "uplink", HOST6), (host.outside, "downlink", OUTSIDE6)):
        kernel.inside(ns, "ip", "addr", "del", address + "/64", "dev", device)


@pytest.fixture(params=["outside", "neighbour", "host", "same", "stranger", "insider", "target"])
def asker(request, scene):
    name, host = request.param, scene.host
    if name == "host":
        yield name, host.ns
    elif name == "outside":
        yield name, host.outside
    elif name == "neighbour":  # the same machine, which takes us for its router to the containers
        ways = [("10.61.0.0/24", host.ADDRESS), ("10.63.0.0/24", host.ADDRESS), ("fd61::/64", HOST6), ("fd63::/64", HOST6)]
        for to, via in ways:
            kernel.inside(host.outside, "ip", "route", "add", to, "via", via)
        yield name, host.outside
        for to, via in ways:
            kernel.inside(host.outside, "ip", "route", "del", to, "via", via)
    else:
        yield name, scene.pid(name)


# Rows: what is asked, by address and port. Columns: who may. Everybody else gets nothing.
ROWS = {
    "the container's address": ({"host", "same", "target"}, ["10.61.0.2", "fd61::2"], [8080, CLOSED], (TCP, UDP)),
    "the container, by ping": ({"host", "same", "target"}, ["10.61.0.2", "fd61::2"], [0], (ICMP,)),
    "published, by the uplink's address": ({"outside", "neighbour", "host", "same", "stranger", "target"},
                                           ["10.77.0.2", HOST6], [EVERY], (TCP, UDP)),
    "published, by the bridge's address": ({"neighbour", "host", "same", "stranger", "target"},
                                           ["10.61.0.1", "fd61::1"], [EVERY], (TCP, UDP)),
    "published, by another bridge's address": ({"host", "same", "stranger", "target"},
                                               ["10.62.0.1", "fd62::1"], [EVERY], (TCP, UDP)),
    "published, by loopback": ({"host"}, ["127.0.0.1", "::1"], [EVERY, LOCAL], (TCP, UDP)),
    "on loopback only, by other addresses": (set(), ["10.77.0.2", HOST6, "10.61.0.1", "fd61::1"], [LOCAL], (TCP, UDP)),
    "not published, by the host's addresses": (set(), ["10.77.0.2", HOST6, "10.61.0.1", "fd61::1"], [CLOSED], (TCP, UDP)),
    "an internal network's container": ({"host", "insider"}, ["10.63.0.2", "fd63::2"], [8080], (TCP, UDP)),
    "an internal network's container, by ping": ({"host", "insider"}, ["10.63.0.2", "fd63::2"], [0], (ICMP,)),
    "an internal network's published port": (set(), ["10.77.0.2", HOST6, "10.63.0.1", "fd63::1"], [8090], (TCP, UDP)),
    "published elsewhere, by the internal gateway": ({"neighbour", "host", "same", "stranger", "target"}, ["10.63.0.1", "fd63::1"],
                                                    [EVERY], (TCP, UDP)),
}


def test_verdicts(asker):
    name, ns = asker
    questions, expected = [], []
    for row, (who, addresses, ports, protocols) in ROWS.items():
        for address in addresses:
            for port in ports:
                for protocol in protocols:
                    if name == "target" and address in ("127.0.0.1", "::1"):
                        continue  # its own loopback
                    questions.append((protocol, address, port))
                    expected.append((row, name in who))
    wrong = [f"{row}: {q} {'was closed' if want else f'was open: {answer}'}"
             for q, (row, want), answer in zip(questions, expected, ask(ns, questions)) if bool(answer) != want]
    assert not wrong, "\n".join([f"asked by {name}:", *wrong])


def test_sources_are_kept(scene):
    for address, own in (("10.77.0.2", "10.77.0.1"), (HOST6, OUTSIDE6)):
        for protocol in (TCP, UDP):
            assert ask(scene.host.outside, [(protocol, address, EVERY)]) == [f"target {own}"]
