"""Programs run with a deadline; their output as text."""
import os
import subprocess
from dataclasses import dataclass


# How many times longer than on a plain machine something may take; set where tests run emulated.
SLOWNESS = float(os.environ.get("FAIRLEAD_TEST_SLOWNESS", 1))


@dataclass
class Done:
    argv: list
    code: int
    raw_out: bytes
    raw_err: bytes

    @property
    def out(self):
        return self.raw_out.decode(errors="replace").strip()

    @property
    def err(self):
        return self.raw_err.decode(errors="replace").strip()

    @property
    def lines(self):
        return self.out.splitlines()


class CommandFailed(AssertionError):
    pass


def run(*argv, input=None, check=True, timeout=60, env=None, cwd=None):
    """Runs a program to its end. `check` makes a non-zero exit an assertion failure that shows all there is to see."""
    data = input.encode() if isinstance(input, str) else input
    stdin = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    ended = subprocess.run(list(map(str, argv)), capture_output=True, timeout=timeout * SLOWNESS, env=env, cwd=cwd, **stdin)
    done = Done(list(map(str, argv)), ended.returncode, ended.stdout, ended.stderr)
    if check and done.code != 0:
        raise CommandFailed(f"$ {' '.join(done.argv)}\nexit {done.code}\nstdout: {done.out}\nstderr: {done.err}")
    return done
