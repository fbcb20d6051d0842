"""`docker network create` with every flag of the bridge driver, and `ls`, `inspect`, `prune` with their filters."""
import json
import socket

import pytest
from harness import kernel, names, wiring

OPTION = "com.docker.network.bridge."


def run_on(box, network, name="inside", *options):
    box.docker("run", "-d", "--name", name, "--net", network, *options, "busybox", "sleep", "600")
    return box.pid(name)


def test_bridge_name_mtu_and_interface_prefix(box):
    box.docker("network", "create", "-o", OPTION + "name=named0", "-o", "com.docker.network.driver.mtu=1400",
               "-o", "com.docker.network.container_iface_prefix=lan", "n")
    assert kernel.link(box.host.ns, "named0")["linkinfo"]["info_kind"] == "bridge"
    pid = run_on(box, "n")
    assert kernel.link(pid, "lan0")["mtu"] == 1400
    wiring.check(box, "inside")
    box.docker("rm", "-f", "inside")
    box.docker("network", "rm", "n")
    assert "named0" not in [l["ifname"] for l in kernel.ip(box.host.ns, "link")]


def test_without_masquerade(box):
    """Packets leave under the container's own address: the outside, which has no way back, sees it."""
    box.docker("network", "create", "--subnet", "172.30.0.0/24", "-o", OPTION + "enable_ip_masquerade=false", "bare")
    run_on(box, "bare")
    assert box.docker("exec", "inside", "ping", "-c", "1", "-W", "1", box.host.OUTSIDE, check=False).code == 1
    box.host.run_outside("ip", "route", "add", "172.30.0.0/24", "via", box.host.ADDRESS)
    try:
        assert " 0% packet loss" in box.exec("inside", "ping -c 1 -W 2 " + box.host.OUTSIDE).out
    finally:
        box.host.run_outside("ip", "route", "del", "172.30.0.0/24")


def test_host_ipv4(box):
    """Packets leave under the address asked for."""
    if not box.ours:
        pytest.skip("20.10 has no such option for a network of its own")
    box.host.run("ip", "addr", "add", "10.77.0.9/24", "dev", "uplink")
    try:
        box.docker("network", "create", "-o", "com.docker.network.host_ipv4=10.77.0.9", "n")
        run_on(box, "n")
        with names.thread_in(box.host.outside):
            listener = socket.create_server((box.host.OUTSIDE, 7000))
        with listener:
            box.docker("exec", "-d", "inside", "nc", box.host.OUTSIDE, "7000")
            listener.settimeout(10)
            connection, (source, _) = listener.accept()
            connection.close()
        assert source == "10.77.0.9"
    finally:
        box.host.run("ip", "addr", "del", "10.77.0.9/24", "dev", "uplink")


def test_labels_attachable_internal(box):
    box.docker("network", "create", "--label", "tier=front", "--label", "bare", "--attachable", "--internal", "n")
    network = box.network("n")
    assert network["Labels"] == {"tier": "front", "bare": ""} and network["Attachable"] and network["Internal"]


def test_list_filters_and_format(box):
    ids = {name: box.docker("network", "create", "--label", f"of={name}", name).out for name in ("alpha", "beta")}
    run_on(box, "alpha")

    def listed(*filters):
        return sorted(box.docker("network", "ls", "--format", "{{.Name}}", *(x for f in filters for x in ("--filter", f))).lines)

    assert listed("type=custom") == ["alpha", "beta"] and listed("type=builtin") == ["bridge", "host", "none"]
    assert listed("name=alp") == ["alpha"] and listed("id=" + ids["beta"][:8]) == ["beta"]
    assert listed("label=of") == ["alpha", "beta"] and listed("label=of=beta") == ["beta"] and listed("label=of=gamma") == []
    assert listed("driver=bridge") == ["alpha", "beta", "bridge"] and listed("driver=null") == ["none"]
    assert listed("scope=local") == ["alpha", "beta", "bridge", "host", "none"] and listed("scope=swarm") == []
    if box.ours:  # 20.10 overlooks the containers here
        assert listed("dangling=true") == ["beta"] and "alpha" in listed("dangling=false")
    assert listed("name=alpha", "name=beta", "label=of=beta") == ["beta"]
    assert box.docker("network", "ls", "-q", "--filter", "name=beta").lines == [ids["beta"][:12]]
    assert box.docker("network", "ls", "-q", "--no-trunc", "--filter", "name=beta").lines == [ids["beta"]]
    assert "nosuch" in box.refused("network", "ls", "--filter", "nosuch=1")


def test_inspect_by_name_id_and_prefix(box):
    made = box.docker("network", "create", "n").out
    for way in ("n", made, made[:12], made[:6]):
        assert box.docker("network", "inspect", "-f", "{{.Name}}", way).out == "n"
    verbose = json.loads(box.docker("network", "inspect", "-v", "n").out)[0]
    assert verbose["Id"] == made


def test_prune(box):
    for name in ("used", "idle", "kept"):
        box.docker("network", "create", *(("--label", "keep") if name == "kept" else ()), name)
    run_on(box, "used")
    box.docker("create", "--name", "made", "--net", "used", "busybox")
    assert box.docker("network", "prune", "-f", "--filter", "label!=keep").lines == ["Deleted Networks:", "idle"]
    assert sorted(box.docker("network", "ls", "--format", "{{.Name}}", "--filter", "type=custom").lines) == ["kept", "used"]
    assert box.docker("network", "prune", "-f").lines == ["Deleted Networks:", "kept"]
    assert box.docker("network", "prune", "-f").lines == []


def test_config_only_and_config_from(box):
    box.docker("network", "create", "--config-only", "--subnet", "172.30.4.0/24", "-o", "com.docker.network.driver.mtu=1300", "--label", "a=b", "template")
    template = box.network("template")
    assert template["ConfigOnly"] and [l for l in kernel.ip(box.host.ns, "link") if l["ifname"] == wiring.bridge_name(template)] == []
    assert box.refused("run", "--rm", "--net", "template", "busybox", "true")
    box.docker("network", "create", "--config-from", "template", "real")
    real = box.network("real")
    assert real["ConfigFrom"] == {"Network": "template"} and real["IPAM"]["Config"][0]["Subnet"] == "172.30.4.0/24"
    pid = run_on(box, "real")
    assert kernel.link(pid, "eth0")["mtu"] == 1300 and kernel.addresses(pid)["eth0"] == ["172.30.4.2/24"]
    assert box.refused("network", "rm", "template")
    box.docker("rm", "-f", "inside")
    assert box.docker("network", "rm", "real", "template").lines == ["real", "template"]


def test_several_networks_at_create_in_the_order_asked(box):
    """The long form too; interfaces follow the request and stay so over a restart."""
    if not box.ours:
        pytest.skip("20.10 takes one network at create")
    for i, name in enumerate(("zed", "abc", "mid")):
        box.docker("network", "create", "--subnet", f"172.30.{i}.0/24", name)
    box.docker("run", "-d", "--name", "many", "--net", "name=zed,ip=172.30.0.7,alias=z1,alias=z2", "--net", "abc",
               "--net", "name=mid,mac-address=02:aa:bb:cc:dd:ee,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1",
               "busybox", "sleep", "600")
    for _ in range(2):
        wiring.check(box, "many")
        pid = box.pid("many")
        live = kernel.addresses(pid)
        assert live["eth0"] == ["172.30.0.7/24"] and live["eth1"][0].startswith("172.30.1.") and live["eth2"][0].startswith("172.30.2.")
        assert kernel.link(pid, "eth2")["address"] == "02:aa:bb:cc:dd:ee"
        assert kernel.sysctl(pid, "net/ipv4/conf/eth2/log_martians") == "1"
        box.docker("restart", "-t", "0", "many")
    assert {"z1", "z2"} <= set(box.endpoint("many", "zed")["Aliases"])


def test_interface_name_asked_for(box):
    if not box.ours:
        pytest.skip("endpoint.ifname came with Docker 28")
    box.docker("network", "create", "n")
    box.docker("run", "-d", "--name", "inside", "--net", "name=n,driver-opt=com.docker.network.endpoint.ifname=wan", "busybox", "sleep", "600")
    assert wiring.interfaces(box, "inside") == ["wan"]
    box.docker("network", "connect", "bridge", "inside")
    wiring.check(box, "inside")
