"""A host, a daemon on it and a client that talks to it: what a test works with."""
import json
import os
import re
import subprocess

from . import kernel
from .shell import run
from .terminal import Terminal

HEX64 = re.compile(r"\b[0-9a-f]{64}\b")


class World:
    def __init__(self, host, daemon, client):
        self.host, self.daemon, self.client = host, daemon, client
        self.terminals = []

    @property
    def ours(self):
        """Is it our daemon, which answers as 28.2 does, or the peer, 20.10?"""
        return self.daemon.peer != "dockerd"

    @property
    def client_is_new(self):
        """Does the client ask for API 1.44 or later, where DNSNames and what came with them are shown?"""
        return "20.10" not in run(self.client, "--version").out

    @property
    def env(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}
        config = self.host.dir / "client"
        config.mkdir(exist_ok=True)
        return {**kept, "DOCKER_HOST": self.daemon.url, "DOCKER_CONFIG": str(config), "DOCKER_CLI_HINTS": "false", "TERM": "xterm"}

    def docker(self, *args, **kw):
        self.daemon.has_run |= args[:1] == ("run",)
        done = run(self.client, *args, env=self.env, **kw)
        self.daemon.seen_ids |= set(HEX64.findall(done.out[:20000]))
        return done

    def popen(self, *args, **kw):
        return subprocess.Popen([self.client, *map(str, args)], env=self.env, **kw)

    def terminal(self, *args, **kw):
        """`docker …` under a pseudo-terminal of its own; closed with the world."""
        self.daemon.has_run |= args[:1] == ("run",)
        self.terminals.append(Terminal([self.client, *args], env=self.env, **kw))
        return self.terminals[-1]

    def refused(self, *args, code=None, **kw):
        """Runs what must fail; gives what it said."""
        done = self.docker(*args, check=False, **kw)
        assert done.code != 0, f"accepted: docker {' '.join(map(str, args))}\n{done.out}"
        assert code is None or done.code == code, f"docker {' '.join(args)}: exit {done.code}, not {code}: {done.err}"
        return done.err

    def inspect(self, name, kind="container"):
        return json.loads(self.docker("inspect", "--type", kind, name).out)[0]

    def network(self, name):
        return json.loads(self.docker("network", "inspect", name).out)[0]

    def endpoint(self, name, network):
        return self.inspect(name)["NetworkSettings"]["Networks"][network]

    def address(self, name, network):
        return self.endpoint(name, network)["IPAddress"]

    def pid(self, name):
        return self.inspect(name)["State"]["Pid"]

    def exec(self, name, line, **kw):
        return self.docker("exec", name, "sh", "-c", line, **kw)

    def wait_state(self, name, status, seconds=15):
        kernel.wait_for(lambda: self.inspect(name)["State"]["Status"] == status, seconds, f"{name} to be {status}")

    def clear(self):
        """No container, terminal, network or named volume stays for the next test."""
        for terminal in self.terminals:
            terminal.close()
        self.terminals.clear()
        if names := self.docker("ps", "-aq", "--no-trunc").lines:
            self.docker("rm", "-f", "-v", *names, timeout=120)
        if networks := self.docker("network", "ls", "-q", "--no-trunc", "--filter", "type=custom").lines:
            self.docker("network", "rm", *networks, timeout=120)
        if volumes := self.docker("volume", "ls", "-q", check=False).lines:
            self.docker("volume", "rm", "-f", *volumes, check=False)
