"""Fails when a source file includes a layer that it may not (the table of ARCHITECTURE.md)."""
import pathlib
import re
import sys

MAY_USE = {
    "base": set(),
    "wire": {"base"},
    "ports": {"base"},
    "engine": {"base", "ports"},
    "adapters/linux": {"base", "wire", "ports"},
    "adapters/sqlite": {"base", "wire", "ports"},
    "adapters/oci": {"base", "wire", "ports"},
    "doors/docker": {"base", "wire", "engine", "ports"},
    "doors/dns": {"base", "wire", "engine", "ports"},
}
FREE = {"daemon", "cli"}
ASIO_IN = ("adapters/oci", "adapters/etcd", "doors/", "daemon")


def layer_of(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("adapters", "doors") else parts[0]


def main(root: pathlib.Path) -> int:
    wrong, files = [], 0
    for file in sorted((root / "src").rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        files += 1
        here = layer_of(file.relative_to(root / "src").as_posix())
        if here not in MAY_USE and here not in FREE:
            wrong.append(f"{file}: folder {here} stands in no row of the table")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            ours = re.match(r'#include "([^"]+)"', line)
            if ours and here not in FREE:
                there = layer_of(ours.group(1))
                if there != here and there not in MAY_USE[here]:
                    wrong.append(f"{file}:{number}: {here} may not include {there}")
            if re.match(r"#include <boost/(asio|beast)", line) and not here.startswith(ASIO_IN):
                wrong.append(f"{file}:{number}: Asio and Beast belong to {', '.join(ASIO_IN)}")
    for line in wrong:
        print(line)
    print(f"{files} files, {len(wrong)} arrows that run up")
    return 1 if wrong or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
