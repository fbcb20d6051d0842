"""Name queries as a container sends them: sockets opened in its namespace, messages written and read here (RFC 1035)."""
import ctypes
import itertools
import os
import socket
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import kernel

TYPES = {"A": 1, "PTR": 12, "AAAA": 28, "OPT": 41, "ANY": 255}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
SERVER = "127.0.0.11"
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_ids = itertools.cycle(range(1, 65536))


@contextmanager
def thread_in(ns):
    """The calling thread works in that network namespace; what it opens stays there (setns(2))."""
    there, back = (os.open(kernel.netns_path(n), os.O_RDONLY | os.O_CLOEXEC) for n in (ns, "/proc/thread-self/ns/net"))
    try:
        _enter(there)
        try:
            yield
        finally:
            _enter(back)
    finally:
        os.close(there)
        os.close(back)


def _enter(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def socket_in(ns, kind=socket.SOCK_DGRAM, family=socket.AF_INET):
    with thread_in(ns):
        return socket.socket(family, kind)


@dataclass
class Answer:
    id: int
    rcode: int
    truncated: bool
    question: str
    records: list = field(default_factory=list)  # (name, type, ttl, data)

    @property
    def data(self):
        """Addresses, or names of a PTR, in the order given."""
        return [data for _, _, _, data in self.records]

    @property
    def found(self):
        return self.rcode == NOERROR and bool(self.records)


def query(name, kind="A", ident=None, recurse=True):
    head = struct.pack(">6H", next(_ids) if ident is None else ident, 0x0100 if recurse else 0, 1, 0, 0, 0)
    return head + written(name) + struct.pack(">2H", TYPES[kind], 1)


def written(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


def read(message):
    ident, flags, questions, answers, _, _ = struct.unpack_from(">6H", message)
    at, asked, records = 12, "", []
    for _ in range(questions):
        asked, at = _name(message, at)
        at += 4
    for _ in range(answers):
        owner, at = _name(message, at)
        kind, _, ttl, size = struct.unpack_from(">HHIH", message, at)
        at += 10
        records.append((owner, kind, ttl, _data(message, at, size, kind)))
        at += size
    return Answer(ident, flags & 15, bool(flags & 0x0200), asked, records)


def _data(message, at, size, kind):
    if kind in (TYPES["A"], TYPES["AAAA"]):
        return socket.inet_ntop(socket.AF_INET if kind == TYPES["A"] else socket.AF_INET6, message[at:at + size])
    return _name(message, at)[0] if kind == TYPES["PTR"] else message[at:at + size]


def _name(message, at):
    labels, end, jumps = [], None, 0
    while True:
        size = message[at]
        if size >= 0xC0:
            jumps += 1
            assert jumps < 20, "a loop in a compressed name"
            end = end or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3FFF
        elif size:
            labels.append(message[at + 1:at + 1 + size].decode())
            at += 1 + size
        else:
            return ".".join(labels), end or at + 1


def ask(ns, name, kind="A", tcp=False, seconds=10):
    """One query, sent once; what comes back must be its answer."""
    message = query(name, kind)
    with socket_in(ns, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.connect((SERVER, 53))
        answer = read(over_tcp(s, message) if tcp else _over_udp(s, message))
    assert answer.id == struct.unpack_from(">H", message)[0] and answer.question == name
    return answer


def _over_udp(s, message):
    s.send(message)
    return s.recv(65535)


def over_tcp(s, message):
    s.sendall(struct.pack(">H", len(message)) + message)
    return exactly(s, struct.unpack(">H", exactly(s, 2))[0])


def exactly(s, count):
    got = b""
    while len(got) < count:
        piece = s.recv(count - len(got))
        if not piece:
            raise EOFError(f"closed after {len(got)} of {count} bytes")
        got += piece
    return got
