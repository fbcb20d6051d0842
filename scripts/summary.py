"""Adds up JUnit-like results: prints failures, why tests were skipped, and one closing line. Fails when a test did."""
import pathlib
import sys
import xml.etree.ElementTree as xml


def cases(file):
    """(name, outcome, reason) of each case of one result file, of gtest, ctest or pytest."""
    for case in xml.parse(file).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            yield name, "failed", ""
        elif skipped is not None or case.get("result") == "skipped":
            reason = (skipped.get("message") if skipped is not None else "") or "no reason given"
            yield name, "skipped", reason.strip().splitlines()[-1]
        elif case.get("status") != "notrun" or case.get("result") == "completed":
            yield name, "passed", ""


def of_ctest(folder):
    """Single cases of the gtest programs, and the other programs as one case each."""
    found = []
    for program in xml.parse(folder / "ctest.junit").getroot().iter("testcase"):
        name, ran = program.get("name"), folder / f"{program.get('name')}.xml"
        inner = list(cases(ran)) if ran.exists() else []
        bad = program.get("status") == "fail"
        found += [(f"{folder.name}/{n}", o, r) for n, o, r in inner]
        # A program that crashed, or failed after its last case, has no case to show for it.
        if not inner or (bad and all(o != "failed" for _, o, _ in inner)):
            found.append((f"{folder.name}/{name}", "failed" if bad else "passed", ""))
    return found


def main(root):
    found, missing = [], []
    # The machine of tests/vm says in a case of its own whether it ran, or why not.
    machine = list(cases(root / "vm/machine.xml")) if (root / "vm/machine.xml").exists() else []
    inside = ["vm"] if machine and all(outcome != "skipped" for _, outcome, _ in machine) else []
    found += machine
    for folder in ("plain", "asan", *inside):
        if (root / folder / "ctest.junit").exists():
            found += of_ctest(root / folder)
        else:
            missing.append(f"{folder} tests left no result")
    for folder in ("", *inside):
        where = root / folder / "pytest.xml"
        if where.exists():
            found += [(f"{folder}/{name}" if folder else name, outcome, reason) for name, outcome, reason in cases(where)]
        else:
            missing.append(f"pytest left no result in {where}")
    found += [(what, "failed", "") for what in missing]
    count = {outcome: sum(o == outcome for _, o, _ in found) for outcome in ("passed", "failed", "skipped")}
    for name, outcome, reason in found:
        if outcome != "passed":
            print(f"{outcome}: {name}{': ' + reason if reason else ''}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
