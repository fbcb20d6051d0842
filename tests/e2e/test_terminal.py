"""`docker run -it` under a real pseudo-terminal: size, detaching, attaching again, the keys that signal."""
from harness import kernel


def test_size_follows_the_terminal(box):
    terminal = box.terminal("run", "-it", "--rm", "busybox", rows=31, columns=97)
    terminal.prompt()
    terminal.run("sleep 0.5")  # the first size is sent after the start
    assert terminal.run("stty size") == "31 97"
    terminal.resize(43, 151)
    terminal.run("sleep 0.5")
    assert terminal.run("stty size") == "43 151"
    terminal.send("exit 3\r")
    assert terminal.wait() == 3


def test_detach_and_attach_again(box):
    terminal = box.terminal("run", "-it", "--name", "kept", "busybox")
    terminal.prompt()
    terminal.run("mark=seen-before")
    terminal.send("\x10\x11")  # ctrl-p ctrl-q
    assert terminal.wait() == 0
    assert box.inspect("kept")["State"]["Running"] is True
    again = box.terminal("attach", "kept")
    again.send("\r")
    again.prompt()
    again.quiet()
    assert again.run("echo $mark") == "seen-before"
    again.send("exit\r")
    assert again.wait() == 0
    box.wait_state("kept", "exited")


def test_other_detach_keys(box):
    terminal = box.terminal("run", "-it", "--name", "kept", "--detach-keys", "ctrl-x,x", "busybox")
    terminal.prompt()
    terminal.send("\x18x")
    assert terminal.wait() == 0
    assert box.inspect("kept")["State"]["Running"] is True


def test_start_attached_and_interactive(box):
    box.docker("create", "-it", "--name", "later", "busybox")
    terminal = box.terminal("start", "-ai", "later")
    terminal.prompt()
    assert terminal.run("tty") == "/dev/pts/0"
    terminal.send("exit 4\r")
    assert terminal.wait() == 4


def test_exec_has_a_terminal_of_its_own(box):
    box.docker("run", "-d", "--name", "base", "busybox", "sleep", "600")
    terminal = box.terminal("exec", "-it", "base", "sh", rows=30, columns=90)
    terminal.prompt()
    terminal.run("sleep 0.5")
    assert terminal.run("stty size") == "30 90"
    terminal.resize(20, 80)
    terminal.run("sleep 0.5")
    assert terminal.run("stty size") == "20 80"
    terminal.send("exit 9\r")
    assert terminal.wait() == 9
    assert box.inspect("base")["State"]["Running"] is True


def test_interrupt_key_reaches_the_foreground_program(box):
    terminal = box.terminal("run", "-it", "--rm", "--name", "typed", "busybox")
    terminal.prompt()
    terminal.send("sleep 300\r")
    kernel.wait_for(lambda: "sleep 300" in box.exec("typed", "ps").out)
    terminal.send("\x03")
    terminal.prompt()
    assert terminal.run("echo $?") == "130"


def test_a_terminal_turns_newlines_and_has_no_stderr(box):
    terminal = box.terminal("run", "-t", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert terminal.expect(r"out\r+\nerr\r+\n")
    assert terminal.wait() == 0
