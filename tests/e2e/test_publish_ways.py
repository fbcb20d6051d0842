"""Published ports whose way is not the usual one: by family, by several networks, by the host's link-local addresses."""
import pytest
from harness import kernel
from harness.reach import ask, ask_one, echo

OPTION = "com.docker.network.bridge."


def start(box, name, network, *flags):
    box.docker("run", "-d", "--name", name, "--network", network, *flags, "busybox", "sleep", "600")
    return box.pid(name)


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
