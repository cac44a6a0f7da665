"""Does pip read the same before and after a split? Generated histories of a file, and the heads of real ones.

usage: split.py HELPER [-n HISTORIES] [-seed N] [-mirror FOLDER]     exit 1: a set differs, or git refuses a patch

With -mirror the histories are those of ../churn/files.txt: FOLDER/owner+name/repo are git directories.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import reference

DOCKERFILE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt %s./\nRUN pip install -r requirements.txt\n"


class History:
    """A file of pins of which some move often, written as people and programs write such files."""

    def __init__(self, r):
        self.r = r
        self.hashes = r.random() < 0.3
        self.names = ["p%d" % i for i in range(r.randrange(3, 40))]
        self.versions = {n: 1 for n in self.names}
        self.rate = {n: r.choice([0, 0, 0.01, 0.02, 0.5]) for n in self.names}
        self.style = {n: self.make_style() for n in self.names}
        self.head = "".join(r.sample(["-i https://h/simple\n", "--extra-index-url https://g/simple\n", "--pre\n", "--no-binary :all:\n", "# head\n", "\n",
                                      "--find-links ./wheels --trusted-host h\n"], r.randrange(4)))
        self.constraints = r.random() < 0.3
        self.end = r.choice(["\n", "\n", "\n", "\r\n"])
        self.last_end = r.random() < 0.8

    def make_style(self):
        r = self.r
        return {"spell": r.choice([str, str.upper]), "extra": r.choice(["", "", "", "[x]", "[y, x]"]), "above": r.choice(["", "", "", "# why\n", "\n", "\n# two\n# lines\n"]),
                "below": r.choice(["", "", "    # via app\n"]), "blank": r.choice(["", "", " "]), "tail": r.choice(["", "", "", "  # note"]),
                "marker": r.choice(["", "", "", " ; python_version < '4'"]), "url": r.random() < 0.05}

    def step(self):
        for n in self.names:
            self.versions[n] += self.r.random() < self.rate[n]

    def line(self, n):
        s, v = self.style[n], self.versions[n]
        if s["url"] and not self.hashes:
            return "%s%s @ https://h/%s-%d.zip%s\n" % (s["above"], s["spell"](n), n, v, s["tail"])
        text = "%s%s%s%s==%s1.%d%s" % (s["above"], s["spell"](n), s["extra"], s["blank"], s["blank"], v, s["marker"])
        if self.hashes:
            return text + " \\\n    --hash=sha256:%04x \\\n    --hash=sha256:%04x\n%s" % (v, v + 1, s["below"])
        return text + s["tail"] + "\n" + s["below"]

    def text(self):
        text = self.head + ("-c constraints.txt\n" if self.constraints else "") + "".join(map(self.line, self.names))
        text = text if self.last_end else text[:-1]
        return text.replace("\n", self.end)

    def files(self):
        out = {"requirements.txt": self.text(), "Dockerfile": DOCKERFILE % ("constraints.txt " if self.constraints else "")}
        if self.constraints:
            out["constraints.txt"] = "".join("%s<9\n" % n for n in self.names)
        return out


def git(repo, *args, **more):
    return subprocess.run(["git", "-C", repo, *args], capture_output=True, **more)


def commit_all(repo, versions):
    git(repo, "init", "-q", "-b", "main", check=True)
    stream = []
    for i, files in enumerate(versions):
        stream.append(b"commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\ndeleteall\n" % (1600000000 + i))
        stream += [b"M 100644 inline %s\ndata %d\n%s\n" % (p.encode(), len(t.encode()), t.encode()) for p, t in files.items()]
    git(repo, "fast-import", "--quiet", input=b"".join(stream), check=True)
    git(repo, "-c", "core.autocrlf=false", "checkout", "-q", "-f", "main", check=True)


def read(repo, name):
    """What pip would resolve: requirements, constraints, and the settings in their order for each file that has requirements."""
    os.chdir(repo)
    reader = reference.read_set(repo, name)
    sets = {False: [], True: []}
    settings = []
    for f in reader.files:
        if not f["read"]:
            continue
        sets[f["constraint"]] += [i["identity"] for i in f["items"]]
        if f["items"] and not f["constraint"]:
            settings.append([e.get("settings") or e["controls"] for _, e in sorted(f["lines"].items()) if "include" not in e and "settings" in e])
    return sorted(map(repr, sets[False])), sorted(map(repr, sets[True])), settings, reader.problems


def check(helper, repo, name, log):
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    out = subprocess.run([helper, "split", name, "--format", "json", "--offline"], cwd=repo, env=env, capture_output=True, text=True)
    answer = json.loads(out.stdout)
    if answer["patch"] is None:
        return answer["action"] if answer["action"] != "split" else "no patch"
    before = read(repo, name)
    r = git(repo, "apply", "--whitespace=nowarn", input=answer["patch"].encode())
    if r.returncode:
        log("git refuses the patch: %s" % r.stderr.decode())
        return "differs"
    after = read(repo, name)
    layers = [l["file"] for l in answer["layers"]]
    same = before[:2] == after[:2] and not after[3] and all(s == before[2][0] for s in after[2])
    if not same:
        log("another set after the split")
        return "differs"
    # every layer alone asks for what is in it and before it: the RUN of a layer names one file
    sizes = [len(read(repo, f)[0]) for f in layers]
    if sizes != sorted(sizes) or sizes[-1] != len(before[0]) or len(layers) != answer["patch"].count("\n+RUN ") + 1:
        log("layers of %s requirements" % sizes)
        return "differs"
    return "the same set"


def real_histories(mirror):
    """The versions of the real files, each with a Dockerfile that installs them."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "churn"))
    import churn

    for name, path in churn.wanted_files():
        repo = os.path.join(mirror, name.replace("/", "+"), "repo")
        if os.path.isdir(repo):
            texts = [t.decode("utf-8", "replace") for t in churn.versions(repo, path)]
            yield "%s %s" % (name, path), [{"requirements.txt": t, "Dockerfile": DOCKERFILE % ""} for t in texts]


def generated(n, seed):
    for i in range(n):
        r = random.Random("%d/%d" % (seed, i))
        history, versions = History(r), []
        for _ in range(r.randrange(10, 60)):
            versions.append(history.files())
            history.step()
        yield "history %d" % i, versions


def main():
    p = argparse.ArgumentParser()
    p.add_argument("helper")
    p.add_argument("-n", type=int, default=60)
    p.add_argument("-seed", type=int, default=1)
    p.add_argument("-mirror")
    args = p.parse_args()
    helper, counts = os.path.abspath(args.helper), {}
    for name, versions in real_histories(args.mirror) if args.mirror else generated(args.n, args.seed):
        with tempfile.TemporaryDirectory(prefix="cachepredict-split-") as repo:
            commit_all(repo, versions)
            result = check(helper, os.path.realpath(repo), "requirements.txt", lambda what, name=name: print("%s: %s" % (name, what)))
            os.chdir("/")
        if args.mirror:
            print("%s: %s" % (name, result))
        counts[result] = counts.get(result, 0) + 1
    print(", ".join("%d %s" % (n, what) for what, n in sorted(counts.items())))
    return "differs" in counts or "the same set" not in counts


if __name__ == "__main__":
    sys.exit(main())
