"""Published ports where the network or the daemon is not the usual one: routed networks, trusted interfaces, a network of
several containers' choosing, no firewall of ours, a default address."""
import pytest
from conftest import default_client, run_daemon
from harness import kernel
from harness.host import Host
from harness.reach import ask, ask_one, echo
from harness.rogue import machine
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


def test_a_default_address_holds_for_networks_of_ipv6_alone(box):
    """127.0.0.1 does not become every address because the container has no IPv4."""
    box.docker("network", "create", "--ipv4=false", "--ipv6", "-o", OPTION + "host_binding_ipv4=127.0.0.1", "local6")
    with echo(start(box, "web1", "local6", "-p", "8080:80"), "web1", 80):
        assert box.docker("port", "web1").lines == ["80/tcp -> 127.0.0.1:8080"]
        assert ask_one(box.host.ns, "tcp", "127.0.0.1", 8080), "the daemon leads IPv4 to IPv6"
        assert ask(box.host.ns, [("tcp", "::1", 8080), ("tcp", box.host.ADDRESS, 8080)]) == [None, None]


@pytest.mark.parametrize("routed, shown", [("ipv6", "0.0.0.0:8080"), ("ipv4", "[::]:8080")])
def test_a_routed_family_has_no_port_of_the_host(box, routed, shown):
    box.docker("network", "create", "--ipv6", "-o", f"{OPTION}gateway_mode_{routed}=routed", "half")
    with echo(start(box, "web1", "half", "-p", "8080:80", "-p", "[::1]:8081:80", "-p", "127.0.0.1:8082:80"), "web1", 80):
        lines = [l.replace(":::", "[::]:") for l in box.docker("port", "web1").lines]
        loopback = ["80/tcp -> 127.0.0.1:8082"] if routed == "ipv6" else ["80/tcp -> [::1]:8081"]
        assert sorted(lines) == sorted([f"80/tcp -> {shown}", *loopback])
        answers = ask(box.host.ns, [("tcp", box.host.ADDRESS, 8080), ("tcp", "::1", 8080), ("tcp", "::1", 8081),
                                    ("tcp", "127.0.0.1", 8082)])
        assert [bool(a) for a in answers] == ([True, False, False, True] if routed == "ipv6" else [False, True, True, False])


def test_internal_networks_reach_no_port_that_the_daemon_leads(box):
    """IPv6 clients of an IPv4-only container come to the daemon's socket, past the chain that shuts internal networks in."""
    box.docker("network", "create", "--internal", "--ipv6", "shut")
    box.docker("network", "create", "--ipv6", "open")
    with echo(start(box, "web1", "bridge", "-p", "8080:80", "-p", "8080:80/udp"), "web1", 80):
        for network, may in (("shut", False), ("open", True)):
            visitor = start(box, f"from-{network}", network)
            gateways = [config["Gateway"].split("/")[0] for config in box.network(network)["IPAM"]["Config"]]
            answers = ask(visitor, [(protocol, gateway, 8080) for gateway in gateways for protocol in ("tcp", "udp")])
            assert [bool(a) for a in answers] == [may] * 4, (network, gateways, answers)


def test_a_neighbour_on_another_network_visits_the_published_port(box):
    """The container would answer it there, directly and from another address, were it not for the translation."""
    for name in ("app", "data"):
        box.docker("network", "create", name)
    web = start(box, "web1", "app", "-p", "8080:80")
    box.docker("network", "connect", "data", "web1")
    neighbour, stranger = start(box, "db", "data"), start(box, "far", "bridge")
    gateway = box.network("app")["IPAM"]["Config"][0]["Gateway"]
    with echo(web, "web1", 80):
        assert ask_one(neighbour, "tcp", box.host.ADDRESS, 8080) == f"web1 {gateway}"
        assert ask_one(stranger, "tcp", box.host.ADDRESS, 8080) == f"web1 {box.address('far', 'bridge')}"
        box.docker("network", "disconnect", "data", "web1")
        assert ask_one(neighbour, "tcp", box.host.ADDRESS, 8080) == f"web1 {box.address('db', 'data')}"


def test_link_local_addresses_of_the_host(box):
    """What a machine on the LAN learns by multicast DNS; from the host itself as well."""
    (link_local,) = [a.split("/")[0] for a in kernel.addresses(box.host.ns, "inet6")["uplink"] if a.startswith("fe80")]
    for name, flags in (("four", []), ("both", ["--ipv6"])):
        box.docker("network", "create", *flags, name)
        with echo(start(box, f"on-{name}", name, "-p", "8080:80", "-p", "8080:80/udp"), name, 80):
            for protocol in ("tcp", "udp"):
                assert ask_one(box.host.outside, protocol, f"{link_local}%downlink", 8080), (name, protocol)
                assert ask_one(box.host.ns, protocol, f"{link_local}%uplink", 8080), (name, protocol)
        box.docker("rm", "-f", f"on-{name}")


def test_a_port_moves_to_another_address(box):
    """A network that leads out instead of another brings its own address; what stands in the way is the port itself."""
    box.docker("network", "create", "zeta")
    box.docker("network", "create", "-o", OPTION + "host_binding_ipv4=127.0.0.1", "alpha")
    box.docker("network", "create", "-o", OPTION + "host_binding_ipv4=10.99.99.99", "aaa")
    with echo(start(box, "web1", "zeta", "-p", "8080:80"), "web1", 80):
        shown = lambda: [l.replace(":::", "[::]:") for l in box.docker("port", "web1").lines]
        everywhere = ["80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080"]
        box.docker("network", "connect", "alpha", "web1")
        assert shown() == ["80/tcp -> 127.0.0.1:8080"]
        assert ask(box.host.ns, [("tcp", "127.0.0.1", 8080), ("tcp", "::1", 8080)])[1] is None
        box.docker("network", "disconnect", "alpha", "web1")
        assert shown() == everywhere
        assert "cannot assign requested address" in box.refused("network", "connect", "aaa", "web1")
        assert shown() == everywhere, "what was given up for it is back"
        assert all(ask(box.host.ns, [("tcp", a, 8080) for a in ("127.0.0.1", "::1", box.host.ADDRESS)]))


def test_iptables_switched_off_and_on_again(peer):
    """No half of a firewall stays behind: neither the policy that keeps others from passing, nor ways that only our rules
    made safe."""
    host = Host()
    running = run_daemon(host, peer)
    tables = lambda: host.run("nft", "list", "tables").lines
    try:
        box = World(host, next(running), default_client())
        with echo(start(box, "web1", "bridge", "-p", "8080:80"), "web1", 80), \
                machine(host.ns, "beyond", "backlink", ["10.79.0.2/24"], ["10.79.0.1/24"]) as beyond:
            kernel.inside(beyond, "ip", "route", "add", "default", "via", "10.79.0.2")
            host.run_outside("ip", "route", "add", "10.79.0.0/24", "via", host.ADDRESS)
            passes = lambda: ask_one(host.outside, "icmp", "10.79.0.1", 0) == "pong"
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
