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


def unpacked(name, packages):
    """Debian's packages unpacked below PEERS, never installed: no service of theirs comes up."""
    home = PEERS if name == "root" else PEERS / (name + "-packages")
    root = PEERS / name
    if not (root / "complete").exists():
        home.mkdir(parents=True, exist_ok=True)
        with open(home / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / "complete").exists():
                run("apt-get", "-qq", "download", *packages, cwd=home, timeout=300)
                for package in home.glob("*.deb"):
                    run("dpkg-deb", "-x", package, root)
                (root / "complete").touch()
    return root


def peer_root():
    return unpacked("root", ["docker.io", "containerd", "tini"])


def compose():
    """(argv, environment) of Debian's docker-compose 1.29 with the Python packages that it stands on."""
    root = unpacked("compose", ["docker-compose", *("python3-" + p for p in (
        "attr", "cached-property", "certifi", "chardet", "charset-normalizer", "distro", "distutils", "docker", "dockerpty", "docopt",
        "dotenv", "idna", "jsonschema", "lib2to3", "pkg-resources", "pyrsistent", "requests", "six", "texttable", "urllib3", "websocket", "yaml"))])
    return ["/usr/bin/python3", root / "usr/bin/docker-compose"], {"PYTHONPATH": str(root / "usr/lib/python3/dist-packages")}


def clients():
    """{name: program} of the stock clients: the one on PATH and Debian's 20.10."""
    found = {}
    installed = os.environ.get("DOCKER") or shutil.which("docker")
    if installed:
        found["docker-" + run(installed, "--version").out.split()[2].rstrip(",")] = installed
    old = peer_root() / "usr/bin/docker"
    found.setdefault("docker-" + run(old, "--version").out.split()[2].split("+")[0], str(old))
    return found
