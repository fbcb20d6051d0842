"""A name server in the world outside the host, which remembers what it was asked."""
import socket
import struct
import threading

from . import names

BIG = 40  # addresses of big.example: more than 512 bytes hold


class OutsideNames:
    """On port 53 of the outside's address. `a.example` is 192.0.2.7; `big.example` is cut short over UDP; `silent.example` is
    never answered; `few.example` has the address 192.0.2.9 for one second; nothing else exists."""

    def __init__(self, host):
        self.address, self.asked, self.closing = host.OUTSIDE, [], False
        self.udp, self.tcp = (names.socket_in(host.outside, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))
        for s in (self.udp, self.tcp):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((self.address, 53))
            s.settimeout(0.1)  # a socket closed under a thread that waits on it would go on swallowing queries
        self.tcp.listen()
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]
        for thread in self.threads:
            thread.start()

    def close(self):
        self.closing = True
        for thread in self.threads:
            thread.join()
        for s in (self.udp, self.tcp):
            s.close()

    def times(self, name):
        return sum(asked.lower() == name for asked in self.asked)

    def _serve_udp(self):
        while not self.closing:
            try:
                message, who = self.udp.recvfrom(65535)
            except TimeoutError:
                continue
            if reply := self._reply(message, limit=512):
                self.udp.sendto(reply, who)

    def _serve_tcp(self):
        while not self.closing:
            try:
                connection, _ = self.tcp.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                try:
                    message = names.exactly(connection, struct.unpack(">H", names.exactly(connection, 2))[0])
                    reply = self._reply(message, limit=65535)
                    connection.sendall(struct.pack(">H", len(reply)) + reply)
                except (OSError, EOFError):
                    continue

    def _reply(self, message, limit):
        name = names.read(message[:4] + b"\0\1" + b"\0" * 6 + message[12:]).question
        kind = struct.unpack_from(">H", message, 12 + len(names.written(name)))[0]
        self.asked.append(name)
        if name.lower() == "silent.example":
            return None
        known = {"a.example": ["192.0.2.7"], "few.example": ["192.0.2.9"], "big.example": [f"198.51.100.{i}" for i in range(BIG)]}.get(name.lower())
        addresses = known if known and kind == names.TYPES["A"] else []
        rcode = names.NOERROR if known else names.NXDOMAIN
        ttl = 1 if name.lower() == "few.example" else 60
        body = b"".join(struct.pack(">HHHIH", 0xC00C, names.TYPES["A"], 1, ttl, 4) + socket.inet_aton(a) for a in addresses)
        asked = names.written(name) + struct.pack(">2H", kind, 1)
        cut = 12 + len(asked) + len(body) > limit
        flags = 0x8180 | rcode | (0x0200 if cut else 0)
        head = message[:2] + struct.pack(">5H", flags, 1, 0 if cut else len(addresses), 0, 0)
        return head + asked + (b"" if cut else body)
