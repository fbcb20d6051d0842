"""Types lines into an interactive program on a pseudo-terminal and shows what a person would see.

    terminal.py [--detach] LINE... -- PROGRAM ARGUMENTS...

Each line is typed when the shell's prompt has come. Afterwards `exit` is typed, or the detach keys ctrl-p ctrl-q.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

PROMPT = re.compile(rb"[#$] (\x1b\[[0-9;]*[a-zA-Z])*$")  # a shell may ask for the cursor, or draw its line again
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Session:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 110, 0, 0))
        self.seen = b""

    def read_until(self, pattern, seconds):
        """Reads until `pattern` matches what came since the last call, the program ends, or time is over."""
        start, end = len(self.seen), time.monotonic() + seconds
        while time.monotonic() < end:
            if pattern is not None and pattern.search(self.seen, start):
                return True
            if not select.select([self.fd], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(self.fd, 65536)
            except OSError:  # the other side is gone
                return False
            if not got:
                return False
            self.seen += got
        return False

    def type(self, text):
        os.write(self.fd, text)


def main(arguments):
    detach = arguments[:1] == ["--detach"]
    lines, argv = arguments[detach:arguments.index("--")], arguments[arguments.index("--") + 1:]
    session = Session(argv)
    prompted = session.read_until(PROMPT, 20)
    for line in lines:
        if not prompted:
            break
        session.type(line.encode() + b"\r")
        prompted = session.read_until(PROMPT, 20)
    session.type(b"\x10\x11" if detach else b"exit\r")
    session.read_until(None, 5)
    print(ESCAPES.sub("", session.seen.decode(errors="replace").replace("\r", "")).rstrip())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        pid, status = os.waitpid(session.pid, os.WNOHANG)
        if pid:
            return 0 if prompted else os.waitstatus_to_exitcode(status) or 1
        time.sleep(0.05)
    os.kill(session.pid, 9)
    os.waitpid(session.pid, 0)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
