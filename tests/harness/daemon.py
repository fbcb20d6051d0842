"""A daemon under test: ours, or dockerd as the measure that the tests are proved against."""
import os
import signal
import socket
import subprocess
import time

from . import image, kernel, programs
from .shell import SLOWNESS, run


class Daemon:
    """Started in a host's namespace with every directory of its own, so that several never meet."""

    def __init__(self, host, peer="fairlead", options=()):
        self.host, self.peer, self.options = host, peer, list(options)
        self.data_root, self.exec_root = host.dir / "data", host.dir / "exec"
        self.socket, self.pidfile, self.log_path = host.dir / "d.sock", host.dir / "d.pid", host.dir / "d.log"
        self.process = None
        self.has_run = False  # whether a client has asked it to run a container
        self.seen_ids = set()  # of containers, so that what they left can be told from what others did

    @property
    def url(self):
        return f"unix://{self.socket}"

    @property
    def pid(self):
        return self.process.pid

    def _argv(self, extra):
        common = ["-H", self.url, "--data-root", self.data_root, "--exec-root", self.exec_root, "-p", self.pidfile]
        if self.peer == "dockerd":
            return [programs.peer_root() / "usr/sbin/dockerd", "--live-restore", "--storage-driver=overlay2", *common, *extra]
        runtime = os.environ.get("FAIRLEAD_TEST_RUNTIME")
        return [programs.ours("fairleadd"), *common, *(["--default-runtime", runtime] if runtime else []), *extra]

    def _environment(self, fault):
        env = dict(os.environ)
        env.pop("NOTIFY_SOCKET", None)
        if self.peer == "dockerd":
            root = programs.peer_root()
            env["PATH"] = f"{root}/usr/bin:{root}/usr/sbin:{env['PATH']}"
        if fault:
            env["FAIRLEAD_FAULT"] = fault
        return env

    def start(self, fault=None, options=(), wait=True):
        argv = list(map(str, self._argv([*self.options, *options])))
        with open(self.log_path, "ab") as log:
            log.write(("$ " + " ".join(argv) + "\n").encode())
            log.flush()
            self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.host.ns}", *argv], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self._environment(fault), start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=30):
        kernel.wait_for(lambda: self.answers() or self.process.poll() is not None, seconds, "the daemon to answer", every=0.02)
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}:\n{self.log()[-4000:]}"

    def answers(self):
        if self.process.poll() is not None:
            return False
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.socket))
                s.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
                return b" 200 " in s.recv(200)
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None and self.answers()

    def load_busybox(self, client):
        if self.peer == "dockerd":
            self.import_busybox(client)
        else:
            run(programs.ours("fairlead"), "image", "bootstrap", "-H", self.url, timeout=120)

    def import_busybox(self, client):
        """The same bytes into any daemon."""
        run(client, "-H", self.url, "import", "-c", 'CMD ["sh"]', "-", "busybox:latest", input=image.busybox_tar())

    def stop(self, sig=signal.SIGTERM, seconds=30):
        """Ends it by its pid. Containers stay."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            self.process.wait(seconds * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the daemon did not end within {seconds} s of signal {sig}")
        finally:
            if self.peer == "dockerd":
                self._end_containerd()

    def kill9(self):
        self.stop(signal.SIGKILL)

    def _end_containerd(self):
        def left():
            return [pid for pid, line in kernel.processes(str(self.exec_root)).items() if "containerd.toml" in line]
        end = time.monotonic() + 5
        while left():
            if time.monotonic() > end:
                for pid in left():
                    kernel.end_process(pid)
            time.sleep(0.02)
        # A process id that was taken again would pass for a containerd that lives.
        (self.exec_root / "containerd/containerd.pid").unlink(missing_ok=True)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def own_processes(self):
        """The daemon itself; for the peer its containerd too."""
        mine = {self.pid}
        if self.peer == "dockerd":
            mine |= {p for p, line in kernel.processes(str(self.exec_root)).items() if "containerd.toml" in line}
        return mine

    def open_fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
