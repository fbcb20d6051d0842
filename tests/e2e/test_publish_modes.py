"""Published ports where the network or the daemon is not the usual one: routed networks, trusted interfaces, a network of
several containers' choosing, no firewall of ours, a default address."""
from contextlib import contextmanager

import pytest
from conftest import default_client, run_daemon
from harness import kernel
from harness.host import Host
from harness.programs import ours
from harness.reach import UdpClient, ask, ask_one, echo
from harness.rogue import machine, take_loopback_from
from harness.shell import run
from harness.world import World

OPTION = "com.docker.network.bridge."


@pytest.fixture
def neighbour(box):
    """The outside takes the host for its router to 10.71.0.0/24."""
    box.host.run_outside("ip", "route", "add", "10.71.0.0/24", "via", box.host.ADDRESS)
    yield box.host.outside
    box.host.run_outside("ip", "route", "del", "10.71.0.0/24", "via", box.host.ADDRESS)


def start(box, name, network, *flags):
    box.docker("run", "-d", "--name", name, "--network", network, *flags, "busybox", "sleep", "600")
    return box.pid(name)


def test_routed_network(box, neighbour):
    """Its published ports are open at the container's own address; the host has none of them, the rest is closed."""
    box.docker("network", "create", "--subnet", "10.71.0.0/24", "-o", OPTION + "gateway_mode_ipv4=routed", "routed")
    with echo(start(box, "web1", "routed", "-p", "8080:80"), "web1", 80, 81):
        assert ask(neighbour, [("tcp", "10.71.0.2", 80), ("icmp", "10.71.0.2", 0)]) == [f"web1 {box.host.OUTSIDE}", "pong"]
        assert ask(neighbour, [("tcp", "10.71.0.2", 81), ("udp", "10.71.0.2", 80)]) == [None, None]
        assert ask_one(neighbour, "tcp", box.host.ADDRESS, 8080) is None
        assert ":8080 " not in box.host.run("ss", "-Hltn").out


def test_trusted_interface(box, neighbour):
    """From there published ports are reached at the container's own address as well; what is not published is not."""
    box.docker("network", "create", "--subnet", "10.71.0.0/24", "-o", OPTION + "trusted_host_interfaces=uplink", "trusting")
    with echo(start(box, "web1", "trusting", "-p", "127.0.0.1:8080:80"), "web1", 80, 81):
        assert ask(neighbour, [("tcp", "10.71.0.2", 80), ("tcp", "10.71.0.2", 81), ("udp", "10.71.0.2", 80),
                               ("tcp", box.host.ADDRESS, 8080)]) == [f"web1 {box.host.OUTSIDE}", None, None, None]


@pytest.mark.parametrize("option", ["gateway_mode_ipv4=routed", "trusted_host_interfaces=uplink"])
def test_what_is_unpublished_is_closed_to_those_who_are_there(box, neighbour, option):
    """A UDP client at the container's own address is shut out, too, though it never stops."""
    box.docker("network", "create", "--subnet", "10.71.0.0/24", "-o", OPTION + option, "direct")
    pid = start(box, "web1", "direct", "-p", "8053:53/udp", "-p", "8054:54/udp")
    with echo(pid, "web1", 53, 54), UdpClient(neighbour) as client, UdpClient(neighbour) as other:
        assert client("10.71.0.2", 53) and other("10.71.0.2", 54)
        run(ours("fairlead"), "unpublish", "-H", box.daemon.url, "web1", "8053:53/udp")
        kernel.wait_for(lambda: client("10.71.0.2", 53) is None, 3, "the end of its flow")
        assert other("10.71.0.2", 54)


def test_unprotected_network(box, neighbour):
    box.docker("network", "create", "--subnet", "10.71.0.0/24", "-o", OPTION + "gateway_mode_ipv4=nat-unprotected", "open")
    with echo(start(box, "web1", "open", "-p", "8080:80"), "web1", 80, 81):
        assert all(ask(neighbour, [("tcp", "10.71.0.2", 80), ("tcp", "10.71.0.2", 81), ("tcp", box.host.ADDRESS, 8080)]))


def test_ports_follow_connect_and_disconnect(box):
    for name in ("aaa", "bbb", "shut"):
        box.docker("network", "create", *(["--internal"] if name == "shut" else []), name)
    with echo(start(box, "web1", "shut", "-p", "8080:80"), "web1", 80):
        here = lambda: ask_one(box.host.outside, "tcp", box.host.ADDRESS, 8080)
        assert here() is None and box.docker("port", "web1").out == ""
        box.docker("network", "connect", "bbb", "web1")
        assert here()
        box.docker("network", "connect", "aaa", "web1")
        assert here()
        box.docker("network", "disconnect", "aaa", "web1")
        assert here()
        box.docker("network", "disconnect", "bbb", "web1")
        assert here() is None


def test_default_address_of_a_network(box):
    box.docker("network", "create", "-o", OPTION + "host_binding_ipv4=127.0.0.1", "local")
    with echo(start(box, "web1", "local", "-p", "8080:80", "-p", "0.0.0.0:8081:80"), "web1", 80):
        assert sorted(box.docker("port", "web1").lines) == ["80/tcp -> 0.0.0.0:8081", "80/tcp -> 127.0.0.1:8080"]
        assert ask(box.host.outside, [("tcp", box.host.ADDRESS, 8080), ("tcp", box.host.ADDRESS, 8081)])[0] is None
        assert ask_one(box.host.ns, "tcp", "127.0.0.1", 8080)


@pytest.mark.parametrize("option", ["--iptables=false", "--ip=127.0.0.1"])
def test_daemons_options(peer, option):
    """Without a firewall of ours the sockets themselves serve; --ip is where ports are published by default."""
    host = Host()
    running = run_daemon(host, peer, [option])
    try:
        box = World(host, next(running), default_client())
        with echo(start(box, "web1", "bridge", "-p", "8080:80", "-p", "8080:80/udp"), "web1", 80):
            questions = [(protocol, address, 8080) for protocol in ("tcp", "udp") for address in (host.ADDRESS, "127.0.0.1")]
            answers = ask(host.ns, questions)
            seen = ask(host.outside, [("tcp", host.ADDRESS, 8080), ("udp", host.ADDRESS, 8080)])
            if option == "--ip=127.0.0.1":
                assert [bool(a) for a in answers] == [False, True, False, True] and seen == [None, None]
            else:
                assert answers == ["web1 172.17.0.1"] * 4 and seen == ["web1 172.17.0.1"] * 2
                assert host.run("nft", "list", "ruleset").out == ""
        box.clear()
    finally:
        running.close()
        host.remove()


@contextmanager
def passing(host):
    """Gives a question: is what is no business of ours forwarded from the outside to a machine on the host's other side?"""
    with machine(host.ns, "beyond", "backlink", ["10.79.0.2/24"], ["10.79.0.1/24"]) as beyond:
        kernel.inside(beyond, "ip", "route", "add", "default", "via", "10.79.0.2")
        host.run_outside("ip", "route", "add", "10.79.0.0/24", "via", host.ADDRESS)
        yield lambda: ask_one(host.outside, "icmp", "10.79.0.1", 0) == "pong"


@pytest.mark.parametrize("options, passes", [([], False), (["--ip-forward-no-drop"], True)])
def test_forwarding_for_others_where_the_daemon_switched_it_on(peer, options, passes):
    host = Host()
    running = run_daemon(host, peer, options)
    try:
        with passing(host) as asked:
            assert not asked()
            next(running)
            assert asked() == passes
    finally:
        running.close()
        host.remove()


def test_iptables_switched_off_and_on_again(peer):
    """No half of a firewall stays behind: neither the policy that keeps others from passing, nor ways that only our rules
    made safe."""
    host = Host()
    running = run_daemon(host, peer)
    tables = lambda: host.run("nft", "list", "tables").lines
    try:
        box = World(host, next(running), default_client())
        with echo(start(box, "web1", "bridge", "-p", "8080:80"), "web1", 80), passing(host) as passes:
            published = lambda: ask_one(host.outside, "tcp", host.ADDRESS, 8080)
            localnet = lambda: kernel.sysctl(host.ns, "net/ipv4/conf/docker0/route_localnet")
            for _ in range(2):
                assert tables() == ["table inet fairlead-user", "table inet fairlead"] and localnet() == "1"
                assert not passes() and published() == f"web1 {host.OUTSIDE}"
                box.daemon.stop()
                box.daemon.start(options=["--iptables=false"])
                assert tables() == ["table inet fairlead-user"] and localnet() == "0"
                assert passes() and published() == "web1 172.17.0.1"
                box.daemon.stop()
                box.daemon.start()
        box.clear()
    finally:
        running.close()
        host.remove()


def test_another_programs_table_of_our_name(peer):
    """Without --iptables it is no business of ours."""
    host = Host()
    host.run("nft", "add table inet fairlead { set home4 { type ipv4_addr; elements = { 192.0.2.1 }; }; }")
    running = run_daemon(host, peer, ["--iptables=false"])
    try:
        next(running)
        assert "192.0.2.1" in host.run("nft", "list", "ruleset").out
    finally:
        running.close()
        host.remove()


def test_loopback_by_a_bridge_of_others(peer):
    """-b names it: a port published at 127.0.0.1 is reached there, by this host alone, and the bridge is otherwise as it was."""
    host = Host()
    for command in (("add", "br0", "type", "bridge"), ("set", "br0", "up")):
        host.run("ip", "link", *command)
    host.run("ip", "addr", "add", "172.30.0.1/24", "dev", "br0")
    settings = lambda: host.run("sh", "-c", "grep -r . /proc/sys/net/ipv4/conf/br0 /proc/sys/net/ipv6/conf/br0 | grep -v stable_secret", check=False).lines
    before, mtu = settings(), kernel.link(host.ns, "br0")["mtu"]
    running = run_daemon(host, peer, ["-b", "br0"])
    try:
        box = World(host, next(running), default_client())
        changed = sorted(set(settings()) - set(before))
        assert [line.rsplit("/", 1)[1] for line in changed if not line.endswith("/forwarding:1")] == ["route_localnet:1"]
        with echo(start(box, "web1", "bridge", "-p", "127.0.0.1:8080:80"), "web1", 80), echo(host.ns, "service", 7000):
            assert ask_one(host.ns, "tcp", "127.0.0.1", 8080) == "web1 172.30.0.1"
            assert ask_one(host.ns, "udp", "127.0.0.1", 8080) is None, "that is not published"
            evil = start(box, "evil", "bridge")
            take_loopback_from(evil, "eth0", "172.30.0.1")
            assert ask(evil, [("tcp", "127.0.0.1", 7000), ("udp", "127.0.0.1", 7000), ("tcp", "127.0.0.1", 8080)]) == [None] * 3
        box.clear()
        now = kernel.link(host.ns, "br0")
        assert now["mtu"] == mtu and "ifalias" not in now
    finally:
        running.close()
        host.remove()
