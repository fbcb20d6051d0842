"""W22: Debian's docker-compose 1.29: two networks, aliases, up, scale, down. Both families, published ports."""
import pytest
from harness import kernel, leaks, names, programs, wiring
from harness.shell import run

FILE = """
version: "3.7"
services:
  web:
    image: busybox
    command: sh -c "mkdir -p /srv; hostname > /srv/index.html; exec httpd -f -p 80 -h /srv"
    stop_grace_period: 0s
    networks:
      front: {aliases: [www]}
      back: {aliases: [app]}
  db:
    image: busybox
    command: sleep 600
    stop_grace_period: 0s
    networks:
      back: {ipv4_address: 172.30.7.20, aliases: [database, storage]}
  visitor:
    image: busybox
    command: sleep 600
    stop_grace_period: 0s
    depends_on: [web]
    networks: [front]
networks:
  front:
    labels: {purpose: test}
  back:
    internal: true
    ipam: {config: [{subnet: 172.30.7.0/24}]}
"""


# The form in which compose 1.29 takes IPv6 networks.
BOTH_FAMILIES = """
version: "2.4"
services:
  web:
    image: busybox
    command: sh -c "mkdir -p /srv; echo works > /srv/index.html; exec httpd -f -p 80 -h /srv"
    stop_grace_period: 0s
    ports: ["8088:80", "127.0.0.1::81/udp"]
    networks:
      front: {aliases: [www], ipv4_address: 172.30.8.20, ipv6_address: "fd30:8::20"}
      back: {}
networks:
  front:
    enable_ipv6: true
    ipam: {config: [{subnet: 172.30.8.0/24}, {subnet: "fd30:8::/64"}]}
  back:
    enable_ipv6: true
    ipam: {config: [{subnet: 172.30.9.0/24}, {subnet: "fd30:9::/64"}]}
"""


@pytest.fixture
def text():
    return FILE


@pytest.fixture
def project(box, text):
    folder = box.host.dir / "shop"
    folder.mkdir(exist_ok=True)
    (folder / "docker-compose.yml").write_text(text)
    argv, env = programs.compose()

    def compose(*args):
        return run(*argv, *args, env={**box.env, **env}, cwd=folder, timeout=120)

    yield compose
    compose("down", "-t", "0")


def test_w22_two_networks_up_scale_down(box, project):
    box.docker("run", "--rm", "busybox", "true")  # what the first container makes for good is not a leak
    kernel.wait_for(lambda: not box.docker("ps", "-aq").lines)
    before = leaks.snapshot(box.daemon)
    project("up", "-d")
    web, db, visitor = (container(box, service) for service in ("web", "db", "visitor"))
    assert sorted(wiring.check(box, web, internal=["shop_back"])) == ["shop_back", "shop_front"]
    assert list(wiring.check(box, visitor)) == ["shop_front"]
    assert box.address(db, "shop_back") == "172.30.7.20"
    assert box.network("shop_front")["Labels"]["purpose"] == "test"

    assert box.exec(visitor, "wget -q -O - http://www/").out == box.docker("exec", web, "hostname").out
    for asker, name, network, target in ((visitor, "web", "shop_front", web), (visitor, "www", "shop_front", web),
                                         (db, "app", "shop_back", web), (db, "web", "shop_back", web),
                                         (web, "database", "shop_back", db), (web, "storage", "shop_back", db), (web, "db", "shop_back", db)):
        assert names.ask(box.pid(asker), name).data == [box.address(target, network)], (asker, name)
    assert box.docker("exec", db, "ping", "-c", "1", "-W", "1", box.address(visitor, "shop_front"), check=False).code != 0

    for count in (3, 1, 2):
        project("up", "-d", "-t", "0", "--scale", f"web={count}")
        found = names.ask(box.pid(visitor), "www").data
        assert len(found) == count and set(found) == {box.address(c, "shop_front") for c in containers(box, "web")}
    project("restart", "-t", "0")
    assert len(names.ask(box.pid(container(box, "visitor")), "www").data) == 2
    assert project("ps", "-q").lines
    project("down", "-t", "0")
    assert box.docker("ps", "-aq").lines == [] and box.docker("network", "ls", "-q", "--filter", "type=custom").lines == []
    leaks.assert_none(box.daemon, before)


def test_w22_up_again_changes_nothing(box, project):
    project("up", "-d")
    ids = box.docker("ps", "-q").lines
    project("up", "-d")
    assert box.docker("ps", "-q").lines == ids


@pytest.mark.parametrize("text", [BOTH_FAMILIES], ids=["both-families"])
def test_w22_published_in_both_families(box, project, text):
    box.host.run("ip", "addr", "replace", "fd77::2/64", "dev", "uplink", "nodad")
    box.host.run_outside("ip", "addr", "replace", "fd77::1/64", "dev", "downlink", "nodad")
    box.docker("run", "--rm", "busybox", "true")
    kernel.wait_for(lambda: not box.docker("ps", "-aq").lines)
    before = leaks.snapshot(box.daemon)
    project("up", "-d")
    web = container(box, "web")
    fetch = ("curl", "-s", "--max-time", "2")
    kernel.wait_for(lambda: box.host.run(*fetch, "http://10.77.0.2:8088/", check=False).out == "works")
    for url in ("10.77.0.2", "[fd77::2]"):
        assert box.host.run_outside(*fetch, f"http://{url}:8088/").out == "works"
    for url in ("127.0.0.1:8088", "[::1]:8088", "172.30.8.20", "[fd30:8::20]"):
        assert box.host.run(*fetch, f"http://{url}/").out == "works"
    assert names.ask(box.pid(web), "www", "AAAA").data == ["fd30:8::20"]
    assert project("port", "web", "80").out == "0.0.0.0:8088"
    assert project("port", "--protocol=udp", "web", "81").out.startswith("127.0.0.1:")
    project("down", "-t", "0")
    leaks.assert_none(box.daemon, before)
    assert ":8088" not in box.host.run("ss", "-Hltn").out


def containers(box, service):
    return box.docker("ps", "--filter", f"label=com.docker.compose.service={service}", "--format", "{{.Names}}").lines


def container(box, service):
    return containers(box, service)[0]
