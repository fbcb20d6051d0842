"""A program under a real pseudo-terminal, typed at as a person would."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from .shell import SLOWNESS

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPT = r"[/~] # $"


class Terminal:
    def __init__(self, argv, env=None, rows=24, columns=120):
        self.master, slave = pty.openpty()
        self._set_size(slave, rows, columns)
        self.process = subprocess.Popen(list(map(str, argv)), stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ""  # what came and was not yet taken by `expect`

    @staticmethod
    def _set_size(fd, rows, columns):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self._set_size(self.master, rows, columns)

    def send(self, keys):
        os.write(self.master, keys.encode())

    def expect(self, pattern, seconds=20):
        """Waits until what came matches; gives all of it, up to the match's end, without escapes."""
        seconds *= SLOWNESS
        end = time.monotonic() + seconds
        while True:
            if found := re.search(pattern, ESCAPES.sub("", self.text)):
                taken = ESCAPES.sub("", self.text)[:found.end()]
                self.text = ESCAPES.sub("", self.text)[found.end():]
                return taken.replace("\r\n", "\n")
            left = end - time.monotonic()
            assert left > 0, f"waited {seconds} s for {pattern!r} on the terminal; there is:\n{self.text}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode(errors="replace")
                except OSError:  # the other side is closed
                    assert re.search(pattern, ESCAPES.sub("", self.text)), f"ended before {pattern!r}:\n{self.text}"

    def prompt(self, seconds=20):
        return self.expect(PROMPT, seconds)

    def quiet(self, seconds=0.4):
        """Drops what was shown so far, once nothing came for a while."""
        while select.select([self.master], [], [], seconds)[0]:
            os.read(self.master, 65536)
        self.text = ""

    def run(self, line, seconds=20):
        """Types a line at the shell's prompt; gives what it printed."""
        self.send(line + "\r")
        # The shell draws its prompt anew when the first size arrives: only what follows the typed line counts.
        self.expect(re.escape(line) + r"\r*\n", seconds)
        return "\n".join(self.prompt(seconds).splitlines()[:-1])

    def wait(self, seconds=20):
        """The exit code; reads on meanwhile, so that nothing blocks on a full terminal."""
        seconds *= SLOWNESS
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"still runs after {seconds} s; the terminal shows:\n{self.text}"
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    time.sleep(0.02)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
