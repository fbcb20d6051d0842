"""The socket without a client in between: HTTP by hand, for what no client would send and for timing."""
import http.client
import json
import socket


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Api:
    """One kept-alive connection. `call` gives (status, decoded body)."""

    def __init__(self, path, version="v1.41", timeout=60):
        self.connection, self.version = UnixConnection(path, timeout), version

    def call(self, method, path, body=None, headers=None):
        data = None if body is None else body if isinstance(body, (bytes, str)) else json.dumps(body)
        sent = {"Content-Type": "application/json"} if data is not None else {}
        self.connection.request(method, f"/{self.version}{path}", data, {**sent, **(headers or {})})
        answer = self.connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def close(self):
        self.connection.close()


def exchange(path, data, shut=True, seconds=10):
    """Sends bytes, gives all that comes back: b"" when the other side just closed."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds)
        s.connect(str(path))
        try:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused while we still talk: what it said is read below
        return read_all(s)


def read_all(s):
    got = b""
    while True:
        try:
            piece = s.recv(65536)
        except ConnectionResetError:
            return got
        if not piece:
            return got
        got += piece
