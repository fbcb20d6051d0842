#!/usr/bin/env python3
"""Published ports: what one more costs when there are 5,000, and what their clients see, beside Debian's dockerd.

Usage: ports.py BENCH_STREAM [--rounds N] [--containers N] [--ports N] [--write NAME]
BENCH_STREAM is the program that `cmake --build build/X --target bench_stream` makes. Needs root. Prints Markdown.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

import side_by_side
from harness import kernel, programs
from harness.host import sweep
from side_by_side import Side, headline, keep


class PortSide(Side):
    def run(self, name, bindings=(), started=True):
        ports = {f"{inside}/tcp": [{"HostPort": str(outside)}] for outside, inside in bindings}
        spec = {"Image": "busybox", "Cmd": ["sleep", "3600"], "ExposedPorts": {p: {} for p in ports}, "HostConfig": {"PortBindings": ports}}
        made = self.call("POST", f"/containers/create?name={name}", spec)["Id"]
        if started:
            self.call("POST", f"/containers/{made}/start")
        return made

    def timed_start(self, what, name, bindings):
        made = self.run(name, bindings, started=False)
        self.timed(what, lambda: self.call("POST", f"/containers/{made}/start"))
        self.call("DELETE", f"/containers/{made}?force=1&v=1")

    def publish(self, what, outside):
        change = {"80/tcp": [{"HostPort": str(outside)}]}
        self.timed(what, lambda: self.call("POST", "/fairlead/containers/first/ports", {"Publish": change}))
        self.call("POST", "/fairlead/containers/first/ports", {"Unpublish": change})

    def pid(self, name):
        return self.call("GET", f"/containers/{name}/json")["State"]["Pid"]

    def serving(self, name, program, port=80):
        return self.serving_in(self.pid(name), program, port)

    @contextmanager
    def serving_in(self, ns, program, port):
        server = subprocess.Popen(["nsenter", f"--net={kernel.netns_path(ns)}", program, "server", str(port)], stdout=subprocess.PIPE)
        try:
            assert server.stdout.readline() == b"ready\n"
            yield
        finally:
            server.kill()
            server.wait()

    def client(self, what, ns, program, kind, address, port, seconds=0.3):
        rate = float(kernel.inside(ns, program, kind, address, port, seconds).out)
        self.samples.setdefault(what, []).append(rate)


def median(side, what):
    return statistics.median(side.samples[what])


def row(what, value, ratio="", target="", good=None):
    return f"| {what} | {value} | {ratio} | {target} | {'' if good is None else 'pass' if good else '**FAIL**'} |"


def growth(side, few, args):
    """Our own figures with few ports and with many, each pair interleaved; `few` is a daemon that keeps one port."""
    program = args.program
    for each in (side, few):
        each.run("first", [(10000, 80)])
    resident = side.memory(side.daemon.own_processes(), "Rss")
    port = 10001
    began = time.monotonic()
    for n in range(1, args.containers + 1):
        bindings = [(port + i, 80 + i) for i in range(args.ports)]
        port += args.ports
        side.run(f"many{n}", bindings)
    took = time.monotonic() - began
    many = args.containers * args.ports
    last = port - args.ports
    yield row(f"{args.containers} containers with {args.ports} ports each, one after the other", f"{took:.1f} s")
    grown = (side.memory(side.daemon.own_processes(), "Rss") - resident) * 1024 / many
    empty = side.per_container_kib * args.containers / many
    yield row("daemon memory per port, containers included", f"{grown:.2f} KiB")
    yield row("the same less what containers without ports take", f"{grown - empty:.2f} KiB", "", "< 1 KiB", grown - empty < 1)
    yield row("daemon processes", str(len(side.daemon.own_processes())))
    time.sleep(5)  # the kernel is still busy with the neighbours of 500 new links
    for i in range(6 * args.rounds):
        if i == args.rounds:  # what came before filled caches
            for each in (few, side):
                each.samples.clear()
        for each in (few, side) if i % 2 else (side, few):
            each.publish("publish one more", 9000)
    one, other = median(few, "publish one more"), median(side, "publish one more")
    yield row("publish one more, 1 there", f"{one:.2f} ms")
    yield row(f"publish one more, {many} there", f"{other:.2f} ms", f"{other / one:.2f}", "≤ 1.2", other <= one * 1.2)
    with side.serving("first", program), side.serving(f"many{args.containers}", program):
        for _ in range(args.rounds):
            for what, number in (("first", 10000), ("last", last)):
                for kind in ("rtt", "connect"):
                    side.client(f"{kind}, {what} port", side.host.outside, program, kind, side.host.ADDRESS, number)
    for kind, name in (("rtt", "round trips a second"), ("connect", "connections a second")):
        one, other = median(side, f"{kind}, first port"), median(side, f"{kind}, last port")
        yield row(f"{name}, through the first / the {many}th", f"{one:.0f} / {other:.0f}", f"{one / other:.2f}", "≤ 1.05", one <= other * 1.05)
    for i in range(args.rounds):
        side.timed_start("start, no port", f"none{i}", [])
        side.timed_start("start, 200 ports", f"two{i}", [(50000 + k, 1000 + k) for k in range(200)])
    one, other = median(side, "start, no port"), median(side, "start, 200 ports")
    yield row("start without a port / with 200", f"{one:.1f} / {other:.1f} ms", f"{other / one:.2f}", "≤ 1.3", other <= one * 1.3)


def measure_containers(side):
    """What containers without ports take of the daemon."""
    side.run("warm")
    before = side.memory(side.daemon.own_processes(), "Rss")
    for i in range(100):
        side.run(f"plain{i}")
    side.per_container_kib = (side.memory(side.daemon.own_processes(), "Rss") - before) * 1024 / 100
    side.world.clear()


def beside(sides, args):
    theirs, ours = sides
    for side in sides:
        side.run("served", [(8080, 80)])
    for i in range(args.rounds):
        for side in sides:
            side.timed_start("start, one -p", f"one{i}", [(8081, 80)])
    for _ in range(args.rounds):
        for side in sides:
            with side.serving("served", args.program):
                for kind in ("connect", "bulk", "rtt"):
                    for address in ("127.0.0.1", "::1") if side is ours else ("127.0.0.1",):
                        side.client(f"{kind} to {address}", side.host.ns, args.program, kind, address, 8080)
    a, b = median(theirs, "start, one -p"), median(ours, "start, one -p")
    yield row("start with one -p, dockerd / ours", f"{a:.1f} / {b:.1f} ms", f"{b / a:.2f}", "≤ 0.25", b <= a / 4)
    for kind, name, unit in (("connect", "requests a second (connect, ask, close)", ""), ("bulk", "one stream", " Gb/s"), ("rtt", "round trips a second", "")):
        a, b = median(theirs, f"{kind} to 127.0.0.1"), median(ours, f"{kind} to 127.0.0.1")
        form = "{:.1f}" if unit else "{:.0f}"
        target = "≥ 3" if kind != "rtt" else ""
        yield row(f"127.0.0.1: {name}, dockerd's proxy / ours", f"{form.format(a)} / {form.format(b)}{unit}", f"{b / a:.2f}", target,
                  b >= 3 * a if target else None)
        c = median(ours, f"{kind} to ::1")
        yield row(f"[::1]: {name}, ours", f"{form.format(c)}{unit}", f"{c / a:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--containers", type=int, default=500)
    parser.add_argument("--ports", type=int, default=10)
    parser.add_argument("--only", choices=["growth", "beside"])
    parser.add_argument("--write", metavar="NAME")
    args = parser.parse_args()
    args.program = os.path.abspath(args.program)
    sweep()
    text = headline(args.rounds)
    text[0] = f"# Published ports, {time.strftime('%Y-%m-%d')}"
    text += [f"`bench/ports.py BENCH_STREAM -n {args.rounds} --containers {args.containers} --ports {args.ports}`", "",
             "| what | value | ratio | target | |", "|---|---|---|---|---|"]
    client = next(iter(programs.clients().values()))
    if args.only != "beside":
        sides = []
        try:
            for _ in range(2):
                sides.append(PortSide("fairlead", client))
                sides[-1].up()
            measure_containers(sides[0])
            text += growth(*sides, args)
        finally:
            for side in sides:
                side.down()
    if args.only != "growth":
        sides = []
        try:
            for peer in ("dockerd", "fairlead"):
                sides.append(PortSide(peer, client))
                sides[-1].up()
            text += beside(sides, args)
        finally:
            for side in sides:
                side.down()
    keep(text, args.write)


if __name__ == "__main__":
    sys.exit(main())
