"""The live kernel's word, asked in a given network namespace."""
import json
import os
import signal
import time
from pathlib import Path

from .shell import SLOWNESS, run


def netns_path(ns):
    """A namespace given as a pin's name, a path, or a process id."""
    if isinstance(ns, int):
        return f"/proc/{ns}/ns/net"
    return ns if ns.startswith("/") else f"/run/netns/{ns}"


def inside(ns, *argv, **kw):
    # Not `ip netns exec`: that remounts /sys and hides the cgroups.
    return run("nsenter", f"--net={netns_path(ns)}", *argv, **kw)


def ip(ns, *args):
    return json.loads(inside(ns, "ip", "-d", "-j", *args).out or "[]")


def link(ns, name):
    found = [l for l in ip(ns, "link") if l["ifname"] == name]
    assert found, f"no link {name} in {ns}: {[l['ifname'] for l in ip(ns, 'link')]}"
    return found[0]


def addresses(ns, family="inet"):
    """{interface: ["172.17.0.2/16", …]}"""
    return {l["ifname"]: [f"{a['local']}/{a['prefixlen']}" for a in l["addr_info"] if a["family"] == family]
            for l in ip(ns, "addr")}


def sysctl(ns, key):
    return inside(ns, "cat", "/proc/sys/" + key).out


def ruleset(ns):
    """Every nftables object of the namespace as nft's JSON, without what changes by itself."""
    listing = json.loads(inside(ns, "nft", "-j", "-n", "list", "ruleset").out or '{"nftables":[]}')["nftables"]
    return [_still(item) for item in listing if "metainfo" not in item]


def _still(value):
    if isinstance(value, dict):
        return {k: ({} if k == "counter" else _still(v)) for k, v in value.items() if k not in ("handle", "expires", "index")}
    return [_still(v) for v in value] if isinstance(value, list) else value


def mounts_under(*roots):
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return sorted(p for p in points if any(p.startswith(str(r)) for r in roots))


def processes(marker):
    """{pid: command line} of the processes that name `marker` on their command line."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue
            if marker in line:
                found[int(entry)] = line
    return found


def end_process(pid, sig=signal.SIGKILL):
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


def wait_for(condition, seconds=10, what="the condition", every=0.05):
    """Asks again until the answer is true; the last answer is returned."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds * SLOWNESS} s for {what}; the last answer was {value!r}"
        time.sleep(every)
