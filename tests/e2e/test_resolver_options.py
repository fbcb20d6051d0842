"""What `--dns`, `--dns-search`, `--dns-option`, `--add-host` and `--link-local-ip` lead to on a user-defined network, as a program inside meets it."""
import socket

import pytest
from harness import kernel, names


@pytest.fixture
def net(box, outside):
    box.docker("network", "create", "--subnet", "172.25.0.0/24", "--ipv6", "--subnet", "fd00:25::/64", "net")
    return box


def start(box, name, *options):
    box.docker("run", "-d", "--name", name, "--net", "net", "--dns", box.host.OUTSIDE, *options, "busybox", "sleep", "600")


def resolved(box, container, name):
    """The address that the container's own libc finds for a name."""
    said = box.docker("exec", container, "ping", "-4", "-c", "1", "-W", "1", name, check=False).out
    return said.split("(")[1].split(")")[0] if "(" in said else None


def test_search_domains_and_ndots(net, outside):
    start(net, "other")
    start(net, "plain", "--dns-search", "example")
    start(net, "dotted", "--dns-search", "example", "--dns-option", "ndots:2")
    assert net.exec("plain", "cat /etc/resolv.conf").lines == ["nameserver 127.0.0.11", "search example", "options ndots:0"]
    assert net.exec("dotted", "cat /etc/resolv.conf").lines == ["nameserver 127.0.0.11", "search example", "options ndots:2"]
    for asker in ("plain", "dotted"):
        assert resolved(net, asker, "a") == "192.0.2.7", "by the search domain"
        assert resolved(net, asker, "other") == net.address("other", "net")
    # With ndots:0 a name is asked as it is first, and one that is here is never asked outside; with ndots:2 the other way round.
    assert outside.times("other") == 0 and outside.times("other.example") == 1
    assert resolved(net, "dotted", "a.example") == "192.0.2.7" and outside.times("a.example.example") == 1


def test_search_domain_that_is_the_network(net):
    """`--dns-search NETWORK`: NAME.NETWORK is a name here."""
    start(net, "other")
    start(net, "asker", "--dns-search", "net", "--dns-option", "ndots:1")
    assert resolved(net, "asker", "other") == net.address("other", "net")
    assert names.ask(net.pid("asker"), "other.net").data == [net.address("other", "net")]


def test_host_gateway(net):
    """The name leads to the host itself: what listens there on every address is reached."""
    start(net, "asker", "--add-host", "host.docker.internal:host-gateway")
    with names.thread_in(net.host.ns):
        listener = socket.create_server(("0.0.0.0", 7070))
    with listener:
        net.docker("exec", "-d", "asker", "nc", "host.docker.internal", "7070")
        listener.settimeout(10)
        connection, (source, _) = listener.accept()
        connection.close()
    assert source == net.address("asker", "net")


def test_link_local_addresses(net):
    start(net, "keeper")
    net.docker("run", "-d", "--name", "local", "busybox", "sleep", "600")
    net.docker("network", "connect", "--link-local-ip", "169.254.7.7", "--link-local-ip", "fe80::77", "net", "local")
    assert net.endpoint("local", "net")["IPAMConfig"]["LinkLocalIPs"] == ["169.254.7.7", "fe80::77"]
    for _ in range(2):
        pid = net.pid("local")
        interface = next(n for n, a in kernel.addresses(pid).items() if "169.254.7.7/16" in a)
        assert f"{net.address('local', 'net')}/24" in kernel.addresses(pid)[interface]
        assert "fe80::77/64" in kernel.addresses(pid, "inet6")[interface]
        assert " 0% packet loss" in net.exec("keeper", "ping -c 1 -W 2 -I eth0 fe80::77").out
        # Names lead to the network's addresses alone.
        assert names.ask(net.pid("keeper"), "local").data == [net.address("local", "net")]
        net.docker("restart", "-t", "0", "local")
    net.docker("create", "--name", "late", "busybox")
    assert "invalid link-local IP address: 10.0.0.1" in net.refused("network", "connect", "--link-local-ip", "10.0.0.1", "net", "late")


def test_several_servers_outside(net, outside):
    """The first does not answer: the next one does, and local names wait for neither."""
    net.docker("run", "-d", "--name", "asker", "--net", "net", "--dns", "10.77.0.77", "--dns", net.host.OUTSIDE, "busybox", "sleep", "600")
    assert names.ask(net.pid("asker"), "a.example", seconds=3).data == ["192.0.2.7"]
    assert names.ask(net.pid("asker"), "asker", seconds=0.5).found
