#!/usr/bin/python3
"""A server that answers over TCP and UDP, both families: `NAME CLIENT-ADDRESS`. Run inside a namespace."""
import selectors
import socket
import sys


def listener(kind, port):
    s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        s.listen(128)
    return s


def main():
    name, ports = sys.argv[1], [int(p) for p in sys.argv[2:]]
    ready = selectors.DefaultSelector()
    for port in ports:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            ready.register(listener(kind, port), selectors.EVENT_READ, kind)
    print("ready", flush=True)
    while True:
        for key, _ in ready.select():
            try:
                if key.data == socket.SOCK_STREAM:
                    stream, client = key.fileobj.accept()
                    stream.sendall(f"{name} {plain(client[0])}".encode())
                    stream.close()
                else:
                    _, client = key.fileobj.recvfrom(2048)
                    key.fileobj.sendto(f"{name} {plain(client[0])}".encode(), client)
            except OSError:
                pass


def plain(address):
    return address.removeprefix("::ffff:").split("%")[0]


main()
