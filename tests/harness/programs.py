"""Where the programs are: ours, the stock clients, and the peer that the tests are proved against."""
import fcntl
import os
import shutil
from pathlib import Path

from .shell import run

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("FAIRLEAD_PEERS", ROOT / "build" / "peers"))


def ours(name):
    """`fairleadd` or `fairlead`: FAIRLEADD/FAIRLEAD in the environment, else the first build that has it."""
    given = os.environ.get(name.upper())
    if given:
        return Path(given)
    places = [ROOT / "build" / kind / "bin" / name for kind in ("check", "release", "dev")]
    return next((p for p in places if p.exists()), places[0])


def peer_root():
    """Debian's docker.io, containerd and tini unpacked, never installed: no service of theirs comes up."""
    root = PEERS / "root"
    if not (root / "complete").exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        with open(PEERS / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / "complete").exists():
                run("apt-get", "-qq", "download", "docker.io", "containerd", "tini", cwd=PEERS, timeout=300)
                for package in PEERS.glob("*.deb"):
                    run("dpkg-deb", "-x", package, root)
                (root / "complete").touch()
    return root


def clients():
    """{name: program} of the stock clients: the one on PATH and Debian's 20.10."""
    found = {}
    installed = os.environ.get("DOCKER") or shutil.which("docker")
    if installed:
        found["docker-" + run(installed, "--version").out.split()[2].rstrip(",")] = installed
    old = peer_root() / "usr/bin/docker"
    found.setdefault("docker-" + run(old, "--version").out.split()[2].split("+")[0], str(old))
    return found
