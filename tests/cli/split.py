"""`split`: the choice, the guards, and a patch that `git apply` takes and that keeps every requirement; and which packages a prediction names.

usage: split.py HELPER        TAP on standard output
"""
import json
import os
import subprocess

from place import end, env, helper, same, work


def fast_import(repo, versions):
    """One commit for each {path: text}, without a work tree until the end."""
    subprocess.run(["git", "init", "-q", "-b", "main", repo], check=True, env=env)
    stream = []
    for i, files in enumerate(versions):
        stream.append("commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\n%s" % (1600000000 + 86400 * i, "deleteall\n"))
        for path, text in files.items():
            stream.append("M 100644 inline %s\ndata %d\n%s\n" % (path, len(text.encode()), text))
    subprocess.run(["git", "-C", repo, "fast-import", "--quiet"], input="".join(stream).encode(), check=True, env=env)
    subprocess.run(["git", "-C", repo, "checkout", "-q", "-f", "main"], check=True, env=env)


def run(repo, *args):
    r = subprocess.run([helper, "split", *args, "--offline"], cwd=repo, env=env, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def packages(repo, path):
    """What a file asks for, with what it includes; comments below a requirement stay with it."""
    out = []
    for line in open(os.path.join(repo, path)):
        if line.startswith("-r "):
            out += packages(repo, os.path.join(os.path.dirname(path), line[3:].strip()))
        elif line.strip() and not line.startswith(("-i", "# Packages of", "--extra")):
            out.append(line)
    return out


DOCKERFILE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nENV A=1\n" \
             "RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n"


def text(version, hot=(3,), n=12, head="-i https://h/simple\n--extra-index-url https://g/simple\n"):
    return head + "".join("p%d==1.%d\n    # via app\n" % (i, version if i in hot else 0) for i in range(n))


def repository(name, texts, dockerfile=DOCKERFILE, **more):
    repo = os.path.join(work, name)
    fast_import(repo, [dict({"requirements.txt": t, "Dockerfile": dockerfile, "app.py": ""}, **more) for t in texts])
    return repo


repo = repository("hot", [text(i) for i in range(41)])
code, out, err = run(repo, "--format", "json")
answer = json.loads(out)
same("one package that moves", (code, answer["schema"], answer["action"], [len(l["packages"]) for l in answer["layers"]]),
     (0, "cachepredict/split/1", "split", [11, 1]))
same("the cost of what moves alone", round(answer["cost"], 3), 0.083)
same("changes are counted", answer["history"]["packages"][0], {"name": "p3", "changes": 40, "group": "p3"})
code, out, err = run(repo)
same("at most 80 columns", max(len(line) for line in out.splitlines()) <= 80, True)
code, patch, err = run(repo, "--format", "patch")
before = sorted(packages(repo, "requirements.txt"))
r = subprocess.run(["git", "-C", repo, "apply", "--whitespace=nowarn"], input=patch, text=True, env=env, capture_output=True)
same("git apply takes the patch", (r.returncode, r.stderr), (0, ""))
same("every requirement is kept, with its comments", sorted(packages(repo, "requirements.txt")), before)
same("the order of indexes is kept in every file",
     [open(os.path.join(repo, f)).read().count("-i https://h/simple\n--extra-index-url https://g/simple\n")
      for f in ("requirements.txt", "requirements-base.txt")], [1, 1])
same("the Dockerfile installs layer by layer", open(os.path.join(repo, "Dockerfile")).read(),
     "FROM python:3.12-slim\nWORKDIR /app\nENV A=1\nCOPY requirements-base.txt .\n"
     "RUN pip install --no-deps --no-cache-dir -r requirements-base.txt\nCOPY requirements.txt .\n"
     "RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n")

repo = repository("batch", [text(i, hot=range(12)) for i in range(41)])
answer = json.loads(run(repo, "--format", "json")[1])
same("who upgrades everything at once should not split", (answer["action"], answer["history"]["batch_share"]), ("do-not-split", 1.0))
same("and gets no patch", run(repo, "--format", "patch")[0], 2)

repo = repository("few", [text(i) for i in range(4)])
same("too little is known", json.loads(run(repo, "--format", "json")[1])["action"], "undecided")

repo = repository("rejected", [text(i) + "x=1\n" for i in range(30)])
code, out, err = run(repo, "--format", "json")
same("what pip would reject", (code, json.loads(out)["action"], json.loads(out)["problems"]),
     (4, "undecided", [{"file": "requirements.txt", "line": 27, "column": 2,
                        "message": "a version, a marker or the end of the line was expected"}]))

repo = repository("hashes", [text(i) + "x==1 --hash=sha256:ab\n" for i in range(30)])
same("hashes for all or for none", json.loads(run(repo, "--format", "json")[1])["reason"],
     "1 of 13 requirements have hashes: pip wants them for all or for none")

repo = repository("beside", [text(i) + "x==1 --no-binary :all:\n" for i in range(30)])
same("what holds for all is not moved with one", json.loads(run(repo, "--format", "json")[1])["reason"],
     "line 27: --no-binary beside a requirement holds for every package")

repo = repository("last", [text(i) + "-e ./lib\nq>=1\n" for i in range(30)])
answer = json.loads(run(repo, "--format", "json")[1])
same("what is editable stays last", "./lib" in answer["layers"][-1]["packages"], True)
same("what is not pinned is said", answer["notes"][0].split(":")[0], "2 of 14 requirements are not pinned to one version")

refusals = [
    ("broad", "FROM a\nCOPY . .\nRUN pip install -r requirements.txt\n", "line 3 of the Dockerfile installs after the whole context is copied"),
    ("prefix", "FROM a\nCOPY requirements.txt .\nRUN pip install --prefix=/i -r requirements.txt\n", "line 3 of the Dockerfile installs into another folder"),
    ("twice", "FROM a\nCOPY requirements.txt .\nRUN useradd x && pip install -r requirements.txt\n", "line 3 of the Dockerfile does more than to install"),
    ("other", "FROM a\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nFROM a\nCOPY requirements.txt .\n",
     "line 5 of the Dockerfile copies the file, and no RUN"),
    ("none", "FROM a\n", "the Dockerfile does not copy and install requirements.txt"),
]
for name, dockerfile, want in refusals:
    repo = repository(name, [text(i) for i in range(30)], dockerfile)
    same("no patch: " + name, json.loads(run(repo, "--format", "json")[1])["no_patch"].startswith(want), True)
repo = repository("ignored", [text(i) for i in range(30)], **{".dockerignore": "*\n!requirements.txt\n"})
same("no patch: ignored", json.loads(run(repo, "--format", "json")[1])["no_patch"],
     "the ignore file keeps requirements-base.txt out of the context: add !requirements-base.txt to it")

versions = [{"reqs.txt": text(i), "Dockerfile": "FROM a\n"} for i in range(20)]
versions += [{"docker/requirements.txt": text(i), "Dockerfile": "FROM a\n"} for i in range(19, 40)]
repo = os.path.join(work, "renamed")
fast_import(repo, versions)
same("the history goes on under the old name", json.loads(run(repo, "docker/requirements.txt", "--format", "json")[1])["history"]["changes"], 39)
same("no such file", run(repo, "nowhere.txt")[0], 3)
with open(os.path.join(work, "weights.json"), "w") as f:
    json.dump({"P0": 1000}, f)
answer = json.loads(run(repo, "docker/requirements.txt", "--format", "json", "--weights", os.path.join(work, "weights.json"))[1])
same("weights", answer["cost"] < 0.01, True)
same("layers", len(json.loads(run(repo, "docker/requirements.txt", "--format", "json", "--layers", "1")[1])["layers"]), 1)

UV = """version = 1
requires-python = ">=3.12"

[[package]]
name = "%s"
version = "%s"
source = { registry = "https://h/simple" }
wheels = [{ url = "https://h/a.whl", hash = "sha256:%s", size = 10 }]
"""
SIZED = UV.replace("size = 10", "size = %d")
lock = "".join(SIZED % ("p%d" % i, "1", "00", 1000000 if i == 0 else 1000) for i in range(12))
repo = repository("lock", [text(i) for i in range(41)], **{"uv.lock": lock})
answer = json.loads(run(repo, "--format", "json")[1])
same("costs are sizes of wheels where a lock says them", (answer["cost"] < 0.01, [n for n in answer["notes"] if "wheels" in n]),
     (True, ["costs are the sizes of wheels in uv.lock, known for 12 of 12 packages"]))

same("... and that is said in JSON", (answer["package_costs"], answer["saved"]), ({"source": "uv.lock", "known": 12, "of": 12}, None))
repo = repository("pylock", [text(i) for i in range(41)], **{"pylock.toml": lock.replace("[[package]]", "[[packages]]")})
same("... in pylock.toml, too", json.loads(run(repo, "--format", "json")[1])["package_costs"], {"source": "pylock.toml", "known": 12, "of": 12})

# ---- minutes, from recorded builds ----

repo = repository("timed", [text(i) for i in range(41)])
for seconds in (90, 100, 110):
    with open(os.path.join(work, "build.log"), "w") as f:
        f.write("".join("#%d [%d/5] %s\n#%d DONE %d.0s\n\n" % (n, n, step, n, s) for n, step, s in (
            (2, "WORKDIR /app", 1), (3, "COPY requirements.txt .", 2), (4, "RUN pip install --no-cache-dir -r requirements.txt", seconds))))
    subprocess.run([helper, "-C", repo, "record", os.path.join(work, "build.log")], env=env, check=True, capture_output=True)
answer = json.loads(run(repo, "--format", "json")[1])
same("what an install took", [(i["image"], i["cost"]) for i in answer["installs"]],
     [("timed", {"seconds": 100.0, "source": "own history", "builds": 3, "low": 90.0, "high": 110.0})])
saved = (1 - answer["cost"]) * answer["history"]["scored_on"] * 100
same("seconds that the split would have saved", abs(answer["saved"]["seconds"] - saved) < 0.2, True)
same("... with their spread", [round(answer["saved"][k] / answer["saved"]["seconds"], 2) for k in ("low", "high")], [0.9, 1.1])
same("... of so many changes and days", [answer["saved"][k] for k in ("changes", "days", "installs_timed")], [12, 11, 1])
same("... in the table", [l.split("about ")[1] for l in run(repo)[1].splitlines() if l.startswith("  saves")],
     ["18 m 20 s (16 m 30 s to 20 m 10 s) of 12 changes in 11"])

# ---- many images ----

INSTALL = "FROM python:3.12-slim\nCOPY %s ./\nRUN pip install --no-cache-dir -r %s\n"
COMPOSE = "services:\n" + "".join("  %s:\n    build: {context: %s, dockerfile: %s}\n" % s for s in (
    ("api", ".", "api/Dockerfile"), ("worker", ".", "worker/Dockerfile"), ("all", ".", "all/Dockerfile"), ("web", "web", "Dockerfile"), ("none", ".", "none/Dockerfile")))
IMAGES = {"api/Dockerfile": INSTALL % (("requirements.txt",) * 2), "worker/Dockerfile": INSTALL % (("requirements.txt",) * 2) + "COPY worker /w\n",
          "all/Dockerfile": "FROM python:3.12-slim\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n",
          "web/Dockerfile": INSTALL % (("needs.txt",) * 2), "none/Dockerfile": "FROM python:3.12-slim\nCOPY api /api\n", "compose.yaml": COMPOSE}
repo = os.path.join(work, "many")
fast_import(repo, [dict(IMAGES, **{"requirements.txt": text(i), "web/needs.txt": text(i, hot=(5,), head="")}) for i in range(41)])
code, out, err = run(repo, "--compose", "compose.yaml", "--format", "json")
answer = json.loads(out)
same("each requirement file of many images once", (answer["schema"], [(f["file"], f["action"], [i["image"] for i in f["installs"]]) for f in answer["files"]]),
     ("cachepredict/splits/1", [("requirements.txt", "split", ["api", "worker", "all"]), ("web/needs.txt", "split", ["web"])]))
same("a table for each", run(repo, "--compose", "compose.yaml")[1].count("packages   cost"), 2)
code, patch, err = run(repo, "--compose", "compose.yaml", "--format", "patch")
r = subprocess.run(["git", "-C", repo, "apply", "--whitespace=nowarn"], input=patch, text=True, env=env, capture_output=True)
same("git apply takes the patch of all", (code, r.returncode, r.stderr), (0, 0, ""))
changed = subprocess.run(["git", "-C", repo, "status", "--porcelain", "-uall"], env=env, capture_output=True, text=True).stdout.split("\n")
same("every Dockerfile that names a file is edited, no other", sorted(c[3:] for c in changed if c),
     ["api/Dockerfile", "requirements-base.txt", "requirements.txt", "web/Dockerfile", "web/needs-base.txt", "web/needs.txt", "worker/Dockerfile"])
same("... and copies the new one", [open(os.path.join(repo, d, "Dockerfile")).read().count("-base.txt") for d in ("api", "worker", "web")], [2, 2, 2])
subprocess.run(["git", "-C", repo, "checkout", "-q", "."], env=env, check=True)
subprocess.run(["git", "-C", repo, "clean", "-qfd"], env=env, check=True)
bake = {"target": {n: {"context": ".", "dockerfile": n + "/Dockerfile"} for n in ("api", "worker")}}
with open(os.path.join(work, "bake.json"), "w") as f:
    json.dump(bake, f)
code, patch, err = run(repo, "--bake", os.path.join(work, "bake.json"), "--format", "patch")
same("--bake", [l for l in patch.splitlines() if l.startswith("+++")],
     ["+++ b/requirements-base.txt", "+++ b/requirements.txt", "+++ b/api/Dockerfile", "+++ b/worker/Dockerfile"])
replayed = json.loads(subprocess.run([helper, "-C", repo, "backtest", "-n", "40", "--compose", os.path.join(repo, "compose.yaml"), "--with", "split:requirements.txt",
                                      "--format", "json", "--offline"], cwd=repo, env=env, capture_output=True, text=True).stdout)["images"]
same("a backtest splits it in every image that installs it", [(i["name"], i["with"][0]["edited"], [l["kept"] for l in i["with"][0]["layers"]]) for i in replayed
                                                               if i["name"] in ("api", "worker", "none")],
     [("api", 41, [12]), ("worker", 41, [12]), ("none", 0, [0])])
several = subprocess.run([helper, "-C", repo, "backtest", "--compose", os.path.join(repo, "compose.yaml"), "--with", "split"], cwd=repo, env=env,
                         capture_output=True, text=True)
same("... which has to be named where there are several", (several.returncode, several.stderr.splitlines()[:1]),
     (2, ["cachepredict: the images install 2 requirement files"]))
prefix = dict(IMAGES, **{"worker/Dockerfile": INSTALL % ("requirements.txt", "requirements.txt --prefix=/i")})
repo = os.path.join(work, "many-prefix")
fast_import(repo, [dict(prefix, **{"requirements.txt": text(i), "web/needs.txt": "x\n"}) for i in range(41)])
same("one Dockerfile that cannot be edited and would break: no patch",
     json.loads(run(repo, "requirements.txt", "--compose", "compose.yaml", "--format", "json")[1])["no_patch"].split(", where")[0],
     "image worker: line 3 of the Dockerfile installs into another folder")

# ---- packages in the causes of a prediction ----

POETRY = '[[package]]\nname = "A_b"\nversion = "%s"\n[package.dependencies]\nx = "1"\n[metadata]\ncontent-hash = "%s"\n'
PROJECT = '[project]\nname = "app"\ndependencies = ["Flask[x] >= %s; os_name == \'a\'"]\n[tool.poetry.group.dev.dependencies]\nblack = "^%s"\n[tool.ruff]\nline = %s\n'
PACKAGES = [
    ("requirements.txt", "a==1\nb>=1\nc\n", "A==2\nb>=1,<3\nd==4\n", "a 1 -> 2, b >=1 -> <3,>=1, c removed and 1 more packages",
     [("a", "changed", "1", "2"), ("b", "changed", ">=1", "<3,>=1"), ("c", "removed", "", None), ("d", "added", None, "4")], []),
    ("requirements.txt", "a==1\nb==2\n", "# sorted\nb == 2\na==1\n", "comments, order or white space only", [], ["requirements.txt"]),
    ("requirements.txt", "-i https://h\na==1\n", "-i https://g\na==1\n", "options, no package", [], []),
    ("requirements.txt", "a==1 --hash=sha256:a\n", "a==1 --hash=sha256:b\n", "a in hashes or markers", [("a", "changed", "1", "1")], []),
    ("requirements.txt", "u @ git+https://h/u@v1\n", "u @ git+https://h/u@v2\n", "u git+https://h/u@v1 -> git+https://h/u@v2",
     [("u", "changed", "git+https://h/u@v1", "git+https://h/u@v2")], []),
    ("uv.lock", UV % ("a", "1", "00"), UV % ("a", "1.1", "00"), "a 1 -> 1.1", [("a", "changed", "1", "1.1")], []),
    ("uv.lock", UV % ("a", "1", "00"), UV % ("a", "1", "01"), "a in hashes or markers", [("a", "changed", "1", "1")], []),
    ("uv.lock", UV % ("a", "1", "00"), "# c\n" + UV % ("a", "1", "00"), "comments, order or white space only", [], ["uv.lock"]),
    ("uv.lock", UV % ("a", "1", "00"), "[broken", "changed", None, None),
    ("poetry.lock", POETRY % ("1", "00"), POETRY % ("2", "01"), "a-b 1 -> 2", [("a-b", "changed", "1", "2")], []),
    ("pylock.toml", '[[packages]]\nname = "a"\nversion = "1"\n', '[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "b"\n', "b added",
     [("b", "added", None, "")], []),
    ("pyproject.toml", PROJECT % ("1", "1", "1"), PROJECT % ("2", "1", "1"), "flask >=1 -> >=2", [("flask", "changed", ">=1", ">=2")], []),
    ("pyproject.toml", PROJECT % ("1", "1", "1"), PROJECT % ("1", "2", "1"), "black ^1 -> ^2", [("black", "changed", "^1", "^2")], []),
    ("pyproject.toml", PROJECT % ("1", "1", "1"), PROJECT % ("1", "1", "2"), "options, no package", [], []),
    ("notes.txt", "a==1\n", "a==2\n", "changed", None, None),
]
for i, (path, before, after, words, packages_wanted, text_only) in enumerate(PACKAGES):
    repo = os.path.join(work, "packages%d" % i)
    fast_import(repo, [{path: t, "Dockerfile": "FROM a\nCOPY %s .\nRUN x\n" % path} for t in (before, after)])
    predict = [helper, "-C", repo, "predict", "--base", "HEAD~1", "--offline"]
    answer = json.loads(subprocess.run([*predict, "--format", "json"], env=env, capture_output=True, text=True).stdout)
    cause = next(s["cause"] for s in answer["images"][0]["steps"] if s["instruction"] == "COPY")
    got = cause.get("packages")
    if got is not None:
        got = [(p["name"], p["change"], p.get("before"), p.get("after")) for p in got]
    same("packages of %s, %s" % (path, words), (got, cause.get("text_only")), (packages_wanted, text_only))
    table = subprocess.run([*predict, "--format", "table"], env=dict(env, LC_ALL="C"), capture_output=True, text=True).stdout
    table = " ".join(table.split()).replace("\u2192", "->")
    same("in the table: %s" % words, (path + (" " if words == "changed" else ": ") + words) in table, True)
repo = os.path.join(work, "packages0")
out = subprocess.run([helper, "-C", repo, "explain", "requirements.txt", "--base", "HEAD~1", "--offline"], env=env, capture_output=True, text=True).stdout
same("explained", [line.strip().replace("\u2192", "->") for line in out.splitlines() if line.startswith("    ")],
     ["a 1 -> 2", "b >=1 -> <3,>=1", "c removed", "d 4 added"])
out = subprocess.run([helper, "-C", repo, "predict", "--format", "markdown", "--base", "HEAD~1", "--offline"], env=env, capture_output=True, text=True).stdout
same("in Markdown", "`requirements.txt`: `a` `1` \u2192 `2`, `b` `>=1` \u2192 `<3,>=1`" in out, True)

end()
