"""What a host holds because of a daemon: taken before and after, the two must be equal."""
import json
import os
import time
from pathlib import Path

from . import kernel

# Our links whose deletion has begun carry this group (src/adapters/linux/mark.h); the kernel takes some 20 ms more.
CONDEMNED = 0x00fa1ead
# One process per daemon keeps sockets over a restart, from the first published port or sandbox with names on.
HOLDER = "holder.sock"

CGROUPS = Path("/sys/fs/cgroup")


def snapshot(daemon):
    return {
        "links": sorted(l["ifname"] for l in kernel.ip(daemon.host.ns, "link") if l.get("group") != str(CONDEMNED)),
        "namespaces": _namespaces(daemon),
        "mounts": [m for m in kernel.mounts_under(f"{daemon.data_root}/", f"{daemon.exec_root}/")
                   if daemon.peer != "dockerd" or "/netns/" not in m],
        "nftables": sorted(json.dumps(item, sort_keys=True) for item in kernel.ruleset(daemon.host.ns)),
        "processes": sorted(line for pid, line in kernel.processes(f"{daemon.exec_root}").items()
                            if pid not in daemon.own_processes() and HOLDER not in line),
        # dockerd leaves sockets and folders behind at each kill; its files say nothing about the tests.
        "exec files": [] if daemon.peer == "dockerd" else
            [f for f in _below(daemon.exec_root, depth=9, files=True) if f != HOLDER],
        "data folders": _below(daemon.data_root, depth=2, files=False),
        "cgroups": _cgroups(daemon.seen_ids),
    }


def difference(before, after):
    """Lines that say what came and what went; empty when nothing did."""
    out = []
    for kind in before:
        old, new = list(before[kind]), list(after[kind])
        for item in list(new):
            if item in old:
                old.remove(item)
                new.remove(item)
        out += [f"left behind, {kind}: {item}" for item in new] + [f"gone, {kind}: {item}" for item in old]
    return out


def assert_none(daemon, before, seconds=15):
    """Teardown may be collected and finish a little later: asks until equal or out of time."""
    end = time.monotonic() + seconds
    while found := difference(before, snapshot(daemon)):
        assert time.monotonic() < end, f"after {seconds} s:\n" + "\n".join(found)
        time.sleep(0.1)


def _namespaces(daemon):
    """Our daemons' pins under /run/netns. Those of all: what another daemon makes meanwhile must be gone as well."""
    if daemon.peer == "dockerd":
        return []  # it collects its own, under exec-root/netns, once a minute
    pins = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return sorted(p for p in pins if p.startswith("fl-"))


def _below(root, depth, files):
    found = []
    for folder, names, plain in os.walk(root):
        level = len(Path(folder).relative_to(root).parts)
        if level >= depth or os.path.ismount(folder) and folder != str(root):
            names.clear()
            continue
        found += [f"{folder}/{name}/" for name in names] + ([f"{folder}/{name}" for name in plain] if files else [])
    return sorted(os.path.relpath(f, root) for f in found)


def _cgroups(ids):
    found = []
    for folder, names, _ in os.walk(CGROUPS):
        found += [f"{folder}/{name}" for name in names if any(i in name for i in ids)]
    return sorted(found)
