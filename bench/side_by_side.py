#!/usr/bin/env python3
"""fairleadd beside Debian's dockerd: the same runc, the same image, each in a namespace of its own, in one run, interleaved.

Prints a Markdown table; `--write NAME` keeps it as bench/results/NAME.md. Needs root. Ends with 1 when a target is missed.
"""
import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import kernel, programs  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.host import Host, sweep  # noqa: E402
from harness.rawapi import Api  # noqa: E402
from harness.shell import run  # noqa: E402
from harness.world import World  # noqa: E402

MODES = ("bridge", "host", "none")
CROWD = 20
# What issue "the main job" asks for: our figure is at most this part of the peer's.
TARGETS = {"create, bridge": 1 / 4, "start, bridge": 1 / 4, "idle RSS": 1 / 8, "RSS per container": 1 / 3}


class Side:
    def __init__(self, peer, client):
        self.host = Host()
        self.daemon = Daemon(self.host, peer)
        self.world = World(self.host, self.daemon, client)
        self.samples = {}

    def up(self):
        self.daemon.start()
        self.daemon.import_busybox(self.world.client)
        self.api = Api(self.daemon.socket)

    def down(self):
        if self.daemon.process:
            try:
                self.world.clear()
            finally:
                self.daemon.stop()
        self.host.remove()

    def timed(self, what, action):
        began = time.perf_counter()
        result = action()
        self.samples.setdefault(what, []).append((time.perf_counter() - began) * 1000)
        return result

    def call(self, method, path, body=None, expected=(200, 201, 204)):
        status, answer = self.api.call(method, path, body)
        assert status in expected, f"{self.daemon.peer}: {method} {path}: {status} {answer}"
        return answer

    def one_life(self, mode):
        spec = {"Image": "busybox", "Cmd": ["sleep", "600"], "HostConfig": {"NetworkMode": mode}}
        made = self.timed(f"create, {mode}", lambda: self.call("POST", "/containers/create", spec))["Id"]
        self.timed(f"start, {mode}", lambda: self.call("POST", f"/containers/{made}/start"))
        self.timed(f"rm -f, {mode}", lambda: self.call("DELETE", f"/containers/{made}?force=1&v=1"))

    def one_client_run(self):
        made = self.timed("`docker run -d`, bridge", lambda: self.world.docker("run", "-d", "busybox", "sleep", "600")).out
        self.call("DELETE", f"/containers/{made}?force=1&v=1")

    def one_exec(self, container):
        self.timed("`docker exec`", lambda: self.world.docker("exec", container, "true"))

    def memory(self, pids, key):
        return sum(_rollup(pid, key) for pid in pids)


def _rollup(pid, key):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith(key + ":")) / 1024


def measure_times(sides, rounds):
    for side in sides:  # once unmeasured: caches fill
        for mode in MODES:
            side.one_life(mode)
        side.samples.clear()
    for _ in range(rounds):
        for mode in MODES:
            for side in sides:
                side.one_life(mode)
        for side in sides:
            side.one_client_run()
    for side in sides:
        side.call("GET", "/_ping")
        for _ in range(rounds * 5):
            side.timed("list, none running", lambda: side.call("GET", "/containers/json"))


def measure_memory(sides):
    rows = {}
    for side in sides:
        own = side.daemon.own_processes()
        for key, name in (("Rss", "RSS"), ("Pss", "PSS")):
            rows.setdefault(f"idle {name}", []).append(side.memory(own, key))
    return rows


def measure_crowd(sides):
    rows = {}
    for side in sides:
        for i in range(CROWD):
            side.world.docker("run", "-d", "--name", f"crowd{i}", "busybox", "sleep", "600")
        for _ in range(CROWD):
            side.timed(f"list, {CROWD} running", lambda: side.call("GET", "/containers/json"))
            side.one_exec("crowd0")
        own = side.daemon.own_processes()
        keepers = [p for p in kernel.processes(str(side.daemon.exec_root)) if p not in own]
        for key, name in (("Rss", "RSS"), ("Pss", "PSS")):
            rows.setdefault(f"{name} per container", []).append(side.memory(keepers, key) / CROWD)
            rows.setdefault(f"daemon {name}, {CROWD} running", []).append(side.memory(own, key))
        side.world.clear()
    return rows


def keep(lines, name):
    """Prints the table; under a name it stays as bench/results/NAME.md."""
    print("\n".join(lines))
    if name:
        (ROOT / "bench" / "results" / f"{name}.md").write_text("\n".join(lines) + "\n")


def p99(values):
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


def table(sides, memory):
    theirs, ours = sides
    yield "| what | dockerd, median / p99 | fairleadd, median / p99 | ratio | target | |"
    yield "|---|---|---|---|---|---|"
    for what in sorted(theirs.samples):
        a, b = theirs.samples[what], ours.samples[what]
        yield _row(what + ", ms", what, statistics.median(a), statistics.median(b), f" / {p99(a):.1f}", f" / {p99(b):.1f}")
    for what, (a, b) in memory.items():
        yield _row(what + ", MiB", what, a, b)


def _row(label, what, a, b, more_a="", more_b=""):
    target = TARGETS.get(what)
    verdict = "" if target is None else "pass" if b <= a * target else "**FAIL**"
    return f"| {label} | {a:.1f}{more_a} | {b:.1f}{more_b} | {b / a:.2f} | {f'≤ {target:.3f}' if target else ''} | {verdict} |"


def headline(rounds):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    runc = run("runc", "--version", check=False).lines[:1] or ["no runc"]
    return [f"# fairleadd beside dockerd, {time.strftime('%Y-%m-%d')}", "",
            f"{os.cpu_count()} × {cpu}, kernel {platform.release()}; {runc[0]}; {rounds} rounds, interleaved, one kept-alive connection each.",
            f"dockerd {run(programs.peer_root() / 'usr/sbin/dockerd', '--version').out.split(',')[0].split()[-1]} with its containerd; "
            f"load before the run {os.getloadavg()[0]:.1f}.", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--write", metavar="NAME", help="keep the table as bench/results/NAME.md")
    parser.add_argument("--against", default="fairlead", choices=["fairlead", "dockerd"], help="dockerd: the peer beside itself, to see the noise")
    args = parser.parse_args()
    sweep()
    text = headline(args.rounds)
    client = next(iter(programs.clients().values()))
    sides = []
    try:
        for peer in ("dockerd", args.against):
            sides.append(Side(peer, client))
            sides[-1].up()
        time.sleep(2)
        memory = measure_memory(sides)
        measure_times(sides, args.rounds)
        memory |= measure_crowd(sides)
    finally:
        for side in sides:
            side.down()
    text += table(sides, memory)
    keep(text, args.write)
    return 1 if any("FAIL" in line for line in text) else 0


if __name__ == "__main__":
    sys.exit(main())
