"""Standard streams and exit codes, attached, detached and by logs."""
import hashlib
import subprocess
import time
from datetime import datetime, timezone

import pytest
from harness import kernel

PIECE = 100 * 1024 * 1024


@pytest.mark.parametrize("command, code", [
    (["true"], 0), (["false"], 1), (["sh", "-c", "exit 42"], 42), (["/etc"], 126), (["/etc/passwd"], 126),
    (["nosuchprogram"], 127), (["/no/such/file"], 127), (["sh", "-c", "sh -c 'kill -9 $$'; exit $?"], 137)])
def test_exit_codes(world, command, code):
    assert world.docker("run", "--rm", "busybox", *command, check=False).code == code


def test_137_when_killed_while_attached(box):
    attached = box.popen("run", "--name", "victim", "busybox", "sleep", "600")
    kernel.wait_for(lambda: box.docker("ps", "-q", "--filter", "name=victim").out)
    box.docker("kill", "victim")
    assert attached.wait(20) == 137


def test_125_when_the_daemon_refuses(world):
    assert "unknown flag" in world.refused("run", "--nosuchflag", "busybox", code=125)
    world.docker("create", "--name", "taken", "busybox")
    said = world.refused("run", "--name", "taken", "busybox", code=125)
    assert 'Conflict. The container name "/taken" is already in use by container "' in said
    assert "You have to remove (or rename) that container to be able to reuse that name." in said


def test_piped_stdin(world):
    assert world.docker("run", "-i", "busybox", "cat", input="hi\n").raw_out == b"hi\n"


def test_piped_stdin_to_exec(box):
    box.docker("run", "-d", "--name", "base", "busybox", "sleep", "600")
    assert box.docker("exec", "-i", "base", "wc", "-c", input=b"x" * 300000).out == "300000"


def test_stdin_is_closed_without_i(box):
    assert box.docker("run", "--rm", "busybox", "cat", input="unread").raw_out == b""


def test_stdout_and_stderr_stay_apart(box):
    line = "echo to-out; echo to-err >&2; exit 5"
    for done in (box.docker("run", "--name", "both", "busybox", "sh", "-c", line, check=False),):
        assert (done.code, done.raw_out, done.raw_err) == (5, b"to-out\n", b"to-err\n")
    logged = box.docker("logs", "both")
    assert (logged.raw_out, logged.raw_err) == (b"to-out\n", b"to-err\n")


def test_exec_codes_and_streams(box):
    box.docker("run", "-d", "--name", "base", "busybox", "sleep", "600")
    done = box.exec("base", "echo out; echo err >&2; exit 7", check=False)
    assert (done.code, done.raw_out, done.raw_err) == (7, b"out\n", b"err\n")
    assert box.docker("exec", "base", "nosuchprogram", check=False).code in (126, 127)  # 127; 20.10 gives 126
    assert box.docker("exec", "-e", "A=b", "-w", "/tmp", "-u", "www-data", "base", "sh", "-c", "echo $A $PWD $(id -un)").out == "b /tmp www-data"


def test_100_mib_attached_and_by_logs(box):
    source = f"seq 1 13000000 | tr '\\n' ' ' | fold -w 127 | head -c {PIECE}"
    expected = subprocess.run(["sh", "-c", "busybox sh -c \"$1\" | sha256sum", "sh", source], capture_output=True, check=True).stdout.split()[0].decode()
    attached = _digest(box.popen("run", "--name", "big", "busybox", "sh", "-c", source, stdout=subprocess.PIPE))
    assert attached == (PIECE, expected)
    assert _digest(box.popen("logs", "big", stdout=subprocess.PIPE)) == (PIECE, expected)


def _digest(process):
    seen, size = hashlib.sha256(), 0
    while piece := process.stdout.read(1 << 20):
        seen.update(piece)
        size += len(piece)
    assert process.wait(30) == 0
    return size, seen.hexdigest()


def test_100_mib_in_and_out(box):
    """Back-pressure both ways: what goes in by stdin comes out by stdout."""
    process = box.popen("run", "--rm", "-i", "busybox", "sha256sum", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    piece, seen = bytes(range(256)) * 4096, hashlib.sha256()
    for _ in range(32):
        process.stdin.write(piece)
        seen.update(piece)
    out, _ = process.communicate(timeout=60)
    assert out.split()[0].decode() == seen.hexdigest()


def test_logs_follow_tail_since_until_and_timestamps(box):
    box.docker("run", "-d", "--name", "talker", "busybox", "sh", "-c",
               "for i in 1 2 3 4; do echo line $i; done; sleep 2; echo line 5; sleep 1; echo line 6")
    follower = box.popen("logs", "-f", "talker", stdout=subprocess.PIPE)
    kernel.wait_for(lambda: len(box.docker("logs", "talker").lines) == 4)
    assert box.docker("logs", "--tail", "2", "talker").lines == ["line 3", "line 4"]
    assert box.docker("logs", "--tail", "0", "talker").lines == []
    out, _ = follower.communicate(timeout=20)  # ends by itself with the container
    assert out.decode().splitlines() == [f"line {i}" for i in range(1, 7)]
    stamped = [line.split(" ", 1) for line in box.docker("logs", "-t", "talker").lines]
    assert [text for _, text in stamped] == [f"line {i}" for i in range(1, 7)]
    times = [datetime.strptime(stamp[:26], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc) for stamp, _ in stamped]
    assert times == sorted(times) and all(stamp.endswith("Z") and len(stamp) == 30 for stamp, _ in stamped)
    assert 1.5 < (times[4] - times[3]).total_seconds() < 6
    between = (times[3] + (times[4] - times[3]) / 2).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert box.docker("logs", "--since", between, "talker").lines == ["line 5", "line 6"]
    assert box.docker("logs", "--until", between, "talker").lines == [f"line {i}" for i in range(1, 5)]


def test_logs_of_a_terminal_are_raw(box):
    box.docker("run", "-t", "--name", "tty", "busybox", "echo", "hello")
    assert box.docker("logs", "tty").raw_out == b"hello\r\n"


def test_attach_without_a_terminal(box):
    """`-d -i` keeps stdin open over each client that comes and goes."""
    box.docker("run", "-di", "--name", "reader", "busybox", "cat")
    for word in (b"first\n", b"second\n"):
        attached = box.popen("attach", "reader", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        attached.stdin.write(word)
        attached.stdin.flush()
        assert attached.stdout.readline() == word
        attached.kill()
        attached.wait()
        attached.stdout.close()
        attached.stdin.close()
    assert box.inspect("reader")["State"]["Running"] is True


def test_start_attached_ends_with_its_stdin(box):
    box.docker("create", "-i", "--name", "once", "busybox", "cat")
    assert box.docker("start", "-ai", "once", input="over and out\n").raw_out == b"over and out\n"
    box.wait_state("once", "exited")


def test_a_reader_that_goes_away_disturbs_nobody(box):
    box.docker("run", "-d", "--name", "talker", "busybox", "sh", "-c", "while :; do echo tick; usleep 20000; done")
    follower = box.popen("logs", "-f", "talker", stdout=subprocess.PIPE)
    watcher = box.popen("attach", "--no-stdin", "talker", stdout=subprocess.PIPE)
    assert follower.stdout.readline() == b"tick\n"
    assert watcher.stdout.readline() == b"tick\n"
    for process in (follower, watcher):
        process.kill()
        process.communicate()
    count = len(box.docker("logs", "talker").lines)
    time.sleep(0.3)
    assert len(box.docker("logs", "talker").lines) > count
    assert box.inspect("talker")["State"]["Running"] is True
