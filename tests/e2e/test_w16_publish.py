"""W16: published ports: from another machine, from the host's own addresses, from localhost, from the container itself
and from a container on another network through the host's address; conflicts are refused and leave nothing behind."""
import json
import re
import socket
import time

import pytest
from harness import kernel, leaks
from harness.programs import ours
from harness.rawapi import Api
from harness.reach import PYTHON, UdpClient, ask, ask_one, echo, socket_in
from harness.shell import run


def start(world, name, *flags, network="bridge"):
    world.docker("run", "-d", "--name", name, "--network", network, *flags, "busybox", "sleep", "600")
    return world.pid(name)


def fairlead(world, *args, **kw):
    return run(ours("fairlead"), *args[:1], "-H", world.daemon.url, *args[1:], **kw)


def test_w16_by_hand(world):
    """The article's form: a web server of the image's own, by its port on the host."""
    world.docker("run", "-d", "--name", "web1", "-p", "80:8080", "busybox", "sh", "-c",
                 "echo works > /tmp/index.html; httpd -f -p 8080 -h /tmp")
    fetch = ["curl", "-s", "--max-time", "2"]
    kernel.wait_for(lambda: world.host.run(*fetch, "http://10.77.0.2/", check=False).out == "works")
    assert world.host.run_outside(*fetch, "http://10.77.0.2/").out == "works"
    assert world.host.run(*fetch, "http://127.0.0.1/").out == "works"
    assert [l.replace(":::", "[::]:") for l in world.docker("port", "web1").lines] == ["8080/tcp -> 0.0.0.0:80", "8080/tcp -> [::]:80"]
    assert [l.replace(":::", "[::]:") for l in world.docker("port", "web1", "8080").lines] == ["0.0.0.0:80", "[::]:80"]
    shown = world.docker("ps", "--format", "{{.Ports}}").out
    assert "0.0.0.0:80->8080/tcp" in shown and ":::80->8080/tcp" in shown.replace("[::]", "::")
    assert world.inspect("web1")["NetworkSettings"]["Ports"] == {
        "8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}, {"HostIp": "::", "HostPort": "80"}]}


def test_from_everywhere(box):
    pid = start(box, "web1", "-p", "8080:80", "-p", "8053:53/udp")
    box.docker("network", "create", "other")
    other, same = start(box, "c2", network="other"), start(box, "c3")
    mine, host = box.address("web1", "bridge"), box.host.ADDRESS
    questions = [("tcp", host, 8080), ("udp", host, 8053)]
    with echo(pid, "web1", 80, 53):
        assert ask(box.host.outside, questions) == [f"web1 {box.host.OUTSIDE}"] * 2, "the client's address is kept"
        assert ask(box.host.ns, questions) == [f"web1 {host}"] * 2
        assert ask(box.host.ns, [("tcp", "172.17.0.1", 8080)]) == ["web1 172.17.0.1"]
        for address in ("127.0.0.1", "127.0.0.2", "::1"):
            answers = ask(box.host.ns, [("tcp", address, 8080), ("udp", address, 8053)])
            assert answers == ["web1 172.17.0.1"] * 2, (address, answers)
        assert ask(other, questions) == [f"web1 {box.address('c2', 'other')}"] * 2
        assert ask(same, questions) == ["web1 172.17.0.1"] * 2
        assert ask(pid, questions) == ["web1 172.17.0.1"] * 2, "hairpin"
        assert ask(pid, [("tcp", mine, 80)]) == [f"web1 {mine}"]


@pytest.mark.parametrize("filtered", ["0", "1"])
@pytest.mark.parametrize("icc", ["true", "false"])
def test_bridge_filter_makes_no_difference(box, filtered, icc):
    """br_netfilter shows bridged packets to the forward chain; a visit to one's own network's published port and to
    one's own works with and without, also where containers reach each other by published ports only."""
    for family in ("ip", "ip6"):
        box.host.run("sh", "-c", f"echo {filtered} > /proc/sys/net/bridge/bridge-nf-call-{family}tables")
    box.docker("network", "create", "--ipv6", "--subnet", "fd55::/64", "-o", f"com.docker.network.bridge.enable_icc={icc}", "n1")
    box.docker("network", "create", "n2")
    pid = start(box, "web1", "-p", "8080:80", "-p", "8080:80/udp", "-p", f"{box.host.ADDRESS}:8081:80", network="n1")
    same, other = start(box, "c3", network="n1"), start(box, "c4", network="n2")
    questions = [(protocol, box.host.ADDRESS, port) for protocol, port in (("tcp", 8080), ("udp", 8080), ("tcp", 8081))]
    try:
        with echo(pid, "web1", 80):
            for ns in (pid, same, other, box.host.outside, box.host.ns):
                assert all(ask(ns, questions)), ns
            for ns in (pid, same):
                assert ask(ns, [("tcp", "fd55::1", 8080), ("udp", "fd55::1", 8080)]) == ["web1 fd55::1"] * 2
            assert ask(other, questions) == [f"web1 {box.address('c4', 'n2')}"] * 3, "who comes from elsewhere is seen"
            assert bool(ask_one(same, "tcp", box.address("web1", "n1"), 80)) == (icc == "true")
    finally:
        for family in ("ip", "ip6"):
            box.host.run("sh", "-c", f"echo 1 > /proc/sys/net/bridge/bridge-nf-call-{family}tables")


def test_all_forms(box):
    pid = start(box, "web1", "-p", "127.0.0.1:8081:80", "-p", "127.0.0.1::81", "-p", "8000-8005:8000-8005/udp",
                "-p", "9000-9010:82", "-p", "83", "-p", "[::1]:8084:84", "-P", "--expose", "85", "--expose", "86/udp")
    ports = box.inspect("web1")["NetworkSettings"]["Ports"]
    first, last = map(int, box.host.run("cat", "/proc/sys/net/ipv4/ip_local_port_range").out.split())
    both = lambda number: [{"HostIp": "0.0.0.0", "HostPort": number}, {"HostIp": "::", "HostPort": number}]
    assert ports["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "8081"}]
    assert ports["84/tcp"] == [{"HostIp": "::1", "HostPort": "8084"}]
    assert ports["82/tcp"] == both("9000") and ports["8003/udp"] == both("8003")
    for name in ("81/tcp", "83/tcp", "85/tcp", "86/udp"):
        assert first <= int(ports[name][0]["HostPort"]) <= last
    with echo(pid, "web1", 80, 81, 82, 83, 84, 85, 86, *range(8000, 8006)):
        for name, places in ports.items():
            number, protocol = name.split("/")
            for place in places:
                address = {"0.0.0.0": box.host.ADDRESS, "::": "::1"}.get(place["HostIp"], place["HostIp"])
                assert ask_one(box.host.ns, protocol, address, place["HostPort"]), (name, place)
        assert ask(box.host.outside, [("tcp", box.host.ADDRESS, 8081), ("tcp", box.host.ADDRESS, 8084)]) == [None, None]


def test_conflicts_leave_nothing_behind(box):
    start(box, "web1", "-p", "8080:80")
    before = leaks.snapshot(box.daemon)
    said = box.refused("run", "-d", "--name", "web2", "-p", "8079-8081:79-81", "busybox", "sleep", "9", code=125)
    assert re.search(r"failed to set up container networking: driver failed programming external connectivity on endpoint "
                     r"web2 \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8080 failed: port is already allocated", said), said
    assert box.inspect("web2")["State"]["Status"] == "created"
    box.docker("rm", "web2")
    leaks.assert_none(box.daemon, before)
    # Now a program of the host has one in the middle.
    with echo(box.host.ns, "somebody", 9001):
        said = box.refused("run", "-d", "--name", "web3", "-p", "9000-9002:80-82", "busybox", "sleep", "9", code=125)
        assert "failed to bind host port 0.0.0.0:9001/tcp: address already in use" in said, said
        box.docker("rm", "web3")
        leaks.assert_none(box.daemon, before)
        start(box, "web4", "-p", "9000-9002:80")  # one of a range: the first that is free
        start(box, "web5", "-p", "9000-9002:80")
        assert box.docker("port", "web4").lines[0] == "80/tcp -> 0.0.0.0:9000"
        assert box.docker("port", "web5").lines[0] == "80/tcp -> 0.0.0.0:9002"
        box.docker("rm", "-f", "web4", "web5")
    leaks.assert_none(box.daemon, before)
    assert ":9000 " not in box.host.run("ss", "-ltun").out


def test_the_host_finds_the_port_taken(box):
    start(box, "web1", "-p", "8080:80", "-p", "8053:53/udp")
    binds = "import socket, sys; s = socket.socket(type=int(sys.argv[1])); s.setsockopt(1, 2, int(s.type == 1)); s.bind(('', int(sys.argv[2]))); s.listen() if s.type == 1 else 0"
    for kind, port in ((1, 8080), (2, 8053)):
        assert "Address already in use" in box.host.run(PYTHON, "-c", binds, kind, port, check=False).err
    box.docker("rm", "-f", "web1")
    for kind, port in ((1, 8080), (2, 8053)):
        box.host.run(PYTHON, "-c", binds, kind, port)


def test_publish_and_unpublish_a_running_container(box):
    pid = start(box, "web1", "-p", "8080:80")
    with echo(pid, "web1", 80, 81):
        assert ask_one(box.host.outside, "tcp", box.host.ADDRESS, 8081) is None
        assert fairlead(box, "publish", "web1", "8081:81", "127.0.0.1:8082:81/udp").lines == [
            "80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080", "81/tcp -> 0.0.0.0:8081", "81/tcp -> [::]:8081",
            "81/udp -> 127.0.0.1:8082"]
        assert ask_one(box.host.outside, "tcp", box.host.ADDRESS, 8081)
        assert ask_one(box.host.ns, "udp", "127.0.0.1", 8082)
        box.docker("restart", "-t", "0", "web1")
    with echo(box.pid("web1"), "web1", 81):
        assert ask_one(box.host.outside, "tcp", box.host.ADDRESS, 8081), "it is the container's, and outlives a restart"
        fairlead(box, "unpublish", "web1", "81", "81/udp")
        assert ask_one(box.host.outside, "tcp", box.host.ADDRESS, 8081) is None
        assert box.docker("port", "web1").lines == ["80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080"]
    assert "is not published that way" in fairlead(box, "unpublish", "web1", "99", check=False).err
    start(box, "web2")
    said = fairlead(box, "publish", "web2", "8080:80", check=False)
    assert said.code == 1 and "port is already allocated" in said.err
    assert box.docker("port", "web2").out == ""


def test_a_port_that_changes_hands_takes_its_flows_along(box):
    """A UDP client that never stops is served by the new owner of the port at once (moby 53384, 8795)."""
    with UdpClient(box.host.outside) as client:
        for name in ("first", "second"):
            pid = start(box, name, "-p", "8053:53/udp")
            with echo(pid, name, 53):
                kernel.wait_for(lambda: client(box.host.ADDRESS, 8053) == f"{name} {box.host.OUTSIDE}", 3, name)
            box.docker("rm", "-f", name)
            assert client(box.host.ADDRESS, 8053) is None


def test_a_port_that_leads_elsewhere_takes_its_flows_along(box):
    """Published to another port of its container in one request: the UDP client that never stops reaches that one."""
    pid = start(box, "web1", "-p", "8053:53/udp")
    with echo(pid, "old", 53), echo(pid, "new", 54), UdpClient(box.host.outside) as client:
        kernel.wait_for(lambda: client(box.host.ADDRESS, 8053) == f"old {box.host.OUTSIDE}", 3, "the old one")
        change = {"Unpublish": {"53/udp": [{"HostPort": "8053"}]}, "Publish": {"54/udp": [{"HostPort": "8053"}]}}
        api = Api(box.daemon.socket)
        status, answer = api.call("POST", "/fairlead/containers/web1/ports", change)
        api.close()
        assert status == 200, answer
        kernel.wait_for(lambda: client(box.host.ADDRESS, 8053) == f"new {box.host.OUTSIDE}", 3, "the new one")


def test_a_port_leaves_others_of_its_number_alone(box):
    """A container's connection to that port of another machine outlives its publishing, and that one's end."""
    pid = start(box, "c1")
    with socket_in(box.host.outside, socket.SOCK_STREAM) as server, socket_in(pid, socket.SOCK_STREAM) as client:
        server.bind((box.host.OUTSIDE, 8443))
        server.listen()
        client.connect((box.host.OUTSIDE, 8443))
        remote, (seen, _) = server.accept()
        assert seen == box.host.ADDRESS, "masqueraded"

        def goes_on():
            for _ in range(5):
                remote.sendall(b"down")
                assert client.recv(4) == b"down"
                client.sendall(b"up")
                assert remote.recv(2) == b"up"
                time.sleep(0.1)  # flows are forgotten behind the reply's back

        with remote:
            remote.settimeout(2)
            client.settimeout(2)
            goes_on()
            start(box, "web1", "-p", "8443:443")
            goes_on()
            box.docker("rm", "-f", "web1")
            goes_on()


def test_ports_over_a_restart_of_the_daemon(box):
    pid = start(box, "web1", "-p", "8080:80")
    before = box.docker("port", "web1").out
    with echo(pid, "web1", 80):
        box.daemon.kill9()
        assert ask_one(box.host.outside, "tcp", box.host.ADDRESS, 8080), "the kernel needs no daemon"
        box.daemon.start()
        assert ask(box.host.ns, [("tcp", "127.0.0.1", 8080), ("tcp", "::1", 8080)]) == ["web1 172.17.0.1"] * 2
    assert box.docker("port", "web1").out == before
    assert "already allocated" in box.refused("run", "-p", "8080:80", "busybox", "true", code=125)


def test_kernel_and_answers_agree(box):
    box.docker("network", "create", "net1")
    start(box, "web1", "-p", "8080:80", "-p", "8443:443/udp", network="net1")
    table = json.loads(box.host.run("nft", "-j", "list", "map", "inet", "fairlead", "publish4").out)["nftables"]
    elements = next(item["map"]["elem"] for item in table if "map" in item)
    address = box.address("web1", "net1")
    got = {json.dumps([strip(key), value]) for key, value in elements}
    assert got == {json.dumps([{"concat": ["tcp", 8080]}, {"concat": [address, 80]}]),
                   json.dumps([{"concat": ["udp", 8443]}, {"concat": [address, 443]}])}
    comments = [key["elem"]["comment"] for key, _ in elements]
    assert all("net1" in c and "web1" in c and "published port" in c for c in comments), comments


def strip(key):
    return key["elem"]["val"] if "elem" in key else key
