"""What `dig` is answered by a sandbox's name server, letter by letter: compared with dig_transcripts.txt.

FAIRLEAD_GOLDEN=write writes the file anew, for the diff to be read.
"""
import difflib
import itertools
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import kernel, names

KEPT = Path(__file__).with_name("dig_transcripts.txt")
CROWD = 33  # addresses under one alias: more than 512 bytes hold, fewer than 1232

# (who asks, what): `asker` knows an outside server, `inner` is on an internal network and knows none.
TRANSCRIPTS = [
    ("asker", "web A"),
    ("asker", "web.front A"),
    ("asker", "WEB-ID A"),
    ("asker", "www A"),
    ("asker", "twin A"),
    ("asker", "twin AAAA"),
    ("asker", "web AAAA"),
    ("asker", "web MX"),
    ("asker", "twin ANY"),
    ("asker", "wEb.fRoNt A"),
    ("asker", "web A +noedns"),
    ("asker", "web A +norecurse"),
    ("asker", "web A +cdflag +dnssec"),
    ("asker", "web A +edns=1 +noednsneg"),
    ("asker", "web CH TXT"),
    ("asker", "-x 172.25.0.10"),
    ("asker", "-x fd00:26::10"),
    ("asker", "-x 172.25.0.200"),
    ("asker", "web A +tcp"),
    ("asker", "crowd A +bufsize=512 +ignore"),
    ("asker", "crowd A +noedns +ignore"),
    ("asker", "crowd A +bufsize=512"),
    ("asker", "crowd A +bufsize=1232"),
    ("asker", "crowd A +bufsize=65535"),
    ("asker", "a.example A"),
    ("asker", "nosuch A"),
    ("asker", "big.example A +bufsize=512 +ignore"),
    ("inner", "alone A"),
    ("inner", "nosuch A"),
    ("inner", "web A"),
    ("inner", "a.example A"),
    ("inner", "-x 172.25.0.10"),
]


@pytest.fixture
def scene(box, outside):
    if not box.ours:
        pytest.skip("the transcripts are ours")
    box.docker("network", "create", "--subnet", "172.25.0.0/24", "--ip-range", "172.25.0.64/26", "front")
    box.docker("network", "create", "--subnet", "172.26.0.0/24", "--ipv6", "--subnet", "fd00:26::/64", "dual")
    box.docker("network", "create", "--internal", "--subnet", "172.27.0.0/24", "inside")
    start(box, "asker", "front", "--dns", box.host.OUTSIDE)
    box.docker("network", "connect", "dual", "asker")
    start(box, "web", "front", "--ip", "172.25.0.10", "--network-alias", "www")
    start(box, "twin", "dual", "--ip", "172.26.0.10", "--ip6", "fd00:26::10")
    start(box, "inner", "inside", "--ip", "172.27.0.10")
    start(box, "alone", "inside", "--ip", "172.27.0.11")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: start(box, f"crowd{i}", "front", "--network-alias", "crowd"), range(CROWD)))
    return box


def start(box, name, network, *options):
    box.docker("run", "-d", "--name", name, "--net", network, *options, "busybox", "sleep", "600")


def dig(pid, line):
    return kernel.inside(pid, "dig", "@127.0.0.11", "+tries=1", "+time=5", *line.split()).out


def test_transcripts(scene):
    ids = {"WEB-ID": scene.inspect("web")["Id"][:12]}
    members = {c["IPv4Address"].split("/")[0] for c in scene.network("front")["Containers"].values() if c["Name"].startswith("crowd")}
    pids = {name: scene.pid(name) for name in ("asker", "inner")}
    rotation(pids["asker"], members)
    said = []
    for who, line in TRANSCRIPTS:
        asked = line
        for word, ident in ids.items():
            asked = asked.replace(word, ident)
        answer = dig(pids[who], asked)
        for word, ident in ids.items():
            answer = answer.replace(ident, word)
        said.append(f"{who}$ dig {line}\n{still(answer, members)}\n")
    text = "\n".join(said)
    if os.environ.get("FAIRLEAD_GOLDEN") == "write":
        KEPT.write_text(text)
    kept = KEPT.read_text()
    assert text == kept, "\n".join(difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "said", lineterm=""))


def still(answer, members):
    """Without what changes from run to run: ids, times, and which of a crowd has which address."""
    lines = []
    for line in answer.splitlines():
        if not line or line.startswith(("; <<>> DiG", ";; global options", ";; Query time", ";; WHEN")):
            continue
        line = re.sub(r"\bid: \d+", "id: ID", line)
        if line.split()[-1] in members:
            line = line.replace(line.split()[-1], "ONE-OF-THE-CROWD")
        lines.append(line)
    return "\n".join(line if count == 1 else f"{line} ({count} times)" for line, count in runs(lines))


def runs(lines):
    return ((line, len(list(group))) for line, group in itertools.groupby(lines))


def rotation(pid, members):
    """Each of the crowd comes first in turn, and no address is lost or doubled on the way."""
    firsts = []
    for _ in range(CROWD):
        answer = names.ask(pid, "crowd", tcp=True).data
        assert len(answer) == CROWD and set(answer) == members
        firsts.append(answer[0])
    assert set(firsts) == members
