"""Who reaches whom: echo servers in containers' namespaces, and questions asked from any namespace."""
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import kernel

PYTHON = "/usr/bin/python3"
HERE = Path(__file__).parent


@contextmanager
def echo(ns, name, *ports):
    """A server in the namespace; it answers with its name and the client's address."""
    server = subprocess.Popen(["nsenter", f"--net={kernel.netns_path(ns)}", PYTHON, str(HERE / "echo.py"), name,
                               *map(str, ports)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert server.stdout.readline() == b"ready\n", "the echo server did not start"
        yield
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def ask(ns, questions):
    """Answers of the servers to (protocol, address, port) questions, None where there is none."""
    words = [str(word) for question in questions for word in question]
    answers = kernel.inside(ns, PYTHON, HERE / "probe.py", *words).out.splitlines()
    assert len(answers) == len(questions), answers
    return [None if answer == "-" else answer for answer in answers]


def ask_one(ns, protocol, address, port):
    return ask(ns, [(protocol, address, port)])[0]
