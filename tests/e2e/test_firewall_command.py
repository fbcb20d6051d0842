"""`fairlead firewall`: the live rules in the reader's words, as a table and as JSON."""
import json

import pytest
from harness import kernel
from harness.programs import ours
from harness.reach import ask, echo


def firewall(host, *flags, **kw):
    return host.run(ours("fairlead"), "firewall", *flags, **kw)


@pytest.fixture
def scene(box):
    box.docker("network", "create", "--subnet", "10.71.0.0/24", "left")
    box.docker("network", "create", "--internal", "inner")
    box.docker("run", "-d", "--name", "web1", "--network", "left", "-p", "8080:80", "-p", "127.0.0.1:8053:53/udp", "busybox", "sleep", "600")
    box.docker("run", "-d", "--name", "c2", "busybox", "sleep", "600")
    return box


def test_names_what_a_reader_looks_for(scene):
    lines = [" ".join(line.split()) for line in firewall(scene.host).lines]
    address, bridge = scene.address("web1", "left"), "br-" + scene.network("left")["Id"][:12]
    inner = "br-" + scene.network("inner")["Id"][:12]
    for line in (f"left {bridge} 10.71.0.0/24 yes yes published ports", f"inner {inner} internal yes no nothing",
                 "bridge docker0 172.17.0.0/16 yes yes published ports",
                 f"0.0.0.0:8080/tcp {address}:80 left web1 published port 0", f"127.0.0.1:8053/udp {address}:53 left web1 published port 0",
                 "10.71.0.0/24 the host's address left"):
        assert line in lines, "\n".join(lines)
    assert lines[0].startswith("table inet fairlead: ")


def isolation(host):
    rules = json.loads(firewall(host, "--json").out)["rules"]
    return next(r for r in rules if r["verdict"] == "drop" and r["purpose"].startswith("isolation"))["packets"]


def test_isolation_is_seen_to_count(scene):
    before = isolation(scene.host)
    kernel.inside(scene.pid("c2"), "ping", "-c3", "-i0.2", "-W1", scene.address("web1", "left"), check=False)
    assert isolation(scene.host) == before + 3


def test_connections_of_each_port_are_counted(scene):
    with echo(scene.pid("web1"), "web1", 80):
        for _ in range(3):
            assert ask(scene.host.outside, [("tcp", scene.host.ADDRESS, 8080)]) != [None]
    shown = {p["hostPort"]: p["connections"] for p in json.loads(firewall(scene.host, "--json").out)["ports"]}
    assert shown == {8080: 3, 8053: 0}


def test_json_agrees_with_nft(scene):
    shown = json.loads(firewall(scene.host, "--json").out)
    listed = json.loads(scene.host.run("nft", "-j", "list", "ruleset").out)["nftables"]
    sets = {o["name"]: o.get("elem", []) for item in listed for kind, o in item.items() if kind in ("set", "map")}
    assert {n["bridge"] for n in shown["networks"]} == {e["elem"]["val"] for e in sets["bridges"]}
    ports = {(p["hostAddress"], p["protocol"], p["hostPort"], p["containerAddress"], p["containerPort"]) for p in shown["ports"]}
    every = {("0.0.0.0", *key["elem"]["val"]["concat"], *value["concat"]) for key, value in sets["publish4"]}
    one = {(*key["elem"]["val"]["concat"], *value["concat"]) for key, value in sets["publish_at4"]}
    assert ports == every | one and len(ports) == 2
    rules = [item["rule"] for item in listed if "rule" in item and item["rule"]["table"] == "fairlead"]
    assert len([r for r in shown["rules"] if r["purpose"] != "everything else"]) == len(rules)
    counted = {r.get("comment") for r in rules if any("counter" in e for e in r["expr"])}
    assert counted == {r["purpose"] for r in shown["rules"] if r["packets"] is not None}


def test_others_that_drop_are_named(scene):
    scene.host.run("nft", "-f", "-", input="table ip strict {\n chain FWD {\n type filter hook forward priority 0; policy drop;\n }\n}\n")
    try:
        assert json.loads(firewall(scene.host, "--json").out)["othersDrop"] == ["ip strict FWD"]
        assert "ip strict FWD" in firewall(scene.host).out
    finally:
        scene.host.run("nft", "delete", "table", "ip", "strict")


def test_no_table(host):
    """The world outside has none."""
    done = host.run_outside(ours("fairlead"), "firewall", check=False)
    assert done.code == 1 and "there is no table" in done.err
    host.run_outside("nft", "add", "table", "inet", "fairlead")
    try:
        done = host.run_outside(ours("fairlead"), "firewall", check=False)
        assert done.code == 1 and "not made by fairlead" in done.err
    finally:
        host.run_outside("nft", "delete", "table", "inet", "fairlead")
