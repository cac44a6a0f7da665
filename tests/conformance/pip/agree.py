"""Generated sets of requirement files: is what cachepredict reads what pip reads?

usage: agree.py DRIVER [-n SETS] [-seed N] [-v]     exit 1: differences
"""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import generate
import reference


def write_set(root, files):
    for folder in generate.FOLDERS:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
        with open(os.path.join(root, folder, "pyproject.toml"), "w"):
            pass
    with open(os.path.join(root, "pyproject.toml"), "w"):
        pass
    for name, data in files.items():
        with open(os.path.join(root, name), "wb") as f:
            f.write(data)


def clear(root):
    for name in os.listdir(root):
        path = os.path.join(root, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def packed(data):
    return struct.pack("<I", len(data)) + data


def read_ours(driver, sets):
    given = b"".join(packed(b"".join(packed(name.encode()) + packed(data) for name, data in files.items())) for files in sets)
    return map(json.loads, subprocess.run([driver], input=given, stdout=subprocess.PIPE, check=True).stdout.splitlines())


def text(s):
    """The driver writes each byte as one character."""
    return s.encode("latin-1").decode("utf-8", "replace")


def settings_of(options):
    out = {"index-url": None, "extra-index-url": [], "no-index": False, "find-links": [], "prefer-binary": False, "pre": False,
           "require-hashes": False, "no-require-hashes": False, "trusted-host": [], "use-feature": []}
    for name, value in options:
        name = "index-url" if name == "pypi-url" else name
        if isinstance(out.get(name), list):
            out[name].append(value)
        elif isinstance(out.get(name), bool):
            out[name] = True
        elif name in out:
            out[name] = value
    return out


class Comparison:
    def __init__(self):
        self.of_canonical, self.of_identity = {}, {}
        self.counts = {"requirements": 0, "options": 0, "bad lines": 0, "undecodable": 0, "folders that are not there": 0, "sets whole": 0}

    def items(self, path, ours, theirs):
        if [i["line"] for i in ours] != [i["line"] for i in theirs]:
            yield "%s: lines of requirements: ours %s, pip %s" % (path, [i["line"] for i in ours], [i["line"] for i in theirs])
            return
        for a, b in zip(ours, theirs):
            self.counts["requirements"] += 1
            where = "%s:%d %s" % (path, a["line"], text(a["canonical"]))
            if bool(a["editable"]) != b["editable"]:
                yield "%s: editable" % where
            if bool(a["named"]) != (b["name"] is not None):
                yield "%s: named, pip %s" % (where, b["name"])
            elif a["named"] and text(a["key"]) != b["identity"][1]:
                yield "%s: name, pip %s" % (where, b["name"])
            if (a["kind"] == 0) != (b["link"] is None):
                yield "%s: kind %d, pip %s" % (where, a["kind"], b["link"])
            if a["hashes"] != len(b["identity"][6]):
                yield "%s: hashes, pip %s" % (where, b["identity"][6])
            yield from self.meaning(where, text(a["canonical"]), a, b["identity"])

    def meaning(self, where, canonical, a, identity):
        """One text for one meaning, and one meaning for one text."""
        known = self.of_canonical.setdefault(canonical, identity)
        if known != identity:
            yield "%s: one text for two meanings: %s and %s" % (where, known, identity)
        if a["kind"] == 2 or "../" in canonical or "\\" in canonical:
            return  # ./x and x are one folder, which nobody needs
        known = self.of_identity.setdefault(identity, canonical)
        if known != canonical:
            yield "%s: two texts for one meaning: %s" % (where, known)

    def options(self, path, ours, lines):
        by_line = {}
        for o in ours:
            self.counts["options"] += 1
            by_line.setdefault(o["line"], []).append((o["name"], text(o["value"])))
        for line in set(by_line) - set(lines):
            yield "%s:%d: options on a line that pip does not read" % (path, line)
        for line, effect in lines.items():
            options = by_line.get(line, [])
            if reference.apply_controls(options) != effect["controls"]:
                yield "%s:%d: %s, pip %s" % (path, line, options, effect["controls"])
            includes = [v for n, v in options if n in ("requirement", "constraint")]
            if includes != ([effect["include"]] if "include" in effect else []):
                yield "%s:%d: includes %s, pip %s" % (path, line, includes, effect.get("include"))
            if "settings" in effect and settings_of(options) != effect["settings"]:
                yield "%s:%d: %s, pip %s" % (path, line, settings_of(options), effect["settings"])

    def forget_folders(self, ours, theirs, bad):
        """Whether a folder is there when the image is built is not known before: pip sees that it is not, here."""
        absent = set()
        for f in ours["files"]:
            for item in [i for i in f.get("items", []) if i["kind"] == 2]:
                at = text(f["path"]), item["line"]
                why = theirs.problems.get(at, "")
                if ("Invalid requirement" in why or "should either be a path" in why or "is not installable" in why):
                    f["items"].remove(item)
                    absent.add(at)
        self.counts["folders that are not there"] += len(absent)
        for at in absent - set(bad):
            del theirs.problems[at]

    def set(self, ours, theirs):
        if "reject" in ours:
            yield "rejected: %s" % ours
            return
        a = [(text(f["path"]), bool(f["constraint"]), bool(f["read"])) for f in ours["files"]]
        b = [(f["path"], f["constraint"], f["read"]) for f in theirs.files]
        broken = {text(p["file"]) for p in ours["problems"]} & theirs.undecodable
        self.counts["undecodable"] += len(theirs.undecodable)
        if broken != theirs.undecodable:
            yield "not decoded by pip: %s" % (theirs.undecodable - broken)
        if theirs.undecodable:
            return  # pip reads nothing of it, nor of what it includes
        bad = {(text(p["file"]), p["line"]): text(p["message"]) for p in ours["problems"]}
        self.forget_folders(ours, theirs, bad)
        for at in sorted(set(bad) ^ set(theirs.problems)):
            yield "%s:%d: ours %s, pip %s" % (*at, bad.get(at), theirs.problems.get(at))
        self.counts["bad lines"] += len(bad)
        if a != b:
            yield "files: ours %s, pip %s" % (a, b)
            return
        for f, g in zip(ours["files"], theirs.files):
            if g["read"]:
                yield from self.items(g["path"], f["items"], g["items"])
                yield from self.options(g["path"], f["options"], g["lines"])

    def whole(self, root, theirs):
        """The loop of reference.py and pip's own come to the same."""
        if any(not f["read"] for f in theirs.files):
            return
        got, error = reference.whole(root)
        if (error is not None) != bool(theirs.problems):
            yield "pip's own loop: %s, line by line: %s" % (error, theirs.problems)
        elif error is None:
            self.counts["sets whole"] += 1
            wanted = {(f["constraint"], i["identity"]) for f in theirs.files for i in f["items"]}
            if set(got) != wanted:
                yield "pip's own loop reads other requirements"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("driver")
    p.add_argument("-n", type=int, default=1000)
    p.add_argument("-seed", type=int, default=1)
    p.add_argument("-v", action="store_true")
    args = p.parse_args()
    comparison, differing, shown = Comparison(), 0, 0
    args.driver = os.path.abspath(args.driver)
    root = os.path.realpath(tempfile.mkdtemp(prefix="cachepredict-pip-"))
    os.chdir(root)
    for name in list(os.environ):
        if name.isupper() and name not in ("PATH", "HOME", "LANG", "TMPDIR"):
            del os.environ[name]  # pip puts variables into the lines
    sets = [generate.Generator(random.Random("%d/%d" % (args.seed, i))).set() for i in range(args.n)]
    for i, (files, ours) in enumerate(zip(sets, read_ours(args.driver, sets), strict=True)):
        clear(root)
        write_set(root, files)
        theirs = reference.read_set(root)
        found = [*comparison.whole(root, theirs), *comparison.set(ours, theirs)]
        differing += bool(found)
        for line in found[:5] if shown < 40 or args.v else []:
            print("set %d: %s" % (i, line))
            shown += 1
    shutil.rmtree(root)
    print(", ".join("%d %s" % (n, what) for what, n in comparison.counts.items()))
    print("%d sets, %d differ" % (args.n, differing))
    return differing > 0


if __name__ == "__main__":
    sys.exit(main())
