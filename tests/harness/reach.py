"""Who reaches whom: echo servers in containers' namespaces, and questions asked from any namespace."""
import ctypes
import os
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import kernel

PYTHON = "/usr/bin/python3"
HERE = Path(__file__).parent


@contextmanager
def echo(ns, name, *ports):
    """A server in the namespace; it answers with its name and the client's address."""
    server = subprocess.Popen(["nsenter", f"--net={kernel.netns_path(ns)}", PYTHON, str(HERE / "echo.py"), name,
                               *map(str, ports)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert server.stdout.readline() == b"ready\n", "the echo server did not start"
        yield
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def ask(ns, questions):
    """Answers of the servers to (protocol, address, port) questions, None where there is none."""
    words = [str(word) for question in questions for word in question]
    answers = kernel.inside(ns, PYTHON, HERE / "probe.py", *words).out.splitlines()
    assert len(answers) == len(questions), answers
    return [None if answer == "-" else answer for answer in answers]


def ask_one(ns, protocol, address, port):
    return ask(ns, [(protocol, address, port)])[0]


def socket_in(ns, kind):
    """A socket in another namespace."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(kernel.netns_path(ns), os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.setns(there, 0) == 0
    made = socket.socket(socket.AF_INET, kind)
    assert libc.setns(own, 0) == 0
    os.close(own), os.close(there)
    return made


class UdpClient:
    """One UDP socket, one source port, in another namespace."""

    def __init__(self, ns):
        self.socket = socket_in(ns, socket.SOCK_DGRAM)
        self.socket.settimeout(0.3)

    def __enter__(self):
        return self.ask

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, address, port):
        try:
            self.socket.sendto(b"?", (address, port))
            return self.socket.recv(2048).decode()
        except OSError:
            return None
