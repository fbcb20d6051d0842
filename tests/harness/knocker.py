#!/usr/bin/python3
"""Asks a TCP service again and again, over a new connection each time: prints `BEGAN ENDED 1` when it answered, `… 0` when not."""
import socket
import struct
import sys
import time

PATIENCE = 0.03  # seconds; a lost SYN would be sent again only after one


def answers(address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout(PATIENCE)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no TIME_WAIT
        try:
            client.connect((address, port))
            return bool(client.recv(1))
        except OSError:
            return False


address, port = sys.argv[1], int(sys.argv[2])
while True:
    began = time.monotonic()
    answered = answers(address, port)
    print(began, time.monotonic(), int(answered), flush=True)
    time.sleep(0.001)
