"""W08: `docker inspect` and `docker network inspect` say what Docker's do."""
import re

from harness import kernel

HEX64 = "[0-9a-f]{64}"


def test_w08_inspect(world):
    walk_w08(world)


def walk_w08(world):
    world.docker("run", "-dit", "--name", "bbox01", "busybox")
    world.docker("run", "-dit", "--name", "bbox02", "--net", "host", "busybox")
    world.docker("run", "-dit", "--name", "bbox03", "--net", "none", "busybox")
    world.docker("run", "-dit", "--name", "bbox04", "--net", "container:bbox01", "busybox")
    check_bridge_container(world)
    check_other_modes(world)
    check_networks(world)
    world.docker("rm", "-f", "bbox04", "bbox03", "bbox02", "bbox01")


def check_bridge_container(world):
    settings = world.inspect("bbox01")["NetworkSettings"]
    ip = kernel.addresses(world.pid("bbox01"))["eth0"][0]
    mac = kernel.link(world.pid("bbox01"), "eth0")["address"]
    bridge = world.network("bridge")
    assert re.fullmatch(HEX64, settings["SandboxID"])
    # The key is a path to the very namespace the process is in.
    assert kernel.inside(settings["SandboxKey"], "readlink", "/proc/self/ns/net").out == \
        kernel.inside(world.pid("bbox01"), "readlink", "/proc/self/ns/net").out
    assert settings["Ports"] == {}
    assert list(settings["Networks"]) == ["bridge"]
    endpoint = settings["Networks"]["bridge"]
    for place in (settings, endpoint):
        assert f"{place['IPAddress']}/{place['IPPrefixLen']}" == ip
        assert place["Gateway"] == "172.17.0.1"
        assert place["MacAddress"] == mac
        assert re.fullmatch(HEX64, place["EndpointID"])
        assert place["GlobalIPv6Address"] == "" and place["GlobalIPv6PrefixLen"] == 0 and place["IPv6Gateway"] == ""
    assert settings["EndpointID"] == endpoint["EndpointID"]
    assert endpoint["NetworkID"] == bridge["Id"]
    for key in ("IPAMConfig", "Links", "Aliases", "DriverOpts") + (("DNSNames", "GwPriority") if world.ours and world.client_is_new else ()):
        assert key in endpoint
    assert settings["Bridge"] == "" and settings["HairpinMode"] is False


def check_other_modes(world):
    host = world.inspect("bbox02")["NetworkSettings"]
    assert list(host["Networks"]) == ["host"] and host["IPAddress"] == "" and host["Ports"] == {}
    assert host["Networks"]["host"]["NetworkID"] == world.network("host")["Id"]
    assert re.fullmatch(HEX64, host["Networks"]["host"]["EndpointID"])
    none = world.inspect("bbox03")["NetworkSettings"]
    assert list(none["Networks"]) == ["none"] and none["IPAddress"] == "" and none["Gateway"] == ""
    joined = world.inspect("bbox04")
    assert joined["HostConfig"]["NetworkMode"] == "container:" + world.inspect("bbox01")["Id"]
    assert joined["NetworkSettings"]["Networks"] == {} and joined["NetworkSettings"]["IPAddress"] == ""


def check_networks(world):
    ids = {name: world.inspect(name)["Id"] for name in ("bbox01", "bbox02", "bbox03", "bbox04")}
    bridge, host, none = (world.network(name) for name in ("bridge", "host", "none"))
    for network, driver in ((bridge, "bridge"), (host, "host"), (none, "null")):
        assert re.fullmatch(HEX64, network["Id"])
        assert (network["Driver"], network["Scope"], network["Internal"], network["Attachable"], network["Ingress"]) == \
            (driver, "local", False, False, False)
        assert network["EnableIPv6"] is False and network["ConfigOnly"] is False and network["ConfigFrom"] == {"Network": ""}
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", network["Created"])
    assert bridge["IPAM"]["Driver"] == "default"
    # 20.10 leaves the gateway out until its first restart; 28 shows it at once.
    gateway = {"Gateway": "172.17.0.1"} if world.ours else {}
    assert bridge["IPAM"]["Config"] == [{"Subnet": "172.17.0.0/16", **gateway}]
    assert bridge["Options"]["com.docker.network.bridge.name"] == "docker0"
    assert bridge["Options"]["com.docker.network.bridge.default_bridge"] == "true"
    assert bridge["Options"]["com.docker.network.bridge.enable_ip_masquerade"] == "true"
    endpoint = world.inspect("bbox01")["NetworkSettings"]["Networks"]["bridge"]
    assert bridge["Containers"] == {ids["bbox01"]: {
        "Name": "bbox01", "EndpointID": endpoint["EndpointID"], "MacAddress": endpoint["MacAddress"],
        "IPv4Address": f"{endpoint['IPAddress']}/{endpoint['IPPrefixLen']}", "IPv6Address": ""}}
    assert list(host["Containers"]) == [ids["bbox02"]] and host["Containers"][ids["bbox02"]]["IPv4Address"] == ""
    assert list(none["Containers"]) == [ids["bbox03"]] and none["Containers"][ids["bbox03"]]["Name"] == "bbox03"
