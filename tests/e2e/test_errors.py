"""What a user does wrong is refused in Docker's words (28.2.2; where 20.10 speaks otherwise both are given)."""
import pytest
from harness.rawapi import Api

CONFLICTS = [
    (["-h", "x"], "conflicting options: hostname and the network mode"),
    (["--dns", "10.0.0.1"], "conflicting options: dns and the network mode"),
    (["--add-host", "a:1.2.3.4"], "conflicting options: custom host-to-IP mapping and the network mode"),
    (["-p", "80:80"], "conflicting options: port publishing and the container type network mode"),
    (["-P"], "conflicting options: port publishing and the container type network mode"),
    (["--expose", "80"], "conflicting options: port exposing and the container type network mode"),
    (["--link", "target:t"], "conflicting options: container type network can't be used with links. This would result in undefined behavior"),
]


@pytest.mark.parametrize("options, text", CONFLICTS, ids=[c[0][0] for c in CONFLICTS])
def test_container_mode_conflicts(box, options, text):
    box.docker("run", "-d", "--name", "target", "busybox", "sleep", "600")
    assert text in box.refused("run", "--rm", "--net", "container:target", *options, "busybox", "true", code=125)
    assert box.docker("ps", "-aq").lines == [box.inspect("target")["Id"][:12]]


def test_container_mode_targets(box):
    box.docker("create", "--name", "bbox08", "busybox", "true")
    box.docker("start", "-a", "bbox08")
    said = box.refused("run", "--name", "joiner", "--net", "container:bbox08", "busybox", "true")
    assert ("cannot join network namespace of a non running container: container bbox08 is exited" if box.ours
            else "cannot join network of a non running container") in said
    box.docker("rm", "-f", "joiner")
    assert "No such container: nosuch" in box.refused("run", "--rm", "--net", "container:nosuch", "busybox", "true")
    if box.ours:
        api = Api(box.daemon.socket, "v1.51")
        status, body = api.call("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"NetworkMode": "container:"}})
        assert (status, body["message"]) == (400, "invalid network mode: invalid container format container:<name|id>")
        api.close()
    box.docker("create", "--name", "self", "--net", "container:self", "busybox", check=False)
    if box.ours:
        assert "cannot join own network namespace" in box.refused("start", "self")


def test_unknown_network(box):
    said = box.refused("run", "--rm", "--net", "nosuch", "busybox", "true")
    assert "network nosuch not found" in said
    assert "network nosuch not found" in box.refused("network", "inspect", "nosuch").replace("No such network: nosuch", "network nosuch not found")


def test_static_address_on_the_default_bridge(box):
    said = box.refused("run", "--rm", "--ip", "172.17.0.77", "busybox", "true")
    assert "user specified IP address is supported on user defined networks only" in said


def test_host_mode_discards_ports(box):
    done = box.docker("run", "--rm", "--net", "host", "-p", "80:80", "busybox", "true")
    assert "ublished ports are discarded when using host network mode" in done.err


def test_no_such_container(box):
    for command in (["start"], ["stop"], ["kill"], ["rm"], ["logs"], ["wait"], ["restart"], ["attach"], ["port"], ["rename", "nosuch", "x"], ["exec", "nosuch", "true"]):
        args = command if "nosuch" in command else [*command, "nosuch"]
        assert "No such container: nosuch" in box.refused(*args), args


def test_exec_in_a_stopped_container(box):
    box.docker("run", "--name", "done", "busybox", "true")
    said = box.refused("exec", "done", "true")
    assert "is not running" in said
    assert "annot attach to a stopped container, start it first" in box.refused("attach", "done")


def test_status_codes(box):
    box.docker("run", "-d", "--name", "up", "busybox", "sleep", "600")
    api = Api(box.daemon.socket)
    for method, path, body, status in (
            ("POST", "/containers/up/start", None, 304), ("DELETE", "/containers/up", None, 409),
            ("GET", "/containers/nosuch/json", None, 404), ("GET", "/images/nosuch/json", None, 404),
            ("POST", "/containers/create", {"Image": "nosuch"}, 404), ("GET", "/networks/nosuch", None, 404),
            ("POST", "/containers/create?name=up", {"Image": "busybox"}, 409), ("GET", "/nosuchpage", None, 404),
            ("GET", "/containers/json?filters=nojson", None, 400), ("GET", "/containers/json?filters=%7B%22nosuch%22:%5B%22x%22%5D%7D", None, 400),
            ("POST", "/containers/up/stop?t=0", None, 204), ("POST", "/containers/up/stop", None, 304),
            ("POST", "/containers/up/kill", None, 409), ("DELETE", "/containers/up", None, 204)):
        got, answer = api.call(method, path, body)
        if path.endswith("=nojson") and not box.ours:
            status = 500  # 20.10; 28 calls it the client's mistake
        assert got == status, (method, path, got, answer)
        if status >= 400:
            assert answer["message"], (method, path, answer)
    api.close()


def test_versions_too_old_and_too_new(box):
    for version, word in (("v1.1", "too old. Minimum supported API version is "), ("v1.99", "too new. Maximum supported API version is ")):
        api = Api(box.daemon.socket, version)
        status, body = api.call("GET", "/containers/json")
        assert status == 400 and f"client version {version[1:]} is {word}" in (body if isinstance(body, str) else body["message"])
        api.close()


def test_ping_info_and_version(world):
    version = world.docker("version", "--format", "{{.Server.Version}} {{.Server.APIVersion}} {{.Server.Os}}").out.split()
    assert version[2] == "linux" and float(version[1].split(".")[1]) >= 41
    info = world.docker("info", "--format", "{{.Containers}} {{.Images}} {{.OSType}} {{.LoggingDriver}}").out.split()
    assert info[0] == "0" and int(info[1]) >= 1 and info[2:] == ["linux", "json-file"]
