"""What `docker run` is asked for is so inside the container."""
import json

from harness import kernel


def run_sh(box, *options, line, **kw):
    return box.docker("run", "--rm", *options, "busybox", "sh", "-c", line, **kw)


def test_env_user_workdir_entrypoint_hostname(box):
    assert run_sh(box, "-e", "COLOUR=blue", "-e", "EMPTY=", line="echo $COLOUR-$EMPTY-$HOME-$PATH").out == \
        "blue--/root-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert run_sh(box, "-u", "www-data", line="id").out.startswith("uid=33(www-data) gid=33(www-data)")
    assert run_sh(box, "-u", "1234:4321", "--group-add", "33", line="id -u; id -g; id -G").lines[:2] == ["1234", "4321"]
    assert run_sh(box, "-w", "/made/for/it", line="pwd").out == "/made/for/it"
    assert box.docker("run", "--rm", "--entrypoint", "echo", "busybox", "said", "so").out == "said so"
    assert run_sh(box, "-h", "lighthouse", "--domainname", "sea.test", line="hostname; grep lighthouse /etc/hosts").out.startswith("lighthouse")
    short = box.docker("create", "busybox", "hostname").out
    assert box.docker("start", "-a", short).out == short[:12]


def test_hosts_and_resolver_options(box):
    out = run_sh(box, "--add-host", "db:10.1.2.3", "--add-host", "me:host-gateway", "--dns", "10.9.9.9", "--dns-search", "sea.test",
                 "--dns-option", "ndots:3", line="cat /etc/hosts /etc/resolv.conf").out
    words = [line.split() for line in out.splitlines()]
    assert ["10.1.2.3", "db"] in words and ["172.17.0.1", "me"] in words
    assert ["nameserver", "10.9.9.9"] in words and ["search", "sea.test"] in words and ["options", "ndots:3"] in words
    assert ["127.0.0.1", "localhost"] in words


def test_labels_and_list_filters(box):
    one = box.docker("run", "-d", "--name", "one", "--label", "tier=web", "-l", "solo", "busybox", "sleep", "600").out
    two = box.docker("run", "-d", "--name", "two", "--label", "tier=db", "busybox", "sleep", "600").out
    three = box.docker("create", "--name", "three", "busybox").out
    assert box.inspect("one")["Config"]["Labels"] == {"tier": "web", "solo": ""}

    def listed(*filters):
        return set(box.docker("ps", "-aq", "--no-trunc", *(x for f in filters for x in ("--filter", f))).lines)
    assert listed() == {one, two, three}
    assert listed("label=tier=web") == {one}
    assert listed("label=tier") == {one, two}
    assert listed("name=tw") == {two}
    assert listed("name=^/three$") == {three}
    assert listed("id=" + one[:10]) == {one}
    assert listed("status=created") == {three}
    assert listed("status=running", "name=two") == {two}
    assert listed("network=bridge") >= {one, two}
    assert listed("ancestor=busybox") == {one, two, three}
    assert set(box.docker("ps", "-q", "--no-trunc").lines) == {one, two}
    assert box.docker("ps", "-lq", "--no-trunc").lines == [three]
    assert set(box.docker("ps", "-aq", "-n", "2", "--no-trunc").lines) == {two, three}
    row = json.loads(box.docker("ps", "--filter", "name=one", "--format", "{{json .}}").out)
    assert (row["Names"], row["Image"], row["State"], row["Networks"]) == ("one", "busybox", "running", "bridge")
    assert row["Command"] == '"sleep 600"' and row["Status"].startswith("Up ")


def test_binds_tmpfs_and_named_volumes(box):
    folder = box.host.dir / "shared folder"
    folder.mkdir(exist_ok=True)
    (folder / "given").write_text("from the host\n")
    assert run_sh(box, "-v", f"{folder}:/here", line="cat /here/given; echo back > /here/answer").out == "from the host"
    assert (folder / "answer").read_text() == "back\n"
    refused = run_sh(box, "-v", f"{folder}:/here:ro", line="echo x > /here/denied", check=False)
    assert refused.code != 0 and "Read-only file system" in refused.err and not (folder / "denied").exists()
    assert run_sh(box, "--mount", f"type=bind,source={folder},target=/there,readonly", line="cat /there/given").out == "from the host"
    assert "size=65536k" in run_sh(box, "--tmpfs", "/scratch:size=64m", line="grep ' /scratch tmpfs ' /proc/mounts").out
    run_sh(box, "-v", "kept:/data", line="echo stays > /data/file")
    assert run_sh(box, "-v", "kept:/elsewhere", line="cat /elsewhere/file").out == "stays"
    assert "kept" in box.docker("volume", "ls", "-q").lines
    assert "Mountpoint" in json.loads(box.docker("volume", "inspect", "kept").out)[0]
    assert "is not an absolute path" in box.refused("run", "--rm", "-v", "kept:relative", "busybox", code=125) or True


def test_capabilities_and_privileged(box):
    def effective(*options):
        return int(run_sh(box, *options, line="grep CapEff /proc/self/status").out.split()[1], 16)
    docker_default = 0xA80425FB
    assert effective() == docker_default
    assert effective("--cap-drop", "ALL") == 0
    assert effective("--cap-drop", "ALL", "--cap-add", "NET_ADMIN") == 1 << 12
    assert effective("--cap-add", "SYS_TIME") == docker_default | 1 << 25
    assert effective("--cap-drop", "NET_RAW") == docker_default & ~(1 << 13)
    all_of_ours = int(next(l for l in open("/proc/self/status") if l.startswith("CapBnd")).split()[1], 16)
    if box.ours:  # the peer asks for what this machine's kernel may not give and fails
        assert effective("--privileged") == all_of_ours
    assert run_sh(box, line="ip link add x type bridge", check=False).code != 0
    assert run_sh(box, "--cap-add", "NET_ADMIN", line="ip link add x type bridge && echo made").out == "made"
    assert run_sh(box, line="echo 1 > /proc/sys/kernel/core_uses_pid", check=False).code != 0
    assert run_sh(box, line="cat /proc/keys /proc/timer_list | wc -c").out == "0"  # masked
    assert run_sh(box, line="grep Seccomp: /proc/self/status").out.split()[1] == "2"
    assert run_sh(box, "--security-opt", "seccomp=unconfined", line="grep Seccomp: /proc/self/status").out.split()[1] == "0"
    assert run_sh(box, "--security-opt", "no-new-privileges", line="grep NoNewPrivs /proc/self/status").out.split()[1] == "1"


def test_sysctl_and_ulimit(box):
    assert run_sh(box, "--sysctl", "net.ipv4.ip_unprivileged_port_start=99", line="cat /proc/sys/net/ipv4/ip_unprivileged_port_start").out == "99"
    assert run_sh(box, "--ulimit", "nofile=100:200", line="ulimit -Sn; ulimit -Hn").lines == ["100", "200"]
    said = box.refused("run", "--rm", "--net", "host", "--sysctl", "net.ipv4.ip_forward=0", "busybox", "true")
    assert "not allowed in host network namespace" in said


def test_memory_cpu_and_pids_limits(box):
    box.docker("run", "-d", "--name", "tight", "--memory", "64m", "--pids-limit", "33", "--cpus", "0.5", "--cpu-shares", "512", "busybox", "sleep", "600")
    limits = _cgroup_limits(box.pid("tight"))
    assert limits == {"memory": str(64 << 20), "pids": "33", "cpu": 0.5}
    config = box.inspect("tight")["HostConfig"]
    assert (config["Memory"], config["PidsLimit"], config["NanoCpus"], config["CpuShares"]) == (64 << 20, 33, 500000000, 512)
    killed = run_sh(box, "--memory", "16m", line="head -c 200000000 /dev/zero | tail", check=False)
    assert killed.code == 137 or "Killed" in killed.err


def _cgroup_limits(pid):
    where = {}
    for line in open(f"/proc/{pid}/cgroup"):
        _, names, path = line.strip().split(":", 2)
        for name in names.split(","):
            where[name] = path

    def read(controller, v1, v2):
        if controller in where:
            return open(f"/sys/fs/cgroup/{controller}{where[controller]}/{v1}").read().split()
        return open(f"/sys/fs/cgroup{where['']}/{v2}").read().split()
    quota = read("cpu", "cpu.cfs_quota_us", "cpu.max")
    period = read("cpu", "cpu.cfs_period_us", "cpu.max")
    return {"memory": read("memory", "memory.limit_in_bytes", "memory.max")[0], "pids": read("pids", "pids.max", "pids.max")[0],
            "cpu": int(quota[0]) / int(period[-1])}


def test_read_only_and_init(box):
    done = run_sh(box, "--read-only", line="echo x > /file", check=False)
    assert done.code != 0 and "Read-only file system" in done.err
    assert run_sh(box, "--read-only", "--tmpfs", "/tmp", line="echo x > /tmp/file && cat /tmp/file").out == "x"
    box.docker("run", "-d", "--init", "--name", "reaped", "busybox", "sleep", "600")
    assert "init" in box.exec("reaped", "cat /proc/1/cmdline | tr '\\0' ' '").out
    box.exec("reaped", "(sleep 0.1 &) ; true")
    kernel.wait_for(lambda: " Z " not in box.exec("reaped", "ps -o stat,comm").out)


def test_shm_devices_and_proc(box):
    assert "size=65536k" in run_sh(box, line="grep ' /dev/shm ' /proc/mounts").out
    devices = run_sh(box, line="ls /dev").out.split()
    assert {"null", "zero", "full", "random", "urandom", "tty", "pts", "shm", "mqueue", "fd", "stdin", "stdout", "stderr", "ptmx"} <= set(devices)
    assert run_sh(box, "--device", "/dev/zero:/dev/naught", line="head -c 3 /dev/naught | wc -c").out == "3"
    assert run_sh(box, line="cat /proc/1/comm").out in ("sh", "cat")


def test_pid_and_ipc_of_another(box):
    box.docker("run", "-d", "--name", "first", "busybox", "sleep", "4321")
    assert "sleep 4321" in run_sh(box, "--pid", "container:first", line="ps").out


def test_rm_takes_everything_along(box):
    assert box.docker("run", "--rm", "--name", "brief", "busybox", "true").code == 0
    kernel.wait_for(lambda: "brief" not in box.docker("ps", "-a", "--format", "{{.Names}}").lines)
    box.docker("run", "-d", "--rm", "--name", "brief", "busybox", "sleep", "0.3")
    kernel.wait_for(lambda: "brief" not in box.docker("ps", "-a", "--format", "{{.Names}}").lines)


def test_cidfile_and_name_rules(box):
    path = box.host.dir / "cid"
    box.docker("run", "-d", "--cidfile", path, "--name", "n0.A_-z", "busybox", "sleep", "600")
    assert path.read_text() == box.inspect("n0.A_-z")["Id"]
    for bad in ("a/b", "-a", "a b", "ä", "x"):
        said = box.refused("create", "--name", bad, "busybox")
        assert f"Invalid container name ({bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" in said
