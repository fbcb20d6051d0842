"""What a user does wrong with networks is refused in Docker's words and with Docker's status (28.2.2; 20.10's own where they differ)."""
import re

import pytest
from harness.rawapi import Api

NET, CREATE = "/networks/%s", "/networks/create"


@pytest.fixture
def api(box):
    made = Api(box.daemon.socket, "v1.51" if box.ours else "v1.41")
    yield made
    made.close()


@pytest.fixture
def scene(box, api):
    """my-net with web1 on it; others of every mode; a network that web1 is not on."""
    box.docker("network", "create", "--subnet", "172.30.0.0/24", "my-net")
    box.docker("network", "create", "empty")
    box.docker("run", "-d", "--name", "web1", "--net", "my-net", "--ip", "172.30.0.5", "busybox", "sleep", "600")
    for name, mode in (("on-host", "host"), ("joined", "container:web1"), ("alone", "none"), ("on-bridge", "bridge")):
        box.docker("run", "-d", "--name", name, "--net", mode, "busybox", "sleep", "600")
    return box


def create(name="n", **more):
    return "POST", CREATE, {"Name": name, "CheckDuplicate": True, "Driver": "bridge", **more}


def subnet(text, **more):
    return create(IPAM={"Driver": "default", "Config": [{"Subnet": text, **more}]})


def connect(network, container, **config):
    return "POST", f"/networks/{network}/connect", {"Container": container, "EndpointConfig": config}


def disconnect(network, container):
    return "POST", f"/networks/{network}/disconnect", {"Container": container, "Force": False}


def remove(network):
    return "DELETE", f"/networks/{network}", None


def address(text):
    return {"IPAMConfig": {"IPv4Address": text}}


def run_with(network, ip):
    return "POST", "/containers/create", {"Image": "busybox", "HostConfig": {"NetworkMode": network},
                                          "NetworkingConfig": {"EndpointsConfig": {network: address(ip)}}}


SEVERAL = "container sharing network namespace with another container or host cannot be connected to any other network"
OVERLAP = "Pool overlaps with other one on this address space"
TAKEN = "Address already in use"
PREDEFINED = "operation is not permitted on predefined bridge network "
PRIVATE = "container cannot be connected to multiple networks with one of the networks in private (none) mode"
UD_ONLY = "user specified IP address is supported on user defined networks only"
# id: request, (status, text of 28.2.2), what differs in 20.10 (None: nothing)
CASES = {
    "overlap": (subnet("172.30.0.128/25"), (403, "invalid pool request: " + OVERLAP), (403, OVERLAP)),
    "host-bits": (subnet("10.1.0.1/24"), (400, "invalid network config:\ninvalid subnet 10.1.0.1/24: it should be 10.1.0.0/24"), None),
    "gateway-outside": (subnet("10.1.0.0/24", Gateway="10.2.0.1"), (400, "10.2.0.1"), (500, "10.2.0.1")),
    "rm-in-use": (remove("my-net"), (403, 'error while removing network: network my-net has active endpoints (name:"web1" id:"'), (403, "has active endpoints")),
    "rm-predefined": (remove("bridge"), (403, "bridge is a pre-defined network and cannot be removed"), None),
    "rm-unknown": (remove("nosuch"), (404, "network nosuch not found"), None),
    "create-predefined": (create("bridge"), (403, PREDEFINED), (403, "operation is not permitted on predefined bridge network")),
    "duplicate": (create("my-net"), (409, "network with name my-net already exists"), None),
    "second-host": (create(Driver="host"), (403, 'only one instance of "host" network is allowed'), None),
    "second-null": (create(Driver="null"), (403, 'only one instance of "null" network is allowed'), None),
    "unknown-driver": (create(Driver="x"), (404, 'plugin "x" not found'), None),
    "overlay-alone": (create(Driver="overlay"), (503, 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'), (500, "This node is not a swarm manager.")),
    "connect-unknown": (connect("nosuch", "web1"), (404, "network nosuch not found"), None),
    "disconnect-unknown": (disconnect("nosuch", "web1"), (404, "network nosuch not found"), None),
    "connect-no-container": (connect("empty", "nosuch"), (404, "No such container: nosuch"), None),
    "connect-host": (connect("host", "web1"), (400, "cannot connect container to host network - container must be created in host network mode"), (400, "container cannot be disconnected from host network or connected to host network")),
    "connect-none": (connect("none", "web1"), (400, PRIVATE), None),
    "connect-from-none": (connect("empty", "alone"), (400, PRIVATE), None),
    "connect-from-joined": (connect("empty", "joined"), (400, SEVERAL), None),
    "connect-from-host": (connect("empty", "on-host"), (400, SEVERAL), None),
    "connected-already": (connect("my-net", "web1"), (403, "endpoint with name web1 already exists in network my-net"), None),
    "not-connected": (disconnect("empty", "web1"), (500, "container ID is not connected to network empty"), (500, "ID is not connected to")),
    "static-on-bridge": (run_with("bridge", "172.17.0.77"), (400, "invalid config for network bridge: invalid endpoint settings:\n" + UD_ONLY), None),
    "static-outside": (run_with("my-net", "172.31.9.9"), (400, "invalid config for network my-net: invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 172.31.9.9"), None),
    "connect-outside": (connect("my-net", "on-bridge", **address("172.31.9.9")), (400, "no configured subnet or ip-range contain the IP address 172.31.9.9"), (500, "Invalid address 172.31.9.9")),
    "connect-taken": (connect("my-net", "on-bridge", **address("172.30.0.5")), (403, TAKEN), None),
    "connect-no-subnet": (connect("empty", "on-bridge", **address("172.18.0.9")), (400, "user specified IP address is supported only when connecting to networks with user configured subnets"), None),
}
# 20.10 looks at an address when the container starts, takes host bits, and leaves a ghost behind for an address that is taken.
NOT_IN_20_10 = {"static-on-bridge", "static-outside", "host-bits", "connect-taken", "connect-outside"}


def test_refusals(scene, api):
    web1, before, wrong = scene.inspect("web1")["Id"], inventory(scene), []
    for case, ((method, path, body), expected, old) in CASES.items():
        if not scene.ours and case in NOT_IN_20_10:
            continue
        status, text = expected if scene.ours else old or expected
        got, answer = api.call(method, path, body)
        message = str((answer or {}).get("message")).replace(web1, "ID")
        if got != status or text not in message:
            wrong.append(f"{case}: {got} {message!r}, not {status} {text!r}")
        if (now := inventory(scene)) != before:
            wrong.append(f"{case}: changed {before} to {now}")
            before = now
    assert not wrong, "\n".join(wrong)


def inventory(box):
    wired = {n: sorted(box.inspect(n)["NetworkSettings"]["Networks"]) for n in box.docker("ps", "-a", "--format", "{{.Names}}").lines}
    return sorted(box.docker("network", "ls", "--format", "{{.Name}}").lines), wired


def test_pools_used_up(box):
    """Every default pool is given, then the refusal; in our words also how many there are and what gives more."""
    for i in range(40):
        done = box.docker("network", "create", f"pool{i}", check=False)
        if done.code:
            break
    assert i in range(25, 33), (i, done.err)
    if box.ours:
        assert "all predefined address pools have been fully subnetted" in done.err
        assert "default-address-pool" in done.err and re.search(rf"\b({i}|{i + 1})\b", done.err), done.err
    else:
        assert "could not find an available, non-overlapping IPv4 address pool among the defaults" in done.err
    box.docker("network", "rm", "pool3")
    box.docker("network", "create", "again")


def test_unknown_options_are_kept_and_named(box, api):
    status, answer = api.call(*create("n", Options={"com.docker.network.bridge.nosuch": "1"}))
    assert status == 201
    assert box.network("n")["Options"] == {"com.docker.network.bridge.nosuch": "1"}
    if not box.ours:
        return
    assert answer["Warning"] == 'option "com.docker.network.bridge.nosuch" is not known to the bridge driver and has no effect'
    box.docker("network", "rm", "n")
    box.docker("network", "create", "-o", "com.example.foo=bar", "n")
    assert "enable_icc" in box.refused("network", "create", "-o", "com.docker.network.bridge.enable_icc=perhaps", "m")


@pytest.mark.parametrize("body", ["", "{", "[]", '{"Name":5}', '{"Name":"n","IPAM":{"Config":"x"}}', '{"Name":"n","IPAM":{"Config":[{"Subnet":7}]}}', '{"Name":""}',
                                  '{"Name":"n","Options":[]}', '{"Name":"n","IPAM":{"Config":[{"IPRange":"172.30.0.0/24"}]}}'])
def test_malformed_requests(box, api, body):
    status, answer = api.call("POST", CREATE, body)
    if box.ours or status != 201:
        assert 400 <= status < (500 if box.ours else 600) and answer["message"]
    assert box.daemon.answers()
    assert api.call("POST", "/networks/bridge/connect", body)[0] in range(400, 600)


def test_a_network_without_a_name(box, api):
    for name in ("", "  "):
        status, answer = api.call(*create(name))
        assert status == 400 if box.ours else status >= 400, (name, status)
    assert sorted(box.docker("network", "ls", "--format", "{{.Name}}").lines) == ["bridge", "host", "none"]
