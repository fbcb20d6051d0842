#!/usr/bin/env python3
"""Names per second from inside a container: fairleadd beside Debian's dockerd and a bare UDP echo, the same image, one run, interleaved.

Usage: names.py BENCH_DNS [--rounds N] [--seconds S] [--write NAME]; BENCH_DNS is the program that `cmake --build build/X --target bench_dns` makes.
Prints a Markdown table; `--write NAME` keeps it as bench/results/NAME.md. Needs root. Ends with 1 when a target is missed.
"""
import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import programs  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.host import Host, sweep  # noqa: E402
from harness.shell import run  # noqa: E402
from harness.world import World  # noqa: E402

ECHO_PORT, ECHOES = 5300, [("other", 1), ("other", 20), ("dnsperf", 20)]
# (what, name, outstanding, what issue 3 asks of the ratio to dockerd, and to the echo). `*` becomes a number, so that no cache can answer.
LINES = [("container names", "other", 1, 2, None), ("container names", "other", 20, None, 0.75),
         ("container names, by dnsperf", "dnsperf", 20, None, None),
         ("outside names, each new", "n*.example", 1, 2, None), ("outside names, each new", "n*.example", 20, None, None)]


class Side:
    def __init__(self, peer, client, program):
        self.host, self.program = Host(), program
        self.outside = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.host.outside}", program, "server", self.host.OUTSIDE])
        self.daemon = Daemon(self.host, peer)
        self.world = World(self.host, self.daemon, client)
        self.echo, self.rates, self.medians, self.lost = None, {}, {}, 0

    def up(self):
        self.daemon.start()
        self.daemon.import_busybox(self.world.client)
        self.world.docker("network", "create", "names")
        for name in ("asker", "other"):
            self.world.docker("run", "-d", "--name", name, "--network", "names", "--dns", self.host.OUTSIDE, "busybox", "sleep", "3600")
        self.pid = self.world.pid("asker")
        self.echo = subprocess.Popen(self.inside(self.program, "echo", ECHO_PORT))

    def inside(self, *argv):
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *map(str, argv)]

    def measure(self, name, outstanding, seconds, port=53):
        if name == "dnsperf":
            return self._measure_dnsperf(outstanding, seconds, port)
        said = run(*self.inside(self.program, "client", name, outstanding, seconds, port)).out
        rate, median, lost = re.match(r"(\d+) per second, ([\d.]+) µs median, .* (\d+) lost", said).groups()
        self._keep((name, outstanding, port), rate, median)
        self.lost += int(lost)

    def _measure_dnsperf(self, outstanding, seconds, port):
        asked = self.host.dir / "asked"
        asked.write_text("other A\n")
        said = run(*self.inside("dnsperf", "-s", "127.0.0.11", "-p", port, "-d", asked, "-c", 1, "-T", 1, "-q", outstanding, "-l", seconds)).out
        rate, latency = (re.search(pattern, said).group(1) for pattern in (r"Queries per second: +([\d.]+)", r"Average Latency \(s\): +([\d.]+)"))
        self._keep(("dnsperf", outstanding, port), rate, float(latency) * 1e6)

    def _keep(self, key, rate, median):
        self.rates.setdefault(key, []).append(float(rate))
        self.medians.setdefault(key, []).append(float(median))

    def said(self, key):
        return f"{statistics.median(self.rates[key]):.0f} ({statistics.median(self.medians[key]):.1f})"

    def down(self):
        try:
            if self.daemon.process:
                self.world.clear()
                self.daemon.stop()
        finally:
            for program in filter(None, (self.echo, self.outside)):
                program.kill()
                program.wait()
            self.host.remove()


def table(theirs, ours):
    missed = []
    yield "| what | outstanding | dockerd | fairleadd | bare echo | to dockerd | to the echo | target | |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for what, name, outstanding, to_peer, to_echo in LINES:
        key, echo = (name, outstanding, 53), ("dnsperf" if name == "dnsperf" else "other", outstanding, ECHO_PORT)
        ratios = [statistics.median(ours.rates[key]) / statistics.median(side.rates[k]) for side, k in ((theirs, key), (ours, echo))]
        wanted = [(f"≥ {least} of {whose}", ratio >= least) for ratio, least, whose in zip(ratios, (to_peer, to_echo), ("dockerd", "the echo")) if least]
        verdict = "" if not wanted else "pass" if all(met for _, met in wanted) else "**FAIL**"
        if "FAIL" in verdict:
            missed.append(f"{what} at {outstanding}")
        yield (f"| {what} | {outstanding} | {theirs.said(key)} | {ours.said(key)} | {ours.said(echo)} | {ratios[0]:.2f} | {ratios[1]:.2f} "
               f"| {', '.join(said for said, _ in wanted)} | {verdict} |")
    yield ""
    yield f"Lost: dockerd {theirs.lost}, fairleadd {ours.lost}. {'Targets missed: ' + ', '.join(missed) if missed else 'Every target is met.'}"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seconds", type=float, default=0.5)
    options.add_argument("--write", metavar="NAME")
    given = options.parse_args()
    sweep()
    load = os.getloadavg()[0]
    client = next(iter(programs.clients().values()))
    sides = []
    try:
        for peer in ("dockerd", "fairlead"):
            sides.append(Side(peer, client, given.program))
            sides[-1].up()
        for _ in range(given.rounds):
            for _, name, outstanding, _, _ in LINES:
                for side in sides:
                    side.measure(name, outstanding, given.seconds)
            for name, outstanding in ECHOES:
                sides[1].measure(name, outstanding, given.seconds, ECHO_PORT)
        lines = [f"# Names: fairleadd beside dockerd and a bare echo, {time.strftime('%Y-%m-%d')}", "",
                 f"`{' '.join(['bench/names.py', 'BENCH_DNS', *sys.argv[2:]])}`", "",
                 f"{os.cpu_count()} processors, kernel {platform.release()}; {given.rounds} rounds of {given.seconds} s, interleaved; answers per second (µs of one at a time), "
                 f"medians; the echo runs in the namespace of fairleadd's asker. Load at the start {load:.1f}, at the end {os.getloadavg()[0]:.1f} (our own).", "",
                 *table(*sides)]
    finally:
        for side in sides:
            side.down()
    print("\n".join(lines))
    if given.write:
        (ROOT / "bench/results" / f"{given.write}.md").write_text("\n".join(lines) + "\n")
    return 1 if any("FAIL" in line for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
