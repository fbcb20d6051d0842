"""The busybox image for a daemon that has no bootstrap of its own."""
import io
import tarfile

from .shell import run

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
                  "www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n",
}


def busybox_tar():
    """A root filesystem as a tar: Debian's static busybox and a link for each of its applets."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("root", 0o700), ("tmp", 0o1777), ("home", 0o755), ("var/www", 0o755)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        with open("/bin/busybox", "rb") as program:
            add_file(tar, "bin/busybox", program.read(), 0o755)
        for applet in run("/bin/busybox", "--list").lines:
            if applet != "busybox":
                entry = tarfile.TarInfo("bin/" + applet)
                entry.type, entry.linkname, entry.mode = tarfile.LNKTYPE, "bin/busybox", 0o755
                tar.addfile(entry)
        for name, text in FILES.items():
            add_file(tar, name, text.encode())
    return out.getvalue()


def add_file(tar, name, data, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))
