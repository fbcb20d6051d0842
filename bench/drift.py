#!/usr/bin/env python3
"""What another program takes from fairleadd's host, and how long a published port is out of reach until it is put back.

A client outside asks the port over new connections all the while. Measured to the first answer after the last question
that went unanswered: from the start of the command, which holds the kernel's lock for a good part of its own time, and
from its return. Prints a Markdown table; `--write NAME` keeps it as bench/results/NAME.md. Needs root. Ends with 1 when
the median from the return misses the target.
"""
import argparse
import os
import re
import statistics
import sys
import time

import side_by_side
from harness import kernel, programs, reach
from harness.host import sweep
from harness.recovery import Knocker
from side_by_side import keep

PORT = 18080
TARGET = 100  # ms
ACTS = {
    "ip link del docker0": ("ip", "link", "del", "docker0"),
    "ip link set docker0 down": ("ip", "link", "set", "docker0", "down"),
    "ip link set vethX nomaster": ("ip", "link", "set", "{port}", "nomaster"),
    "ip link del vethX": ("ip", "link", "del", "{port}"),
    "ip addr del 172.17.0.1/16": ("ip", "addr", "del", "172.17.0.1/16", "dev", "docker0"),
    "ip route del 172.17.0.0/16": ("ip", "route", "del", "172.17.0.0/16"),
    "ip_forward=0": ("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"),
    "nft delete table inet fairlead": ("nft", "delete", "table", "inet", "fairlead"),
    "nft flush ruleset": ("nft", "flush", "ruleset"),
}


def up(side, crowd):
    side.up()
    side.world.docker("run", "-d", "--name", "c1", "-p", f"{PORT}:80", "busybox", "sleep", "3600")
    for i in range(crowd):
        side.world.docker("run", "-d", "--name", f"crowd{i}", "busybox", "sleep", "3600")


def port_of(side):
    inside = kernel.link(side.world.pid("c1"), "eth0")
    return next(l["ifname"] for l in kernel.ip(side.host.ns, "link") if l["ifindex"] == inside["link_index"])


def hurt(side, knocker, act):
    """Milliseconds to the service's return, from the command's start and from its end, and those that the daemon says its
    repair took; None when the kernel refused."""
    logged = len(side.daemon.log())
    command = [word.format(port=port_of(side)) for word in ACTS[act]]
    began = time.monotonic()
    if side.host.run(*command, check=False).code:
        return None
    ended = time.monotonic()
    back = knocker.back_after(began, 5)
    time.sleep(0.6)  # past the spacing of repairs
    said = re.findall(r"steps of repair took (\d+) ms", side.daemon.log()[logged:])
    assert said, f"no repair after {act}"
    return back * 1000, max(0, began + back - ended) * 1000 if back else 0, int(said[0])


def row(act, samples):
    if None in samples:
        return f"| {act} | refused: the table has an owner | | | | pass |"
    starts, ends, repairs = (sorted(column) for column in zip(*samples))
    median = statistics.median
    return (f"| {act} | {median(starts):.0f} / {starts[-1]:.0f} | {median(ends):.0f} / {ends[-1]:.0f} | {median(repairs):.0f} "
            f"| ≤ {TARGET} | {'pass' if median(ends) <= TARGET else 'FAIL'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--crowd", type=int, default=0, help="so many more containers on the bridge")
    parser.add_argument("--write", metavar="NAME", help="keep the table as bench/results/NAME.md")
    args = parser.parse_args()
    sweep()
    text = [f"# Self-repair, {time.strftime('%Y-%m-%d')}", "",
            f"Kernel {os.uname().release}, {os.cpu_count()} cores, {args.crowd + 1} containers on the bridge, {args.rounds} rounds; "
            f"load before the run {os.getloadavg()[0]:.1f}.", "",
            "| what another program does | back, ms after it began, median / most | back, ms after it returned, median / most "
            "| repair as logged, ms, median | target | |",
            "|---|---|---|---|---|---|"]
    side = side_by_side.Side("fairlead", next(iter(programs.clients().values())))
    samples = {act: [] for act in ACTS}
    try:
        up(side, args.crowd)
        with reach.echo(side.world.pid("c1"), "c1", 80), Knocker(side.host.outside, side.host.ADDRESS, PORT) as knocker:
            for _ in range(args.rounds):
                for act in ACTS:
                    samples[act].append(hurt(side, knocker, act))
    finally:
        side.down()
    text += [row(act, measured) for act, measured in samples.items()]
    keep(text, args.write)
    return 1 if any("FAIL" in line for line in text) else 0


if __name__ == "__main__":
    sys.exit(main())
