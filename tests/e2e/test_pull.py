"""Pulling from a registry: Debian's docker-registry on the host's own loopback."""
import shutil
import socket
import subprocess

import pytest
from harness import kernel

PORT = 5077
NAME = f"127.0.0.1:{PORT}/busybox"


@pytest.fixture(scope="module")
def registry(host):
    """Holds busybox:1 once `fill` was called; ends with the module."""
    for program in ("docker-registry", "skopeo"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    config = host.dir / "registry.yml"
    config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {host.dir}/registry}}}}\n"
                      f"http: {{addr: '127.0.0.1:{PORT}'}}\n")
    with open(host.dir / "registry.log", "wb") as log:
        process = subprocess.Popen(["nsenter", f"--net=/run/netns/{host.ns}", "docker-registry", "serve", str(config)],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        kernel.wait_for(lambda: f":{PORT}" in kernel.inside(host.ns, "ss", "-Hltn").out, 15, "the registry")
        yield host.dir
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def filled(box, registry):
    archive = registry / "busybox.tar"
    if not archive.exists():
        archive.write_bytes(box.docker("save", "busybox", timeout=60).raw_out)
        box.host.run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"docker-archive:{archive}",
                     f"docker://{NAME}:1", timeout=60)
    yield box
    box.docker("rmi", "-f", f"{NAME}:1", check=False)


def test_pull_and_run(filled):
    said = filled.docker("pull", f"{NAME}:1", timeout=60).out
    assert f"Status: Downloaded newer image for {NAME}:1" in said and "Digest: sha256:" in said
    assert filled.docker("run", "--rm", f"{NAME}:1", "echo", "pulled").out == "pulled"
    pulled, own = filled.inspect(f"{NAME}:1", "image"), filled.inspect("busybox", "image")
    assert pulled["RootFS"] == own["RootFS"] and pulled["Config"]["Cmd"] == own["Config"]["Cmd"]
    digest, = [d for d in pulled["RepoDigests"] if d.startswith(NAME)]
    assert digest.split("@")[1] in said
    assert f"Status: Image is up to date for {NAME}:1" in filled.docker("pull", f"{NAME}:1", timeout=60).out
    assert filled.docker("pull", digest, timeout=60).out.endswith(digest)


def test_run_pulls_what_is_missing(filled):
    done = filled.docker("run", "--rm", f"{NAME}:1", "echo", "came", timeout=60)
    assert done.out == "came" and "Unable to find image" in done.err


def test_what_is_not_there(filled):
    said = filled.refused("pull", f"{NAME}:nosuch", timeout=60)
    assert "manifest unknown" in said or "not found" in said
    said = filled.refused("pull", f"127.0.0.1:{PORT}/nosuch:1", timeout=60)
    assert "not found" in said or "unknown" in said or "repository does not exist" in said
    assert "refused" in filled.refused("pull", "127.0.0.1:5078/busybox:1", timeout=60)
    assert filled.docker("images", "-q", "127.0.0.1:*/*").lines == []
