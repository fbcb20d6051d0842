"""How long a service cannot be reached after something was done to the host, measured by real connections all the while."""
import subprocess
import threading
import time
from pathlib import Path

from . import kernel
from .reach import PYTHON

SETTLED = 0.25  # so long no question may go unanswered for the service to count as back


class Knocker:
    """Asks ADDRESS:PORT from inside a namespace, some hundred times a second, for as long as the `with` lasts."""

    def __init__(self, ns, address, port):
        self.argv = ["nsenter", f"--net={kernel.netns_path(ns)}", PYTHON, str(Path(__file__).parent / "knocker.py"), address, str(port)]
        self.asked = []

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._listen, daemon=True).start()
        kernel.wait_for(lambda: self._quiet_since(0), 5, "the service to answer", every=0.005)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _listen(self):
        for line in self.process.stdout:
            if not line.endswith("\n"):
                return  # it was ended in the middle of a word
            began, ended, answered = line.split()
            self.asked.append((float(began), float(ended), answered == "1"))

    def _quiet_since(self, moment):
        """Every question of the last moments, all asked later than `moment`, was answered."""
        recent = [a for a in list(self.asked) if a[0] > time.monotonic() - SETTLED - 0.05]
        return len(recent) > 3 and recent[0][0] >= moment and all(a[2] for a in recent)

    def back_after(self, moment, limit):
        """Seconds from `moment` to the first answer after the last question that went unanswered; 0 if none did."""
        while True:
            kernel.wait_for(lambda: self._quiet_since(moment), limit + 1, "the service to be back", every=0.005)
            since = [a for a in list(self.asked) if a[1] > moment]
            lost = [i for i, a in enumerate(since) if not a[2]]
            if not lost:
                return 0.0
            if lost[-1] + 1 < len(since):  # else one more went unanswered just now
                return since[lost[-1] + 1][1] - moment
