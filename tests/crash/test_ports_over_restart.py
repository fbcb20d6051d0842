"""Clients of published ports, fifty a second from each side, while the daemon is killed and started anew: each is served,
whether the kernel leads it or it waits in a socket for the next daemon."""
import socket
import threading
import time

import pytest
from harness import kernel, names
from harness.reach import echo
from harness.shell import SLOWNESS

RATE, SECONDS, PATIENCE = 50, 4, 5 * SLOWNESS


class Clients(threading.Thread):
    """One new connection every 20 ms, each asked one question; notes what came of it."""

    def __init__(self, ns, address, port):
        super().__init__()
        self.to, self.family = (address, port), socket.AF_INET6 if ":" in address else socket.AF_INET
        self.answers, self.failures, self.asking = [], [], []
        self.sockets = [names.socket_in(ns, socket.SOCK_STREAM, self.family) for _ in range(RATE * SECONDS)]

    def run(self):
        began = time.monotonic()
        for number, s in enumerate(self.sockets):
            time.sleep(max(0, began + number / RATE - time.monotonic()))
            self.asking.append(threading.Thread(target=self._ask, args=(s,)))
            self.asking[-1].start()
        for asking in self.asking:
            asking.join()

    def _ask(self, s):
        try:
            with s:
                s.settimeout(PATIENCE)
                s.connect(self.to)
                s.sendall(b"?")
                self.answers.append(s.recv(100).split()[0])
        except OSError as failure:
            self.failures.append(failure)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_every_client_is_served(box, how):
    box.docker("run", "-d", "--name", "web1", "-p", "8080:80", "busybox", "sleep", "600")
    with echo(box.pid("web1"), "web1", 80):
        everybody = [Clients(box.host.ns, "::1", 8080), Clients(box.host.ns, "127.0.0.1", 8080),
                     Clients(box.host.outside, box.host.ADDRESS, 8080)]
        for clients in everybody:
            clients.start()
        time.sleep(SECONDS / 3)
        box.daemon.kill9() if how == "killed" else box.daemon.stop()
        time.sleep(0.5)
        taken = names.socket_in(box.host.ns, socket.SOCK_STREAM, socket.AF_INET6)
        with taken, pytest.raises(OSError, match="in use"):
            taken.bind(("::", 8080))
        box.daemon.start()
        for clients in everybody:
            clients.join()
        for clients in everybody:
            # Whom the daemon itself carries at [::1] in the moment of its end, it cannot keep.
            cut = [f for f in clients.failures if isinstance(f, ConnectionResetError) and clients.to[0] == "::1"]
            assert ([f for f in clients.failures if f not in cut], set(clients.answers)) == ([], {b"web1"}), clients.to
            assert len(cut) <= 2 and len(clients.answers) + len(cut) == RATE * SECONDS, clients.to


def test_what_nobody_publishes_any_more_is_let_go(box):
    """The container ends while the daemon is away."""
    box.docker("run", "-d", "--name", "web1", "-p", "8090:80", "busybox", "sleep", "600")
    pid = box.pid("web1")
    box.daemon.kill9()
    kernel.end_process(pid)
    box.daemon.start()
    kernel.wait_for(lambda: box.inspect("web1")["State"]["Status"] == "exited", 5, "the end to be noticed")
    with names.socket_in(box.host.ns, socket.SOCK_STREAM, socket.AF_INET6) as s:
        s.bind(("::", 8090))
