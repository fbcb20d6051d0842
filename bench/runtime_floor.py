#!/usr/bin/env python3
"""Where a container's start time goes below the daemon: runc alone, and runc under conmon.

Makes a bundle out of the static busybox, gives it Docker's default settings piece by piece, and times `create` and the
release of the process. Run as root: `unshare -m bench/runtime_floor.py [rounds]`. Every figure is a median over the rounds in ms;
the variants take turns within each round, so that a noisy moment hits all of them.
"""
import json, os, shutil, statistics, subprocess, sys, tempfile, time, uuid

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
WORK = tempfile.mkdtemp(prefix="runtime-floor-")
ROOT = f"{WORK}/rootfs"
STATE = f"{WORK}/state"
CAPS = ("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT "
        "KILL AUDIT_WRITE").split()


def make_root():
    for folder in "bin etc proc sys dev tmp".split():
        os.makedirs(f"{ROOT}/{folder}")
    shutil.copy("/bin/busybox", f"{ROOT}/bin/busybox")
    for name in ("sh", "sleep", "true"):
        os.symlink("busybox", f"{ROOT}/bin/{name}")


def seccomp(archs):
    profile = json.load(open("/usr/share/containers/seccomp.json"))
    caps, out = {"CAP_" + c for c in CAPS}, []
    for rule in profile["syscalls"]:
        inc, exc = rule.get("includes") or {}, rule.get("excludes") or {}
        if inc.get("arches") and "amd64" not in inc["arches"] or "amd64" in exc.get("arches", []):
            continue
        if not set(inc.get("caps", [])) <= caps or set(exc.get("caps", [])) & caps:
            continue
        one = {"names": rule["names"], "action": rule["action"], "args": rule.get("args") or []}
        if "errnoRet" in rule:
            one["errnoRet"] = rule["errnoRet"]
        out.append(one)
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": archs, "syscalls": out}


ALL_ARCHS = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]


def spec(cgroups=True, filter_archs=None, masks=True, mounts=True, namespaces=("pid", "mount", "ipc", "uts", "network"), resources=True):
    caps = ["CAP_" + c for c in CAPS]
    base = [("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
            ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"])]
    more = [("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
            ("/sys/fs/cgroup", "cgroup", "cgroup", ["ro", "nosuid", "noexec", "nodev"]),
            ("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
            ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"])]
    linux = {"namespaces": [{"type": n} for n in namespaces], "cgroupsPath": f"/runtime-floor/{uuid.uuid4().hex}"}
    if resources:
        linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    if masks:
        linux["maskedPaths"] = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
        linux["readonlyPaths"] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    if filter_archs:
        linux["seccomp"] = seccomp(filter_archs)
    all_mounts = base + (more if mounts else [])
    if not cgroups:
        all_mounts = [m for m in all_mounts if m[0] != "/sys/fs/cgroup"]
    return {"ociVersion": "1.0.2", "root": {"path": ROOT}, "hostname": "floor", "linux": linux,
            "process": {"args": ["sleep", "1000"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
                        "capabilities": {k: caps for k in ("bounding", "effective", "permitted")}},
            "mounts": [{"destination": d, "type": t, "source": s, "options": o} for d, t, s, o in all_mounts]}


def now():
    return time.perf_counter() * 1000


def release(how, ident):
    if how == "fifo":
        fd = os.open(f"{STATE}/{ident}/exec.fifo", os.O_RDONLY)
        os.read(fd, 1)
        os.close(fd)
        os.unlink(f"{STATE}/{ident}/exec.fifo")
    else:
        subprocess.run(["runc", "--root", STATE, "start", ident], check=True)


def create_bare(ident, bundle, env, extra):
    subprocess.run(["runc", *extra.get("global", []), "--root", STATE, "create", *extra.get("create", []), "--bundle", bundle,
                    "--pid-file", f"{bundle}/pid", ident],
                   check=True, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def create_conmon(ident, bundle, env, extra):
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    arguments = ["conmon", "--api-version", "1", "-c", ident, "-u", ident, "-r", "/usr/sbin/runc", "-b", bundle, "-p", f"{bundle}/pid",
                 "--exit-dir", f"{WORK}/exits", "-l", f"k8s-file:{bundle}/log", "--socket-dir-path", f"{WORK}/sock",
                 "--runtime-arg", "--root", "--runtime-arg", STATE, *extra.get("conmon", [])]
    child = subprocess.Popen(arguments, env=dict(env, _OCI_SYNCPIPE=str(write_end)), close_fds=False, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write_end)
    answer = b""
    while b"\n" not in answer:
        part = os.read(read_end, 4096)
        if not part:
            break
        answer += part
    assert json.loads(answer)["data"] > 0, answer
    os.close(read_end)
    return child


def one(variant):
    ident = "f" + uuid.uuid4().hex
    bundle = f"{WORK}/{ident}"
    os.makedirs(bundle)
    with open(f"{bundle}/config.json", "w") as file:
        json.dump(spec(**variant.get("spec", {})), file)
    env = {"PATH": os.environ["PATH"], **variant.get("env", {})}
    create = create_conmon if variant.get("conmon") else create_bare
    begin = now()
    child = create(ident, bundle, env, variant.get("extra", {}))
    middle = now()
    release(variant.get("release", "start"), ident)
    pid = int(open(f"{bundle}/pid").read())
    while os.readlink(f"/proc/{pid}/exe").endswith("runc") or "runc" in open(f"/proc/{pid}/comm").read():
        time.sleep(0.0001)
    end = now()
    subprocess.run(["runc", "--root", STATE, "delete", "-f", ident], check=True)
    if child:
        child.wait()
    shutil.rmtree(bundle)
    return middle - begin, end - middle, end - begin


full = {"filter_archs": ALL_ARCHS}
VARIANTS = {
    "no cgroup mounts, filter, masks": {"spec": {"cgroups": False, "masks": False, "mounts": False}},
    "+ Docker's mounts": {"spec": {"masks": False, "cgroups": False}},
    "+ cgroup mount": {"spec": {"masks": False}},
    "+ masked paths": {"spec": {}},
    "+ seccomp, native only": {"spec": {"filter_archs": ALL_ARCHS[:1]}},
    "+ seccomp, native and i386": {"spec": {"filter_archs": ALL_ARCHS[:2]}},
    "+ seccomp, three ABIs (= Docker's settings)": {"spec": full},
    "Docker's settings, exec.fifo": {"spec": full, "release": "fifo"},
    "  and GOGC=off": {"spec": full, "release": "fifo", "env": {"GOGC": "off"}},
    "  and GOMAXPROCS=1": {"spec": full, "release": "fifo", "env": {"GOMAXPROCS": "1"}},
    "  and both": {"spec": full, "release": "fifo", "env": {"GOMAXPROCS": "1", "GOGC": "off"}},
    "  and --no-new-keyring": {"spec": full, "release": "fifo", "extra": {"create": ["--no-new-keyring"]}},
    "under conmon, runc start": {"spec": full, "conmon": True},
    "under conmon, exec.fifo": {"spec": full, "conmon": True, "release": "fifo"},
    "under conmon, exec.fifo, GOGC=off": {"spec": full, "conmon": True, "release": "fifo", "env": {"GOGC": "off"}},
}


def main():
    make_root()
    for folder in ("exits", "sock"):
        os.makedirs(f"{WORK}/{folder}")
    chosen = {name: v for name, v in VARIANTS.items() if ONLY in name}
    times = {name: [] for name in chosen}
    try:
        for _ in range(ROUNDS):
            for name, variant in chosen.items():
                times[name].append(one(variant))
        version = subprocess.run(["runc", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
        print(f"{version}, kernel {os.uname().release}, {ROUNDS} rounds, medians in ms\n")
        print("| settings | create | release | both | slowest |\n|---|---|---|---|---|")
        for name, rows in times.items():
            create, start, both = (statistics.median(column) for column in zip(*rows))
            print(f"| {name} | {create:.1f} | {start:.1f} | {both:.1f} | {max(r[2] for r in rows):.1f} |")
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
        for line in open("/proc/self/mountinfo"):
            fields, kind = line.split(" - ")
            if kind.startswith("cgroup"):
                try:
                    os.rmdir(fields.split()[4] + "/runtime-floor")
                except OSError:
                    pass


main()
