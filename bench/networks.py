#!/usr/bin/env python3
"""Networks of fairleadd beside Debian's dockerd: create, connect, disconnect, remove, over the API, in one run, interleaved.

Prints a Markdown table; `--write NAME` keeps it as bench/results/NAME.md. Needs root. Ends with 1 when a target is missed.
"""
import argparse
import sys
import time

import side_by_side
from harness import programs
from harness.host import sweep
from side_by_side import Side, headline, keep, table

STEPS = ("network create", "connect", "disconnect", "network remove")
# What issue "networks and names" asks for: our median is at most this part of the peer's.
TARGETS = {step: 1 / 15 for step in STEPS} | {step + f", {side_by_side.CROWD} networks there": 1 / 15 for step in STEPS}


class NetworkSide(Side):
    def up(self):
        super().up()
        made = self.call("POST", "/containers/create?name=subject", {"Image": "busybox", "Cmd": ["sleep", "3600"]})["Id"]
        self.call("POST", f"/containers/{made}/start")

    def one_life(self, number, note=""):
        name = f"bench{number}"
        spec = {"Name": name, "CheckDuplicate": True, "Driver": "bridge", "IPAM": {"Config": [{"Subnet": f"10.200.{number % 250}.0/24"}]}}
        ends = {"Container": "subject"}
        self.timed("network create" + note, lambda: self.call("POST", "/networks/create", spec))
        self.timed("connect" + note, lambda: self.call("POST", f"/networks/{name}/connect", ends))
        self.timed("disconnect" + note, lambda: self.call("POST", f"/networks/{name}/disconnect", ends))
        self.timed("network remove" + note, lambda: self.call("DELETE", f"/networks/{name}"))

    def crowd(self, count):
        for i in range(count):
            self.call("POST", "/networks/create", {"Name": f"crowd{i}", "IPAM": {"Config": [{"Subnet": f"10.201.{i}.0/24"}]}})


def measure(sides, rounds):
    for side in sides:  # once unmeasured: caches fill
        side.one_life(0)
        side.samples.clear()
    for note in ("", f", {side_by_side.CROWD} networks there"):
        for number in range(1, rounds + 1):
            for side in sides:
                side.one_life(number, note)
        if not note:
            for side in sides:
                side.crowd(side_by_side.CROWD)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--write", metavar="NAME", help="keep the table as bench/results/NAME.md")
    parser.add_argument("--against", default="fairlead", choices=["fairlead", "dockerd"], help="dockerd: the peer beside itself, to see the noise")
    args = parser.parse_args()
    sweep()
    side_by_side.TARGETS = TARGETS
    text = headline(args.rounds)
    text[0] = f"# Networks: fairleadd beside dockerd, {time.strftime('%Y-%m-%d')}"
    client = next(iter(programs.clients().values()))
    sides = []
    try:
        for peer in ("dockerd", args.against):
            sides.append(NetworkSide(peer, client))
            sides[-1].up()
        time.sleep(2)
        measure(sides, args.rounds)
    finally:
        for side in sides:
            side.down()
    text += table(sides, {})
    keep(text, args.write)
    return 1 if any("FAIL" in line for line in text) else 0


if __name__ == "__main__":
    sys.exit(main())
