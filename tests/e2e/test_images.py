"""Images: import, load, save, tag, list, inspect, history, rm, prune."""
import io
import json
import tarfile

from harness.image import add_file


def small_tar(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            add_file(tar, name, text.encode())
    return out.getvalue()


def test_list_and_inspect(box):
    rows = [json.loads(line) for line in box.docker("image", "ls", "--no-trunc", "--format", "{{json .}}").lines]
    busybox = next(r for r in rows if r["Repository"] == "busybox")
    assert busybox["Tag"] == "latest" and busybox["ID"].startswith("sha256:")
    image = box.inspect("busybox", "image")
    assert image["Id"] == busybox["ID"] and "busybox:latest" in image["RepoTags"]
    assert (image["Os"], image["Architecture"], image["Config"]["Cmd"]) == ("linux", "amd64", ["sh"])
    assert image["RootFS"]["Type"] == "layers" and len(image["RootFS"]["Layers"]) >= 1 and image["Size"] > 1000000
    assert box.inspect(image["Id"][7:19], "image")["Id"] == image["Id"]
    history = box.docker("history", "--no-trunc", "--format", "{{json .}}", "busybox").lines
    assert len(history) == len(image["RootFS"]["Layers"]) or len(history) >= 1


def test_import_run_and_remove(box):
    made = box.docker("import", "-c", 'ENV A=b', "-c", "WORKDIR /w", "-m", "by hand", "-", "hand:v1", input=small_tar(hello="hi there\n")).out
    assert made.startswith("sha256:")
    config = box.inspect("hand:v1", "image")["Config"]
    assert "A=b" in config["Env"] and config["WorkingDir"] == "/w"
    assert "by hand" in box.docker("history", "hand:v1").out
    box.docker("create", "--name", "uses", "hand:v1", "/nothing")
    said = box.refused("rmi", "hand:v1")
    assert "conflict" in said and "container" in said and box.inspect("uses")["Id"][:12] in said
    box.docker("rm", "uses")
    removed = box.docker("rmi", "hand:v1").out
    assert "Untagged: hand:v1" in removed and f"Deleted: {made}" in removed
    assert "No such image: hand:v1" in box.refused("inspect", "--type", "image", "hand:v1")


def test_tag_save_load(box):
    box.docker("tag", "busybox", "harbour.test:5000/team/tool:7")
    image = box.inspect("busybox", "image")
    assert box.inspect("harbour.test:5000/team/tool:7", "image")["Id"] == image["Id"]
    saved = box.docker("save", "harbour.test:5000/team/tool:7", timeout=60).raw_out
    with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        assert manifest[0]["RepoTags"] == ["harbour.test:5000/team/tool:7"]
        assert len(manifest[0]["Layers"]) == len(image["RootFS"]["Layers"])
        assert json.load(tar.extractfile(manifest[0]["Config"]))["rootfs"]["diff_ids"] == image["RootFS"]["Layers"]
    assert box.docker("rmi", "harbour.test:5000/team/tool:7").out == "Untagged: harbour.test:5000/team/tool:7"
    assert "Loaded image: harbour.test:5000/team/tool:7" in box.docker("load", input=saved).out
    assert box.inspect("harbour.test:5000/team/tool:7", "image")["Id"] == image["Id"]
    assert box.docker("run", "--rm", "harbour.test:5000/team/tool:7", "echo", "runs").out == "runs"
    box.docker("rmi", "harbour.test:5000/team/tool:7")


def layered_archive():
    """An image of two layers as `docker save` writes it, the upper hiding a file, emptying a folder, and linking."""
    import hashlib
    lower, upper = io.BytesIO(), io.BytesIO()
    from harness.image import busybox_tar
    with tarfile.open(fileobj=io.BytesIO(busybox_tar())) as source, tarfile.open(fileobj=lower, mode="w") as tar:
        for entry in source:
            tar.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
        for name in ("keep", "hide", "folder/old"):
            add_file(tar, name, name.encode())
    with tarfile.open(fileobj=upper, mode="w") as tar:
        for name in (".wh.hide", "folder/.wh..wh..opq", "folder/new", "body"):
            add_file(tar, name, b"" if ".wh." in name else name.encode())
        for name, kind, target in (("hard", tarfile.LNKTYPE, "body"), ("soft", tarfile.SYMTYPE, "/keep")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            tar.addfile(entry)
    layers = [lower.getvalue(), upper.getvalue()]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"], "Env": ["FROM=archive"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(l).hexdigest() for l in layers]}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        add_file(tar, name, config)
        for i, layer in enumerate(layers):
            add_file(tar, f"{i}/layer.tar", layer)
        add_file(tar, "manifest.json", json.dumps([{"Config": name, "RepoTags": ["layered:1"], "Layers": ["0/layer.tar", "1/layer.tar"]}]).encode())
    return out.getvalue()


def test_layers_whiteouts_and_links(box):
    box.docker("load", input=layered_archive())
    seen = box.docker("run", "--rm", "layered:1", "sh", "-c", "ls /folder; ls /hide; cat /keep /hard /soft; stat -c %h /body; echo $FROM", check=False)
    assert seen.out.split() == ["new", "keepbodykeep2", "archive"], seen.out
    assert "No such file" in seen.err
    assert len(box.inspect("layered:1", "image")["RootFS"]["Layers"]) == 2
    box.docker("rmi", "layered:1")


def test_writes_stay_in_the_container(box):
    box.docker("run", "--name", "writer", "busybox", "sh", "-c", "echo mine > /etc/passwd; rm /bin/ls")
    assert box.docker("run", "--rm", "busybox", "sh", "-c", "ls /bin/ls; head -c 4 /etc/passwd").out.split() == ["/bin/ls", "root"]


def test_prune_takes_only_the_untagged(box):
    box.docker("import", "-", "gone:1", input=small_tar(a="1"))
    first = box.inspect("gone:1", "image")["Id"]
    box.docker("import", "-", "gone:1", input=small_tar(a="2"))
    assert first in box.docker("images", "-q", "--no-trunc", "--filter", "dangling=true").lines
    assert first in box.docker("image", "prune", "-f").out
    assert first not in box.docker("images", "-aq", "--no-trunc").lines
    assert box.inspect("gone:1", "image") and box.inspect("busybox", "image")
    box.docker("rmi", "gone:1")


def test_missing_image(box):
    assert "No such image: nosuch:latest" in box.refused("create", "--pull", "never", "nosuch")
    assert "nosuch" in box.refused("rmi", "nosuch")
    assert "invalid reference format" in box.refused("tag", "busybox", "UPPER//bad")
    assert "must be lowercase" in box.refused("create", "Busybox")
