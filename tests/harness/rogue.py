"""What an attacker next door sends: packets to our loopback addresses, router advertisements, knocks without end."""
import json
import socket
import struct
import subprocess
from contextlib import contextmanager

from . import kernel
from .names import thread_in
from .reach import PYTHON

PREFIX = "2001:db8:bad::"  # what the rogue router advertises


@contextmanager
def machine(host, name, link, own, address):
    """A further machine on a cable of its own to `host` (a namespace); both ends have addresses, prefix lengths included."""
    ns = f"{host}-{name}"
    for command in (["netns", "add", ns], ["-n", ns, "link", "set", "lo", "up"],
                    ["-n", host, "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", ns]):
        kernel.run("ip", *command)
    try:
        for at, device, mine in ((host, link, own), (ns, "eth0", address)):
            for one in mine:
                kernel.inside(at, "ip", "addr", "add", one, "dev", device, *(["nodad"] if ":" in one else []))
            kernel.inside(at, "ip", "link", "set", device, "up")
        yield ns
    finally:
        kernel.run("ip", "netns", "del", ns)


def take_loopback_from(ns, device, gateway):
    """127.0.0.0/8 is no longer the namespace's own: it is sent to the gateway, and answers from there are taken."""
    kernel.inside(ns, "sh", "-c", f"echo 1 > /proc/sys/net/ipv4/conf/{device}/route_localnet")
    kernel.inside(ns, "ip", "-4", "addr", "flush", "dev", "lo")
    kernel.inside(ns, "ip", "route", "add", "127.0.0.0/8", "via", gateway, "dev", device)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(ns, device, bytes_):
    with thread_in(ns):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with s:
        s.bind((device, 0))
        s.send(bytes_)


def advertise_router(ns, device):
    """A router advertisement (RFC 4861, 4.2) of PREFIX/64, good for addresses and as the way to everywhere."""
    source, target = (socket.inet_pton(socket.AF_INET6, a) for a in ("fe80::bad", "ff02::1"))
    mac = bytes.fromhex(kernel.link(ns, device)["address"].replace(":", ""))
    prefix = struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + socket.inet_pton(socket.AF_INET6, PREFIX)
    body = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix + b"\x01\x01" + mac
    pseudo = source + target + struct.pack(">II", len(body), 58)
    body = body[:2] + struct.pack(">H", checksum(pseudo + body)) + body[4:]
    header = struct.pack(">IHBB", 0x60000000, len(body), 58, 255) + source + target
    frame(ns, device, bytes.fromhex("333300000001") + mac + b"\x86\xdd" + header + body)


def taken_from_router(ns):
    """Addresses and routes of the namespace that come from an advertisement."""
    stolen = [f"{a} on {name}" for name, all in kernel.addresses(ns, "inet6").items() for a in all if a.startswith("2001:db8:bad:")]
    return stolen + [json.dumps(r) for r in kernel.ip(ns, "-6", "route") if r.get("protocol") == "ra" or "2001:db8:bad" in r["dst"]]


def spoof_udp(ns, device, mac, source, target, port):
    """One UDP datagram from an address that is not ours."""
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    udp = struct.pack(">HHHH", 4444, port, 9, 0) + b"!"
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + addresses
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    own = bytes.fromhex(kernel.link(ns, device)["address"].replace(":", ""))
    frame(ns, device, bytes.fromhex(mac.replace(":", "")) + own + b"\x08\x00" + header + udp)


KNOCK = """
import select, socket, sys, time
places = list(zip(sys.argv[1::2], map(int, sys.argv[2::2])))
sockets = {}
for place in places:
    s = socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    sockets[s] = place
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.0005)[0]:
    for s, place in sockets.items():
        try:
            s.sendto(b"?", place)
        except OSError:
            pass
    for s in select.select(list(sockets), [], [], 0)[0]:
        try:
            print(*sockets[s], s.recv(2048).decode(), flush=True)
        except OSError:
            pass
"""


@contextmanager
def knocking(ns, *places):
    """UDP sent to the (address, port) places without pause; gives a list that holds every answer once it is over."""
    answers = []
    words = [str(word) for place in places for word in place]
    knocker = subprocess.Popen(["nsenter", f"--net={kernel.netns_path(ns)}", PYTHON, "-c", KNOCK, *words],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert knocker.stdout.readline() == "ready\n"
        yield answers
        answers.extend(knocker.communicate("\n", timeout=10)[0].splitlines())
    finally:
        knocker.kill()
        knocker.wait()
