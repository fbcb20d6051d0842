"""What broke other engines, tried on ours with real packets: a test for each advisory. The host was a router before the daemon
came, so that what is closed here is closed by the daemon's rules and not by a router that is switched off."""
import platform
import time

import pytest
from harness import kernel, names
from harness.host import Host
from harness.reach import ask, ask_one, echo
from harness.rogue import advertise_router, knocking, machine, spoof_udp, take_loopback_from, taken_from_router

BEYOND = ("10.79.0.1", "fd79::1")  # a machine on the host's other side
TCP, UDP = "tcp", "udp"


@pytest.fixture(scope="module")
def host():
    made = Host()
    try:
        # As routers and kube-proxy have it; an interface that is asked for 127.0.0.0/8 from outside then takes it.
        for key in ("ip_forward", "conf/all/route_localnet"):
            made.run("sh", "-c", f"echo 1 > /proc/sys/net/ipv4/{key}")
        made.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        for key in ("default", "all"):
            made.run("sh", "-c", f"echo 2 > /proc/sys/net/ipv6/conf/{key}/accept_ra")
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def beyond(host):
    with machine(host.ns, "beyond", "backlink", ["10.79.0.2/24", "fd79::2/64"], ["10.79.0.1/24", "fd79::1/64"]) as ns:
        for family, gateway in (("-4", "10.79.0.2"), ("-6", "fd79::2")):
            kernel.inside(ns, "ip", family, "route", "add", "default", "via", gateway)
        yield ns


def start(box, name, *flags, network="bridge"):
    box.docker("run", "-d", "--name", name, "--network", network, *flags, "busybox", "sleep", "600")
    return box.pid(name)


def loopback_questions():
    return [(protocol, address, port) for protocol in (TCP, UDP) for address in ("127.0.0.1", "127.0.0.5") for port in (7000, 8081, 8080)]


def hears(ns, attacker):
    """Does a UDP service at 127.0.0.1 hear what the attacker sends there?"""
    with names.socket_in(ns) as service, names.socket_in(attacker) as sender:
        service.bind(("127.0.0.1", 7002))
        service.settimeout(0.7)
        sender.sendto(b"!", ("127.0.0.1", 7002))
        try:
            return service.recv(10) == b"!"
        except TimeoutError:
            return False


def test_cve_2020_8558_neighbour(box, beyond):
    """A machine next door sends to 127.0.0.1 by way of us: it reaches neither a service of ours nor a port published there."""
    pid = start(box, "web1", "-p", "127.0.0.1:8081:80", "-p", "8080:80")
    with machine(box.host.ns, "evil", "evillink", ["10.80.0.2/24"], ["10.80.0.1/24"]) as evil, \
            echo(box.host.ns, "service", 7000), echo(pid, "web1", 80):
        take_loopback_from(evil, "eth0", "10.80.0.2")
        assert ask(evil, loopback_questions()) == [None] * 12 and not hears(box.host.ns, evil)
        assert ask_one(box.host.ns, TCP, "127.0.0.1", 7000) and ask_one(box.host.ns, TCP, "127.0.0.1", 8081)
    with machine(beyond, "evil", "evillink", ["10.80.0.2/24"], ["10.80.0.1/24"]) as evil, echo(beyond, "service", 7000):
        # The way is one: a machine without our rules is reached by it.
        kernel.inside(beyond, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/evillink/route_localnet")
        take_loopback_from(evil, "eth0", "10.80.0.2")
        assert ask_one(evil, TCP, "127.0.0.1", 7000) and hears(beyond, evil)


def test_cve_2020_8558_container(box):
    """Bridges take packets for 127.0.0.0/8 for the host's own sake only (route_localnet), not for a container's."""
    start(box, "web1", "-p", "127.0.0.1:8081:80", "-p", "8080:80")
    pid = start(box, "evil")
    assert kernel.sysctl(box.host.ns, "net/ipv4/conf/docker0/route_localnet") == "1"
    take_loopback_from(pid, "eth0", "172.17.0.1")
    with echo(box.host.ns, "service", 7000), echo(box.pid("web1"), "web1", 80):
        assert ask(pid, loopback_questions()) == [None] * 12 and not hears(box.host.ns, pid)
        assert ask_one(pid, TCP, "172.17.0.1", 7000), "the way to the host is open"


def test_no_container_speaks_as_loopback(box):
    """A datagram from 127.0.0.2 that comes by a bridge reaches no service that trusts its own machine."""
    pid = start(box, "evil")
    mac = kernel.link(box.host.ns, "docker0")["address"]
    server = names.socket_in(box.host.ns)
    with server:
        server.bind(("0.0.0.0", 7001))
        server.settimeout(1)
        spoof_udp(pid, "eth0", mac, "172.17.0.99", "172.17.0.1", 7001)
        assert server.recvfrom(10)[1][0] == "172.17.0.99", "a forged datagram does arrive"
        for source in ("127.0.0.1", "127.0.0.2"):
            spoof_udp(pid, "eth0", mac, source, "172.17.0.1", 7001)
            with pytest.raises(TimeoutError):
                print("arrived from", server.recvfrom(10))


@pytest.mark.parametrize("network", ["bridge", "six"])
def test_cve_2020_13401(box, network):
    """A container that plays the router gives the host neither an address nor a way."""
    if network == "six":
        box.docker("network", "create", "--ipv6", "--subnet", "fd88::/64", "six")
    pid, other = start(box, "evil", network=network), start(box, "c2", network=network)
    for _ in range(3):
        advertise_router(pid, "eth0")
        time.sleep(0.2)
    assert taken_from_router(box.host.ns) == [] and taken_from_router(other) == []
    # An interface that the administrator lets listen does take it: the packet is one.
    with machine(box.host.ns, "evil", "evillink", ["10.80.0.2/24"], ["10.80.0.1/24"]) as evil:
        advertise_router(evil, "eth0")
        kernel.wait_for(lambda: any("evillink" in line for line in taken_from_router(box.host.ns)), 3, "the link to listen")


def test_cve_2024_32473(box):
    """No IPv6, not even link-local, where the network has none; loopback keeps ::1."""
    pid = start(box, "c1")
    start(box, "c2")
    assert kernel.addresses(pid, "inet6") == {"lo": ["::1/128"], "eth0": []}
    assert kernel.inside(pid, "ping", "-6", "-c1", "-W1", "ff02::1%eth0", check=False).code != 0
    box.docker("network", "create", "--ipv6", "--subnet", "fd88::/64", "six")
    box.docker("network", "connect", "six", "c1")
    now = kernel.addresses(pid, "inet6")
    assert now["eth0"] == [] and "fd88::2/64" in now["eth1"], now
    box.docker("network", "disconnect", "six", "c1")
    box.docker("restart", "-t", "0", "c1")
    assert kernel.addresses(box.pid("c1"), "inet6") == {"lo": ["::1/128"], "eth0": []}


def test_cve_2024_29018(box, outside):
    """Questions of an internal network's containers are not carried out by the host on their behalf."""
    box.docker("network", "create", "--internal", "inner")
    box.docker("network", "create", "open")
    for name, network in (("spy", "inner"), ("reader", "open")):
        start(box, name, "--dns", box.host.OUTSIDE, network=network)
    for name in ("secret.example", "spy.inner.example", "a.example"):
        box.exec("spy", f"nslookup {name} 127.0.0.11", check=False)
    assert outside.asked == []
    box.exec("reader", "nslookup a.example 127.0.0.11", check=False)
    assert "a.example" in outside.asked, "the server outside can be asked"


FLUSHES = {
    "iptables-restore": "printf '*filter\\nCOMMIT\\n*nat\\nCOMMIT\\n*raw\\nCOMMIT\\n' | iptables-restore",
    "iptables -F": "iptables -F; iptables -t nat -F; iptables -t raw -F",
    "nft flush ruleset": "nft flush ruleset",
    "nft delete table": "nft delete table inet fairlead || true",
    "nft -f with a flush": "printf 'flush ruleset\\ntable inet mine {\\n}\\n' | nft -f -; nft delete table inet mine",
}


@pytest.mark.parametrize("how", FLUSHES)
def test_cve_2025_54388_and_54410(box, beyond, how):
    """Whoever reloads the ruleset opens, not for a moment, ports published on loopback, containers' addresses, or the wall
    between networks."""
    if how.startswith("nft") and tuple(map(int, platform.release().split(".")[:2])) < (5, 12):
        pytest.skip("this kernel has no tables that are owned (5.12): whoever flushes the ruleset takes ours along for a moment")
    box.docker("network", "create", "--subnet", "10.81.0.0/24", "other")
    pid, stranger = start(box, "web1", "-p", "127.0.0.1:8081:80/udp"), start(box, "stranger", network="other")
    address = box.address("web1", "bridge")
    with machine(box.host.ns, "evil", "evillink", ["10.80.0.2/24"], ["10.80.0.1/24"]) as evil, echo(pid, "web1", 80):
        take_loopback_from(evil, "eth0", "10.80.0.2")
        kernel.inside(evil, "ip", "route", "add", "default", "via", "10.80.0.2")
        with knocking(evil, ("127.0.0.1", 8081), ("10.80.0.2", 8081), (address, 80)) as remote, \
                knocking(stranger, (address, 80), ("10.81.0.1", 8081)) as local:
            for _ in range(3):
                box.host.run("sh", "-c", FLUSHES[how])
                time.sleep(0.5)
        assert (remote, local) == ([], [])
        kernel.wait_for(lambda: ask_one(box.host.ns, UDP, "127.0.0.1", 8081) == "web1 172.17.0.1", 3, "the port to work")


def test_cve_2025_67499(box, beyond):
    """A published port is the host's; the same port of another machine, reached through the host, is that machine's."""
    box.docker("network", "create", "--ipv6", "--subnet", "10.82.0.0/24", "--subnet", "fd82::/64", "six")
    pid = start(box, "web1", "-p", "8080:80", "-p", "8080:80/udp", network="six")
    box.host.run_outside("ip", "route", "add", "10.79.0.0/24", "via", box.host.ADDRESS)
    box.host.run("ip", "addr", "add", "fd77::2/64", "dev", "uplink", "nodad")
    box.host.run_outside("ip", "addr", "add", "fd77::1/64", "dev", "downlink", "nodad")
    box.host.run_outside("ip", "route", "add", "fd79::/64", "via", "fd77::2")
    try:
        with echo(pid, "web1", 80), echo(beyond, "beyond", 8080):
            for asker, seen in ((box.host.outside, ("10.77.0.1", "fd77::1")), (box.host.ns, ("10.79.0.2", "fd79::2")),
                                (pid, ("10.79.0.2", "fd79::2"))):
                for address, source in zip(BEYOND, seen):
                    assert ask(asker, [(TCP, address, 8080), (UDP, address, 8080)]) == [f"beyond {source}"] * 2
            assert ask(beyond, [(p, a, 8080) for p in (TCP, UDP) for a in ("10.79.0.2", "fd79::2")]) == [
                f"web1 {a}" for _ in (TCP, UDP) for a in BEYOND], "the host's own port leads to the container"
    finally:
        box.host.run("ip", "addr", "del", "fd77::2/64", "dev", "uplink")
        box.host.run_outside("ip", "addr", "del", "fd77::1/64", "dev", "downlink")
        box.host.run_outside("ip", "route", "del", "10.79.0.0/24", check=False)


def test_moby_45610(box, beyond):
    """A neighbour with a route to the containers reaches their published ports through the host's address only, and no other
    port at all; unless the network is made for it."""
    box.docker("network", "create", "--ipv6", "--subnet", "10.83.0.0/24", "--subnet", "fd83::/64", "closed")
    box.docker("network", "create", "--ipv6", "--subnet", "10.84.0.0/24", "--subnet", "fd84::/64",
               "-o", "com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected",
               "-o", "com.docker.network.bridge.gateway_mode_ipv6=nat-unprotected", "wide")
    for n, network in ((83, "closed"), (84, "wide")):
        with echo(start(box, network, "-p", f"80{n}:80", network=network), network, 80, 81):
            direct = [(p, a, port) for p in (TCP, UDP) for a in (f"10.{n}.0.2", f"fd{n}::2") for port in (80, 81)]
            assert [bool(a) for a in ask(beyond, direct)] == [network == "wide"] * len(direct), network
            assert ask_one(beyond, TCP, "10.79.0.2", f"80{n}") == f"{network} 10.79.0.1"


def test_moby_53384(box, beyond):
    """A UDP client that keeps its port is served again after a restart, where host and container port differ."""
    box.docker("network", "create", "--subnet", "10.85.0.0/24", "n")
    start(box, "first", "-p", "8053:53/udp", network="n")
    client = names.socket_in(beyond)
    with client:
        client.settimeout(0.3)

        def asked():
            try:
                client.sendto(b"?", ("10.79.0.2", 8053))
                return client.recv(100)
            except (TimeoutError, ConnectionRefusedError):
                return None

        for turn in ("one", "two", "three"):
            with echo(box.pid("first"), turn, 53):
                kernel.wait_for(lambda: asked() == f"{turn} 10.79.0.1".encode(), 3, f"the answer of {turn}")
            address = box.address("first", "n")
            box.docker("stop", "-t", "0", "first")
            asked()
            start(box, f"taker-{turn}", "--ip", address, network="n")
            box.docker("start", "first")
            assert box.address("first", "n") != address
