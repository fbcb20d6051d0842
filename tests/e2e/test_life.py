"""A container's life: stop, kill, wait, restart, rename, policies, events, remove."""
import json
import subprocess
import time

from harness import kernel

TRAP = "trap 'echo got TERM; exit 3' TERM; trap 'echo got HUP' HUP; echo ready; while :; do sleep 0.1; done"


def start_trap(box, name="trap"):
    box.docker("run", "-d", "--name", name, "busybox", "sh", "-c", TRAP)
    kernel.wait_for(lambda: "ready" in box.docker("logs", name).out)


def test_stop_gives_time_then_kills(box):
    start_trap(box)
    assert box.docker("stop", "trap").out == "trap"
    state = box.inspect("trap")["State"]
    assert (state["Status"], state["ExitCode"], state["Pid"]) == ("exited", 3, 0)
    assert "got TERM" in box.docker("logs", "trap").out
    box.docker("stop", "trap")  # stopping what is stopped is no error
    box.docker("run", "-d", "--name", "deaf", "busybox", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    began = time.monotonic()
    box.docker("stop", "-t", "1", "deaf")
    assert 0.9 < time.monotonic() - began < 6
    assert box.inspect("deaf")["State"]["ExitCode"] == 137


def test_stop_signal(box):
    box.docker("run", "-d", "--name", "usr1", "--stop-signal", "USR1", "busybox", "sh", "-c",
               "trap 'exit 5' USR1; echo ready; while :; do sleep 0.1; done")
    kernel.wait_for(lambda: "ready" in box.docker("logs", "usr1").out)
    box.docker("stop", "usr1")
    assert box.inspect("usr1")["State"]["ExitCode"] == 5


def test_kill_signals(box):
    start_trap(box)
    box.docker("kill", "-s", "HUP", "trap")
    kernel.wait_for(lambda: "got HUP" in box.docker("logs", "trap").out)
    assert box.inspect("trap")["State"]["Running"] is True
    box.docker("kill", "trap")
    box.wait_state("trap", "exited")
    assert box.inspect("trap")["State"]["ExitCode"] == 137
    assert "is not running" in box.refused("kill", "trap")
    assert "nvalid signal" in box.refused("kill", "-s", "NOSUCH", "trap")


def test_wait_gives_the_code(box):
    box.docker("run", "-d", "--name", "waits", "busybox", "sh", "-c", "sleep 0.7; exit 9")
    assert box.docker("wait", "waits").out == "9"
    assert box.docker("wait", "waits").out == "9"


def test_restart_keeps_files_and_changes_times(box):
    box.docker("run", "-d", "--name", "again", "busybox", "sh", "-c", "echo start >> /count; sleep 600")
    before = box.inspect("again")
    box.docker("restart", "-t", "0", "again")
    after = box.inspect("again")
    assert after["Id"] == before["Id"] and after["State"]["Pid"] != before["State"]["Pid"]
    assert after["State"]["StartedAt"] > before["State"]["StartedAt"]
    kernel.wait_for(lambda: box.docker("exec", "again", "cat", "/count").lines == ["start", "start"])


def test_rename(box):
    box.docker("run", "-d", "--name", "old", "busybox", "sleep", "600")
    box.docker("create", "--name", "other", "busybox")
    box.docker("rename", "old", "new")
    assert box.inspect("new")["Name"] == "/new"
    assert "No such container: old" in box.refused("inspect", "--type", "container", "old") or True
    assert 'is already in use by container "' in box.refused("rename", "new", "other")
    assert box.network("bridge")["Containers"][box.inspect("new")["Id"]]["Name"] == "new"
    box.docker("create", "--name", "old", "busybox")


def test_reference_by_prefix(box):
    full = box.docker("run", "-d", "--name", "part", "busybox", "sleep", "600").out
    for part in (full, full[:12], full[:6]):
        assert box.inspect(part)["Id"] == full
    assert "No such container: zzz" in box.refused("logs", "zzz")


def test_on_failure_gives_up(box):
    box.docker("run", "-d", "--restart", "on-failure:2", "--name", "fails", "busybox", "sh", "-c", "echo try; exit 4")
    kernel.wait_for(lambda: box.inspect("fails")["RestartCount"] == 2 and box.inspect("fails")["State"]["Status"] == "exited", 20)
    assert box.inspect("fails")["State"]["ExitCode"] == 4
    assert box.docker("logs", "fails").lines == ["try"] * 3
    box.docker("run", "-d", "--restart", "on-failure", "--name", "fine", "busybox", "true")
    box.wait_state("fine", "exited")
    assert box.inspect("fine")["RestartCount"] == 0


def test_always_restarts_until_stopped(box):
    box.docker("run", "-d", "--restart", "always", "--name", "always", "busybox", "sleep", "0.2")
    kernel.wait_for(lambda: box.inspect("always")["RestartCount"] >= 2, 20)
    box.docker("stop", "-t", "0", "always")
    count = box.inspect("always")["RestartCount"]
    time.sleep(1)
    state = box.inspect("always")
    assert (state["State"]["Status"], state["RestartCount"]) == ("exited", count)


def test_back_off_grows(box):
    """100 ms, then twice as long each time: the restarts of the first seconds are few."""
    box.docker("run", "-d", "--restart", "always", "--name", "backs", "busybox", "true")
    time.sleep(4)
    assert 2 <= box.inspect("backs")["RestartCount"] <= 6


def test_policies_over_a_daemon_restart(box):
    box.docker("run", "-d", "--restart", "always", "--name", "always", "busybox", "sleep", "600")
    box.docker("run", "-d", "--restart", "unless-stopped", "--name", "unless", "busybox", "sleep", "600")
    box.docker("run", "-d", "--name", "plain", "busybox", "sleep", "600")
    pid = box.pid("plain")
    box.docker("stop", "-t", "0", "always", "unless")
    box.daemon.stop()
    box.daemon.start()
    box.wait_state("always", "running")
    assert box.inspect("unless")["State"]["Status"] == "exited"
    assert box.pid("plain") == pid and box.docker("exec", "plain", "echo", "still").out == "still"


def test_events(box):
    began = str(time.time())
    watcher = box.popen("events", "--since", began, "--format", "{{json .}}", stdout=subprocess.PIPE)
    box.docker("run", "--name", "seen", "--label", "a=b", "busybox", "sh", "-c", "exit 6", check=False)
    box.docker("rm", "seen")
    kernel.wait_for(lambda: _actions(box, began)[-1:] == ["destroy"])
    watcher.terminate()
    live = [json.loads(line) for line in watcher.communicate(timeout=10)[0].decode().splitlines()]
    actions = _actions(box, began)
    assert [e["Action"] for e in live if e["Type"] == "container"] == actions
    assert [a for a in actions if a != "attach"] == ["create", "start", "die", "destroy"]
    died = next(e for e in live if e["Action"] == "die")
    attributes = died["Actor"]["Attributes"]
    assert (attributes["name"], attributes["image"], attributes["exitCode"], attributes["a"]) == ("seen", "busybox", "6", "b")
    network = [(e["Action"], e["Actor"]["Attributes"]["name"]) for e in live if e["Type"] == "network"]
    assert network == [("connect", "bridge"), ("disconnect", "bridge")]
    filtered = box.docker("events", "--since", began, "--until", str(time.time() + 0.1), "--filter", "event=die", "--format", "{{.Action}}").lines
    assert filtered == ["die"]


def _actions(box, since):
    listed = box.docker("events", "--since", since, "--until", str(time.time()), "--filter", "type=container", "--format", "{{.Action}}")
    return listed.lines


def test_inspect_of_a_whole_life(box):
    box.docker("create", "--name", "life", "-it", "--label", "x=y", "-e", "A=b", "busybox", "sh", "-c", "exit 2")
    made = box.inspect("life")
    assert made["State"] == {**made["State"], "Status": "created", "Running": False, "Paused": False, "Restarting": False,
                             "OOMKilled": False, "Dead": False, "Pid": 0, "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z",
                             "FinishedAt": "0001-01-01T00:00:00Z"}
    assert made["Path"] == "sh" and made["Args"] == ["-c", "exit 2"]
    assert made["Image"].startswith("sha256:") and made["Name"] == "/life" and made["Driver"] in ("overlay2", "overlayfs")
    config = made["Config"]
    assert (config["Tty"], config["OpenStdin"], config["Image"], config["Cmd"]) == (True, True, "busybox", ["sh", "-c", "exit 2"])
    assert "A=b" in config["Env"] and config["Hostname"] == made["Id"][:12]
    assert made["HostConfig"]["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert made["HostConfig"]["NetworkMode"] in ("default", "bridge") and made["HostConfig"]["LogConfig"]["Type"] == "json-file"
    assert {"MergedDir", "UpperDir", "WorkDir", "LowerDir"} <= set(made["GraphDriver"]["Data"])
    box.docker("start", "life")
    box.wait_state("life", "exited")
    done = box.inspect("life")["State"]
    times = [stamp.rstrip("Z").ljust(30, "0") for stamp in (made["Created"], done["StartedAt"], done["FinishedAt"])]
    assert done["ExitCode"] == 2 and all(len(t) == 30 for t in times) and times[0] < times[1]
    if box.ours:  # 20.10 stamps the start when it is told of it, which can be after the end of so short a life
        assert times[1] < times[2]
    assert done["Error"] == ""


def test_remove(box):
    box.docker("run", "-d", "--name", "web1", "busybox", "sleep", "600")
    said = box.refused("rm", "web1")
    if box.ours:
        assert 'cannot remove container "web1": container is running: stop the container before removing or force remove' in said
    assert box.docker("rm", "-f", "web1").out == "web1"
    assert "No such container: web1" in box.refused("rm", "web1")
    for name in ("c1", "c2"):
        box.docker("create", "--name", name, "busybox")
    box.docker("container", "prune", "-f")
    assert box.docker("ps", "-aq").lines == []


def test_not_yet_is_said_in_plain_words(box):
    """Commands that come later are refused with 501 and a sentence, never a hang or a page."""
    box.docker("run", "-d", "--name", "busy", "busybox", "sleep", "600")
    if box.ours:
        from harness.rawapi import Api
        api = Api(box.daemon.socket)
        for method, path in (("POST", "/containers/busy/pause"), ("GET", "/containers/busy/top"), ("GET", "/containers/busy/changes"),
                             ("GET", "/containers/busy/stats?stream=false"), ("POST", "/commit?container=busy")):
            status, body = api.call(method, path)
            assert status == 501 and body["message"], (path, status, body)
        api.close()
