"""A network namespace that plays "the host", and a second one that plays the world outside it."""
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from . import kernel
from .shell import run

PREFIX = "fle2e"


class Host:
    """`host.ns` has one uplink, 10.77.0.2/24, with the default route through `host.outside`, 10.77.0.1. The outside
    has no route to any container subnet: an answer that comes back was masqueraded."""

    ADDRESS, OUTSIDE = "10.77.0.2", "10.77.0.1"

    def __init__(self):
        tag = f"{PREFIX}-{os.getpid()}-{secrets.token_hex(3)}"
        self.ns, self.outside = tag, tag + "-out"
        self.dir = Path(tempfile.mkdtemp(prefix=tag + "-"))
        try:
            self._wire()
        except BaseException:
            self.remove()
            raise

    def _wire(self):
        for name in (self.ns, self.outside):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.ns, "link", "add", "uplink", "type", "veth", "peer", "name", "downlink", "netns", self.outside)
        for ns, device, address in ((self.ns, "uplink", self.ADDRESS), (self.outside, "downlink", self.OUTSIDE)):
            run("ip", "-n", ns, "addr", "add", address + "/24", "dev", device)
            run("ip", "-n", ns, "link", "set", device, "up")
        run("ip", "-n", self.ns, "route", "add", "default", "via", self.OUTSIDE)
        # A router without routes: what it does not know it calls unreachable at once, as a name server that is not there.
        self.run_outside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def run(self, *argv, **kw):
        return kernel.inside(self.ns, *argv, **kw)

    def run_outside(self, *argv, **kw):
        return kernel.inside(self.outside, *argv, **kw)

    def remove(self):
        for name in (self.outside, self.ns):
            remove_namespace(name)
        kernel_clean_directory(self.dir)


def remove_namespace(name):
    if not os.path.exists(f"/run/netns/{name}"):
        return
    for pid in run("ip", "netns", "pids", name, check=False).out.split():
        kernel.end_process(int(pid))
    run("ip", "netns", "del", name, check=False)


def kernel_clean_directory(path):
    """Processes that name the directory end, mounts below it go, then the directory does."""
    for pid in kernel.processes(str(path) + "/"):
        kernel.end_process(pid)
    for point in reversed(kernel.mounts_under(str(path) + "/")):
        run("umount", "-l", point, check=False)
    shutil.rmtree(path, ignore_errors=True)


def sweep():
    """Takes away what a test run that was killed left behind."""
    def dead(name):
        pid = name.split("-")[1]
        return pid.isdigit() and not os.path.exists(f"/proc/{pid}")

    for path in Path(tempfile.gettempdir()).glob(PREFIX + "-*"):
        if dead(path.name):
            kernel_clean_directory(path)
    pins = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    for name in pins:
        if name.startswith(PREFIX + "-") and dead(name):
            remove_namespace(name)
