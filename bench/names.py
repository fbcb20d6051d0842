#!/usr/bin/env python3
"""Names per second from inside a container: fairleadd beside Debian's dockerd, the same image, one run, interleaved.

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

# (what, name, outstanding, what issue 3 asks of the ratio). `*` becomes a number, so that no cache can answer.
LINES = [("container names", "other", 1, 2.0), ("container names", "other", 20, None),
         ("outside names, each new", "n*.example", 1, 2.0), ("outside names, each new", "n*.example", 20, None)]


class Side:
    def __init__(self, peer, client, program):
        self.host = Host()
        self.outside = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.host.outside}", program, "server", self.host.OUTSIDE])
        self.daemon = Daemon(self.host, peer)
        self.world = World(self.host, self.daemon, client)
        self.rates, self.medians, self.lost = {}, {}, 0

    def up(self):
        self.daemon.start()
        self.daemon.import_busybox(self.world.client)
        self.world.docker("network", "create", "names")
        for name in ("asker", "other"):
            self.world.docker("run", "-d", "--name", name, "--network", "names", "--dns", self.host.OUTSIDE, "busybox", "sleep", "3600")
        self.pid = self.world.pid("asker")

    def measure(self, program, name, outstanding, seconds):
        said = run("nsenter", f"--net=/proc/{self.pid}/ns/net", program, "client", name, outstanding, seconds).out
        rate, median, lost = re.match(r"(\d+) per second, ([\d.]+) µs median, .* (\d+) lost", said).groups()
        self.rates.setdefault((name, outstanding), []).append(int(rate))
        self.medians.setdefault((name, outstanding), []).append(float(median))
        self.lost += int(lost)

    def down(self):
        try:
            if self.daemon.process:
                self.world.clear()
                self.daemon.stop()
        finally:
            self.outside.kill()
            self.outside.wait()
            self.host.remove()


def table(theirs, ours):
    missed = []
    yield "| what | outstanding | dockerd, per second (µs median) | fairleadd, per second (µs median) | ratio | target | |"
    yield "|---|---|---|---|---|---|---|"
    for what, name, outstanding, target in LINES:
        key = (name, outstanding)
        a, b = statistics.median(theirs.rates[key]), statistics.median(ours.rates[key])
        verdict = "" if target is None else "pass" if b >= a * target else "**FAIL**"
        if "FAIL" in verdict:
            missed.append(what)
        yield (f"| {what} | {outstanding} | {a:.0f} ({statistics.median(theirs.medians[key]):.1f}) | {b:.0f} ({statistics.median(ours.medians[key]):.1f}) "
               f"| {b / a:.2f} | {f'≥ {target:.0f}' if target else ''} | {verdict} |")
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
    client = next(iter(programs.clients().values()))
    sides = []
    try:
        for peer in ("dockerd", "fairlead"):
            sides.append(Side(peer, client, given.program))
            sides[-1].up()
        for _ in range(given.rounds):
            for _, name, outstanding, _ in LINES:
                for side in sides:
                    side.measure(given.program, name, outstanding, given.seconds)
        lines = [f"# Names: fairleadd beside dockerd, {time.strftime('%Y-%m-%d')}", "",
                 f"{os.cpu_count()} processors, kernel {platform.release()}; {given.rounds} rounds of {given.seconds} s, interleaved, medians; load at the end {os.getloadavg()[0]:.1f}.", "",
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
