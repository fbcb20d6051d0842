#!/usr/bin/python3
"""Asks echo servers, all at once: arguments `PROTOCOL ADDRESS PORT`, by threes; one line of answer each, `-` for none.
`icmp ADDRESS 0` is one ping."""
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SECONDS = 0.7


def ask(question):
    protocol, address, port = question
    if protocol == "icmp":
        done = subprocess.run(["ping", "-c", "1", "-W", "1", address], capture_output=True)
        return "pong" if done.returncode == 0 else "-"
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as s:
        s.settimeout(SECONDS)
        try:
            s.connect(socket.getaddrinfo(address, int(port), family, kind)[0][4])  # with the scope of a link-local one
            if protocol == "udp":
                s.send(b"?")
            return s.recv(2048).decode() or "-"
        except OSError:
            return "-"


def main():
    words = sys.argv[1:]
    with ThreadPoolExecutor(32) as pool:
        for answer in pool.map(ask, zip(words[::3], words[1::3], words[2::3])):
            print(answer)


main()
