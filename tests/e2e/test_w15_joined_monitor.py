"""W15: a container joined to a web server's namespace talks to it on 127.0.0.1 and captures its traffic."""
import os
import re
import shutil

from harness import kernel

PAGE = "It works!"


def web_server(world):
    world.docker("run", "-d", "-it", "--name=web1", "busybox", "sh", "-c",
                 f"mkdir -p /srv; echo '{PAGE}' > /srv/index.html; exec httpd -f -p 80 -h /srv")
    kernel.wait_for(lambda: ":80" in kernel.inside(world.pid("web1"), "ss", "-Hltn").out)


def test_w15_by_hand(world):
    web_server(world)
    terminal = world.terminal("run", "-it", "--name", "monitor", "--network=container:web1", "busybox")
    terminal.prompt()
    joined = terminal.run("ip a")
    assert re.search(r"eth0@if\d+", joined)
    assert joined.split() == world.docker("exec", "web1", "ip", "a").out.split()
    assert PAGE in terminal.run("wget -q -O - 127.0.0.1")
    terminal.send("exit\r")
    terminal.wait()


def test_w15_the_monitor_sees_the_web_servers_packets(box):
    web_server(box)
    address = box.inspect("web1")["NetworkSettings"]["IPAddress"]
    box.docker("run", "-d", "--name", "visitor", "busybox", "sleep", "600")
    visitor = box.inspect("visitor")["NetworkSettings"]["IPAddress"]
    programs = [x for folder in ("/usr", "/lib", "/lib64") if os.path.isdir(folder) for x in ("-v", f"{folder}:{folder}:ro")]
    box.docker("run", "-d", "--name", "monitor", "--network=container:web1", *programs, "busybox",
               shutil.which("tcpdump"), "-Z", "root", "-lnAi", "eth0", "tcp port 80")
    kernel.wait_for(lambda: "listening on eth0" in box.docker("logs", "monitor").err, what="tcpdump to listen")
    assert PAGE in box.exec("visitor", f"wget -q -O - http://{address}/").out

    def captured():
        text = box.docker("logs", "monitor").out
        return text if PAGE in text else None

    text = kernel.wait_for(captured, what="the page in the capture")
    assert re.search(rf"{re.escape(visitor)}\.\d+ > {re.escape(address)}\.80: Flags \[S\]", text) and "GET / HTTP/1.1" in text
