"""Fifty at once: nothing fails, nothing is given twice, nothing is left."""
import subprocess

from harness import kernel, leaks

COUNT = 50


def test_fifty_runs_at_once_leave_nothing_behind(box):
    box.docker("run", "--rm", "busybox", "true")  # what the first container makes for good is not a leak
    kernel.wait_for(lambda: not box.docker("ps", "-aq").lines)
    before = leaks.snapshot(box.daemon)
    runs = [box.popen("run", "-d", "--name", f"p{i}", "busybox", "sleep", "600", stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(COUNT)]
    ended = [(r.communicate(timeout=120), r.returncode) for r in runs]
    failed = [(err.decode(), code) for (_, err), code in ended if code != 0]
    assert not failed, f"{len(failed)} of {COUNT} failed, the first: {failed[0]}"
    ids = {out.decode().strip() for (out, _), _ in ended}
    box.daemon.seen_ids |= ids
    assert len(ids) == COUNT

    claimed = [box.inspect(f"p{i}")["NetworkSettings"] for i in range(COUNT)]
    for key in ("IPAddress", "MacAddress", "EndpointID", "SandboxID"):
        assert len({settings[key] for settings in claimed}) == COUNT, key
    live = [kernel.addresses(box.pid(f"p{i}"))["eth0"][0] for i in range(COUNT)]
    assert [a.split("/")[0] for a in live] == [settings["IPAddress"] for settings in claimed]
    ports = [l for l in kernel.ip(box.host.ns, "link") if l.get("master") == "docker0"]
    assert len(ports) == COUNT
    assert " 0% packet loss" in box.exec("p0", f"ping -c 1 -W 2 {claimed[-1]['IPAddress']}").out

    box.docker("rm", "-f", *(f"p{i}" for i in range(COUNT)), timeout=120)
    leaks.assert_none(box.daemon, before)


def test_start_and_remove_in_a_race(box):
    """Removal by force while the start is under way: an answer for both, and nothing left."""
    before = leaks.snapshot(box.daemon)
    for i in range(6):
        box.docker("create", "--name", f"race{i}", "busybox", "sleep", "600")
        starting = box.popen("start", f"race{i}", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        box.docker("rm", "-f", f"race{i}")
        starting.wait(20)
    assert box.docker("ps", "-aq").lines == []
    leaks.assert_none(box.daemon, before)
