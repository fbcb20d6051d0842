#!/usr/bin/env python3
"""Round trips between two macvlan containers, beside the same two programs at the ends of a bare veth, in one run, interleaved.

Usage: modes.py BENCH_STREAM [-n N] [--write NAME]
BENCH_STREAM is the program that `cmake --build build/X --target bench_stream` makes. Needs root. Prints Markdown.
"""
import argparse
import os
import statistics
import sys
import time
from contextlib import ExitStack

from ports import PortSide, row
from side_by_side import headline, keep
from harness import programs
from harness.host import sweep
from harness.shell import run

MOST = 1.05  # what issue 5 asks of a macvlan's round trip to a bare veth's
PORT = 7000


class Pair:
    """Two namespaces joined by one veth."""
    ENDS = ("bench-near", "bench-far")

    def __enter__(self):
        near, far = self.ENDS
        for ns in self.ENDS:
            run("ip", "netns", "add", ns)
        run("ip", "-n", near, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", far)
        for number, ns in enumerate(self.ENDS, 1):
            for line in ("link set lo up", "link set eth0 up", f"addr add 10.9.8.{number}/24 dev eth0"):
                run("ip", "-n", ns, *line.split())
        return self

    def __exit__(self, *_):
        for ns in self.ENDS:
            run("ip", "netns", "del", ns, check=False)


def macvlan(side, name):
    spec = {"Image": "busybox", "Cmd": ["sleep", "3600"], "HostConfig": {"NetworkMode": "lan"}}
    made = side.call("POST", f"/containers/create?name={name}", spec)["Id"]
    side.call("POST", f"/containers/{made}/start")
    seen = side.call("GET", f"/containers/{name}/json")
    return seen["State"]["Pid"], seen["NetworkSettings"]["Networks"]["lan"]["IPAddress"]


def measure(side, args, pair):
    side.call("POST", "/networks/create", {"Name": "lan", "Driver": "macvlan", "Options": {"parent": "uplink", "macvlan_mode": "bridge"},
                                           "IPAM": {"Config": [{"Subnet": "10.9.9.0/24"}]}})
    near, _ = macvlan(side, "near")
    far, address = macvlan(side, "far")
    ways = {"bare veth": (*pair.ENDS, "10.9.8.2"), "macvlan, bridge mode": (near, far, address)}
    with ExitStack() as servers:
        for _, far, _ in ways.values():
            servers.enter_context(side.serving_in(far, args.program, PORT))
        for turn in range(args.rounds):
            for what, (near, _, address) in list(ways.items())[::1 if turn % 2 else -1]:
                for kind in ("rtt", "connect", "bulk"):
                    side.client(f"{kind}, {what}", near, args.program, kind, address, PORT)
    for kind, name, form in (("rtt", "round trips a second", "{:.0f}"), ("connect", "requests a second (connect, ask, close)", "{:.0f}"),
                             ("bulk", "one stream, Gb/s", "{:.1f}")):
        bare, ours = (statistics.median(side.samples[f"{kind}, {what}"]) for what in ways)
        good = bare / ours <= MOST if kind == "rtt" else None
        yield row(name, f"{form.format(bare)} / {form.format(ours)}", f"{bare / ours:.3f}", f"≤ {MOST}" if kind == "rtt" else "", good)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--write", metavar="NAME")
    args = parser.parse_args()
    args.program = os.path.abspath(args.program)
    sweep()
    text = headline(args.rounds)
    text[0] = f"# macvlan beside a bare veth, {time.strftime('%Y-%m-%d')}"
    text += [f"`bench/modes.py BENCH_STREAM -n {args.rounds}`; bare veth / macvlan, container to container", "",
             "| what | value | ratio | target | |", "|---|---|---|---|---|"]
    side = PortSide("fairlead", next(iter(programs.clients().values())))
    try:
        side.up()
        with Pair() as pair:
            text += measure(side, args, pair)
    finally:
        side.down()
    keep(text, args.write)


if __name__ == "__main__":
    sys.exit(main())
