"""SCTP ports, where the kernel has SCTP: the map in the kernel leads them as it leads TCP."""
import socket
import subprocess

import pytest
from harness import kernel

PYTHON = "/usr/bin/python3"
SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
s.bind(("0.0.0.0", 80)); s.listen(8); print("ready", flush=True)
while True:
    stream, client = s.accept(); stream.sendall(client[0].encode()); stream.close()
"""
CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
s.settimeout(10); s.connect((sys.argv[1], 8080)); print(s.recv(100).decode())
"""


@pytest.fixture
def served(box):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError as error:
        pytest.skip(f"this kernel has no SCTP: {error.strerror}")
    box.docker("run", "-d", "--name", "c1", "-p", "8080:80/sctp", "busybox", "sleep", "600")
    server = subprocess.Popen(["nsenter", f"--net={kernel.netns_path(box.pid('c1'))}", PYTHON, "-c", SERVER], stdout=subprocess.PIPE)
    assert server.stdout.readline() == b"ready\n"
    yield box
    server.kill()
    server.wait()


def test_sctp_port(served):
    host = served.host
    assert served.docker("port", "c1").out.splitlines()[0] == "80/sctp -> 0.0.0.0:8080"
    assert host.run_outside(PYTHON, "-c", CLIENT, host.ADDRESS).out == host.OUTSIDE, "the client's own address is kept"
    assert host.run(PYTHON, "-c", CLIENT, "127.0.0.1").out == "172.17.0.1"
    assert "port is already allocated" in served.refused("run", "--rm", "-p", "8080:80/sctp", "busybox", "true")
    served.docker("rm", "-f", "c1")
    assert host.run_outside(PYTHON, "-c", CLIENT, host.ADDRESS, check=False).code != 0
