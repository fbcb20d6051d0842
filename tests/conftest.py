"""Fixtures of the end-to-end and crash tests. They need root; all they make is in namespaces and directories of their own."""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from harness import programs  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.host import Host, sweep  # noqa: E402
from harness.outside_names import OutsideNames  # noqa: E402
from harness.shell import SLOWNESS, run  # noqa: E402
from harness.world import World  # noqa: E402

TEST_SECONDS = 150 if SLOWNESS == 1 else 600


def pytest_addoption(parser):
    parser.addoption("--peer", choices=["fairlead", "dockerd"], default=os.environ.get("E2E_PEER", "fairlead"),
                     help="the daemon under test; dockerd 20.10 shows that the tests themselves are sound")


def pytest_sessionstart(session):
    # A plain SIGTERM would skip the finalizers and leave daemons and namespaces behind.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    sweep()


def pytest_generate_tests(metafunc):
    if "client" in metafunc.fixturenames:
        clients = programs.clients()
        metafunc.parametrize("client", list(clients.values()), ids=list(clients), scope="function")
    if "fault" in metafunc.fixturenames:
        metafunc.parametrize("fault", _faults())


def _faults():
    from harness.shell import run
    try:
        listed = run(programs.ours("fairleadd"), "--list-faults").lines
    except (AssertionError, OSError):
        listed = []
    return listed or ["none-listed"]


@pytest.fixture(autouse=True)
def deadline():
    """A test that hangs fails, and its finalizers still run."""
    def expired(*_):
        raise TimeoutError(f"the test ran longer than {TEST_SECONDS} s")
    signal.signal(signal.SIGALRM, expired)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def peer(pytestconfig):
    return pytestconfig.getoption("--peer")


@pytest.fixture(scope="module")
def host():
    made = Host()
    yield made
    made.remove()


@pytest.fixture
def outside(host):
    """The name server of the world outside, which `--dns` Host.OUTSIDE reaches."""
    made = OutsideNames(host)
    yield made
    made.close()


@pytest.fixture(scope="module")
def daemon(host, peer):
    yield from run_daemon(host, peer)


def run_daemon(host, peer, options=()):
    made = Daemon(host, peer, options)
    try:
        made.start()
        made.load_busybox(default_client())
        yield made
    finally:
        made.stop()


def default_client():
    return next(iter(programs.clients().values()))


@pytest.fixture
def world(host, daemon, client):
    """For the walk-through: once with each stock client."""
    yield from cleared(World(host, daemon, client))


@pytest.fixture
def box(host, daemon):
    """For what does not depend on the client: the first one only."""
    yield from cleared(World(host, daemon, default_client()))


@pytest.fixture
def lan(box):
    """The far end of the uplink becomes a port of a switch that has the address of the host out there itself."""
    out, peer = box.host.outside, f"{box.host.OUTSIDE}/24"
    for line in ("link add sw type bridge", "link set sw up", f"addr del {peer} dev downlink", "link set downlink master sw",
                 f"addr add {peer} dev sw"):
        run("ip", "-n", out, *line.split())
    yield box
    box.clear()
    for line in ("link del sw", f"addr add {peer} dev downlink"):
        run("ip", "-n", out, *line.split())


def cleared(made):
    if not made.daemon.alive():
        made.daemon.stop()
        made.daemon.start()
    yield made
    made.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    running = getattr(item, "funcargs", {}).get("daemon")
    if report.failed and running is not None:
        report.sections.append(("daemon log", running.log()[-6000:]))
