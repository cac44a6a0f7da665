"""`backtest`: rows of builds on one builder, reverts and renames, edits that fit and that do not.

usage: backtest.py HELPER        TAP on standard output
"""
import json
import os
import subprocess
import sys

from place import end, env, helper, same, work


def repository(name, versions):
    """A bare repository with one commit for each {path: text}."""
    repo = os.path.join(work, name)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", repo], check=True, env=env)
    stream = []
    for i, files in enumerate(versions):
        subject = "commit %d" % i
        stream.append("commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata %d\n%s\ndeleteall\n" % (1600000000 + 86400 * i, len(subject), subject))
        for path, text in files.items():
            stream.append("M 100644 inline %s\ndata %d\n%s\n" % (path, len(text.encode()), text))
    subprocess.run(["git", "-C", repo, "fast-import", "--quiet"], input="".join(stream).encode(), check=True, env=env)
    return repo


def run(repo, *args):
    r = subprocess.run([helper, "-C", repo, "backtest", *args, "--offline"], env=env, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def replay(repo, *args):
    code, out, err = run(repo, "--format", "json", *args)
    if code:
        raise SystemExit("backtest %s: exit code %d: %s" % (" ".join(args), code, err))
    return json.loads(out)["images"][0]


def words(commit):
    """What did not hit, and why, in short."""
    if commit["outcome"] is None:
        return "no build"
    return " ".join("%s:%s:%s" % (s["name"].split("]")[0][1:].strip(), s["outcome"], s["cause"]["kind"] if s["cause"] else "-") for s in commit["steps"]) or "hit"


DOCKERFILE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY src/ src/\nRUN compile\n"


def files(requirements="a==1\n", src="1", dockerfile=DOCKERFILE, **more):
    return {"Dockerfile": dockerfile, "requirements.txt": requirements, "src/app.py": src, ".dockerignore": ".git\n", **more}


# ---- the replay ----

row = repository("row", [
    files(),
    files(README="text"),
    files(src="2"),
    files(requirements="a==2\n", src="2"),
    files(src="2"),                                             # the pin goes back
    files(),                                                    # and the code
    files(requirements="a==2\n", src="3"),                      # a known layer, new code on it
    files(dockerfile=DOCKERFILE.replace("compile", "compile -O")),
    {"README": "no Dockerfile"},
    files(dockerfile="FROM python:3.12-slim\nCOPY nowhere /\n"),
    files(dockerfile="FROM\n"),
    files(),
])
im = replay(row)
same("what every commit rebuilds", [words(c) for c in im["commits"]], [
    "2/6:miss:- 3/6:miss:- 4/6:miss:- 5/6:miss:- 6/6:miss:-",
    "hit",
    "5/6:miss:content-changed 6/6:miss:parent-rebuilds",
    "3/6:miss:content-changed 4/6:miss:parent-rebuilds 5/6:miss:parent-rebuilds 6/6:miss:parent-rebuilds",
    "hit",
    "hit",
    "5/6:miss:content-changed 6/6:miss:parent-rebuilds",
    "6/6:miss:instruction-changed",
    "no build",
    "2/2:miss:unresolved",
    "no build",
    "hit",
])
same("the totals leave the first out", {k: im["totals"][k] for k in ("commits", "built", "absent", "commits_by_outcome", "runs", "runs_missed")},
     {"commits": 11, "built": 9, "absent": 1, "commits_by_outcome": {"hit": 4, "miss": 5, "depends": 0, "unknown": 0}, "runs": 16, "runs_missed": 5})
same("the cause of new code on a layer of before", im["commits"][6]["steps"][0]["cause"]["message"], "src/app.py changed")
same("a commit without a build says why", [im["commits"][8]["error"]["message"].split(":")[0], im["commits"][10]["error"]["line"]], ["Dockerfile", 1])
compile_step = [s for s in im["steps"] if s["name"].endswith("RUN compile")][0]
same("a step over all commits", {k: compile_step[k] for k in ("commits", "hit", "miss", "first", "causes")},
     {"commits": 7, "hit": 4, "miss": 3, "first": 0, "causes": {"parent-rebuilds": 3}})
same("-n takes the last ones", [c["subject"] for c in replay(row, "-n", "2")["commits"]], ["commit 9", "commit 10", "commit 11"])
same("--rev names the newest", [c["subject"] for c in replay(row, "-n", "1", "--rev", "HEAD~6")["commits"]], ["commit 4", "commit 5"])
same("again, the same bytes", run(row, "--format", "json")[1], run(row, "--format", "json")[1])
table = run(row, "--width", "100")[1]
same("the table", [l for l in table.splitlines() if "rebuild " in l or "RUN steps" in l],
     ["  rebuild   5 of 9 commits (56 %); 4 come all from the cache", "  RUN steps 5 of 16 ran (31 %)"])
same("Markdown", run(row, "--format", "markdown")[1].splitlines()[2],
     "Of the last 11 commits 5 (56 %) rebuild, 0 more may; 5 of 16 `RUN` steps ran.")
same("too many commits", run(row, "-n", "10001")[0], 2)
same("no such format", run(row, "--format", "dot")[0], 2)
nothing = repository("nothing", [{"README": "x"}, {"README": "y"}])
same("no commit has a Dockerfile", run(nothing)[0], 3)
one = repository("one", [files()])
same("one commit", replay(one)["totals"]["commits"], 0)
clone = repository("clone", [{"Dockerfile": "FROM x\nCOPY . .\n", "a": str(i)} for i in range(3)])
same(".git in the context", [words(c) for c in replay(clone)["commits"][1:]], ["2/2:miss:content-changed"] * 2)
still = repository("still", [{"Dockerfile": "FROM x\nCOPY . .\n"}] * 2)
same("flags of the build hold for all commits", [words(replay(still, *f)["commits"][1]) for f in ([], ["--context-from", "export"])],
     ["2/2:miss:git-dir-in-context", "hit"])


# ---- edits ----

def patch_of(name, text):
    path = os.path.join(work, name)
    with open(path, "w") as f:
        f.write(text)
    return path


# The code comes before the install until the patch moves it. At commit 3 the line that it moves is another one.
before = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD run\n"
moved = patch_of("move.patch", """From: somebody
A text before the diff.

diff --git a/Dockerfile b/Dockerfile
--- a/Dockerfile
+++ b/Dockerfile
@@ -1,5 +1,6 @@
 FROM python:3.12-slim
 WORKDIR /app
-COPY . .
+COPY requirements.txt .
 RUN pip install -r requirements.txt
+COPY . .
 CMD run
""")
history = repository("history", [
    files(dockerfile=before),
    files(dockerfile=before, src="2"),
    files(dockerfile=before, src="3"),
    files(dockerfile=before.replace("CMD run", "CMD other"), src="4"),
    files(dockerfile=before, src="5"),
    files(dockerfile=before, src="5", requirements="a==2\n"),
    files(dockerfile=before, src="2"),
])
edit = replay(history, "--with", moved)["with"][0]
same("where it fits", [[c["edited"], c["scored"], c["why_not"]] for c in edit["commits"]][2:5],
     [[True, True, ""], [False, False, "hunk 1 (line 7 of the patch) does not fit Dockerfile"], [True, True, ""]])
same("the rest is replayed all the same", [words(c).replace(":-", "") for c in edit["commits"]], [
    "2/5:miss 3/5:miss 4/5:miss 5/5:miss",
    "5/5:miss",
    "5/5:miss",
    "3/4:miss 4/4:miss",
    "5/5:miss",
    "3/5:miss 4/5:miss 5/5:miss",
    "hit",
])
same("before and after, where it counts", [edit["scored"], edit["before"]["runs_missed"], edit["after"]["runs_missed"]], [5, 4, 1])
same("the table", [l for l in run(history, "--with", moved)[1].splitlines() if "→" in l and "ran" in l or "does not fit  " in l],
     ["  RUN steps     4 ran → 1, in 5 commits that are scored", "  does not fit  at 1 commit, the newest %s: hunk 1 (line 7 of the patch)" % edit["commits"][3]["commit"][:7]])
same("... and Markdown", run(history, "--with", moved, "--format", "markdown")[1].splitlines()[-1].split("`: ")[1], "1 `RUN` steps in place of 4, in 5 scored commits.")
twice = replay(history, "--with", moved, "--with", moved)["with"]
same("several edits, each by itself", [e["after"]["runs_missed"] for e in twice], [1, 1])
created = patch_of("created.patch", "diff --git a/.dockerignore b/.dockerignore\ndeleted file mode 100644\n--- a/.dockerignore\n+++ /dev/null\n@@ -1 +0,0 @@\n-.git\n"
                   "diff --git a/sub/new b/sub/new\nnew file mode 100755\n--- /dev/null\n+++ b/sub/new\n@@ -0,0 +1 @@\n+x\n")
same("files that come and go", [c["edited"] for c in replay(history, "--with", created)["with"][0]["commits"]], [True] * 7)
same("... and .git is no longer ignored", replay(history, "--with", created)["with"][0]["commits"][6]["outcome"], "miss")
code, _, err = run(history, "--with", patch_of("bad.patch", "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-y\n"))
same("a patch that cannot be read", [code, "bad.patch:5:1: " in err and "a hunk ends too soon" in err], [4, True])
same("a patch that leads outside", run(history, "--with", patch_of("out.patch", "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-y\n+z\n"))[0], 4)
same("a patch that is not there", run(history, "--with", "nowhere.patch")[0], 3)

# ten packages that never move, two that always do; one came late
stable = ["lib%d==1" % i for i in range(10)]
versions = []
for i in range(24):
    hot = ["hot-a==%d" % (1 + i // 2), "hot-b==%d" % (1 + (i + 1) // 2)]
    versions.append(files(requirements="\n".join(stable + hot + (["late==1"] if i > 20 else [])) + "\n", src=str(i)))
pins = repository("pins", versions)
split = replay(pins, "--with", "split", "--patches")["with"][0]
same("the split is made anew at every commit", [split["edited"], split["file"], [l["file"] for l in split["layers"]]], [24, "requirements.txt", ["requirements-base.txt", "requirements-mid.txt"]])
same("it is scored on what it was not chosen on", [split["scored"], split["changes"], split["layers"][0]["kept"]], [7, 7, 7])
same("its steps", words(split["commits"][20]).replace(":-", "").replace(":miss", ""), "7/10 8/10 9/10 10/10")
same("the edit of a commit has its versions", ["+-r requirements-base.txt" in split["commits"][3]["patch"], "-lib9==1" in split["commits"][3]["patch"],
                                              "hot-a==2" in split["commits"][3]["patch"], "late==1" in split["commits"][22]["patch"]], [True, True, True, True])
same("a split that pays nothing is none", run(row, "--with", "split")[0], 2)

# ---- waste, durations, and what is at stake ----

def totals(repo, *args):
    t = replay(repo, *args)["totals"]
    return [t["runs_missed"], t["installs_missed"], t["installs_wasted"], t["steps_timed"], t["seconds"], t["seconds_wasted"]]


def advice(repo, *args):
    r = subprocess.run([helper, "-C", repo, "advise", "--format", "json", "--offline", *args], env=env, capture_output=True, text=True)
    return {f["rule"]: f["at_stake"] and {k: f["at_stake"][k] for k in ("commits", "of", "seconds")} for f in json.loads(r.stdout)["images"][0]["findings"]}


same("installs whose files had not changed", totals(history), [5, 5, 4, 0, None, None])
same("an install before the code is never wasted", totals(row)[1:3], [1, 0])
same("nobody asked what is at stake", advice(history)["deps-after-copy"], None)
same("what is at stake", advice(history, "--history", "6")["deps-after-copy"], {"commits": 4, "of": 6, "seconds": None})
same("a finding that the history says nothing of", advice(history, "--history", "6")["no-user"], None)
same(".git in the context", advice(clone, "--history", "2")["git-in-context"]["of"], 2)
log = "".join("#%d [%d/4] %s\n#%d DONE %s.0s\n\n" % (n, n, text, n, seconds) for n, text, seconds in
              ((2, "WORKDIR /app", 1), (3, "COPY . .", 2), (4, "RUN pip install -r requirements.txt", 90)))
subprocess.run([helper, "-C", history, "record", patch_of("build.log", log)], env=env, check=True, capture_output=True)
same("with what a build took", totals(history), [5, 5, 4, 10, 460, 360])
same("... at stake, too", advice(history, "--history", "6")["deps-after-copy"], {"commits": 4, "of": 6, "seconds": 360})
same("... and with an edit", [l for l in run(history, "--with", moved, "--width", "110")[1].splitlines() if "time" in l],
     ["  time      7 m 40 s of steps that ran, known for 10 of 10; wasted 6 m 00 s",
      "  time          6 m 08 s → 1 m 40 s, known for 8 of 8 steps that ran, and 6 of 6"])

# ---- a host that cancels ----

def cancelled_answer(repo, after):
    """The answer to a host that has enough after so many commits, and on which threads it was asked."""
    import ctypes as c
    import threading
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import host

    class Host(c.Structure):
        _fields_ = [("struct_size", c.c_uint32), ("abi", c.c_uint32), ("userdata", c.c_void_p), ("name", c.c_char_p), ("version", c.c_char_p),
                    ("log", c.c_void_p), ("progress", c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_uint64, c.c_char_p)),
                    ("is_cancelled", c.CFUNCTYPE(c.c_int32, c.c_void_p)), ("rest", c.c_void_p * 10)]

    seen, threads = [0], set()

    def progress(_, at, total, what):
        threads.add(threading.get_ident())
        seen.append(at)

    def is_cancelled(_):
        threads.add(threading.get_ident())
        return 1 if max(seen) >= after else 0

    so = c.CDLL(os.environ["CACHEPREDICT_PLUGIN"])
    so.cachepredict_plugin.restype = c.POINTER(host.Plugin)
    plugin = so.cachepredict_plugin(host.HOST_ABI).contents
    h = Host(struct_size=c.sizeof(Host), abi=host.HOST_ABI)
    h.progress, h.is_cancelled = Host._fields_[6][1](progress), Host._fields_[7][1](is_cancelled)
    context, result, error, n = c.c_void_p(), c.c_void_p(), host.Error(), c.c_uint64()
    error.struct_size = c.sizeof(error)
    plugin.create(c.cast(c.pointer(h), c.c_void_p), c.byref(context), c.byref(error))
    request = json.dumps({"repository": repo, "offline": True, "head": "HEAD"}).encode()
    code = plugin.call(context, b"backtest", request, len(request), c.byref(result), c.byref(error))
    answer = json.loads(c.string_at(plugin.result_text(result, c.byref(n)), n.value)) if code == 0 else None
    if code == 0:
        plugin.result_free(result)
    plugin.destroy(context)
    return code, answer, threads == {threading.get_ident()}


long = repository("long", [files(src=str(i // 2)) for i in range(200)])
if os.environ.get("CACHEPREDICT_PLUGIN") and "san-" not in os.environ["CACHEPREDICT_PLUGIN"]:
    code, answer, alone = cancelled_answer(long, 100)
    whole = answer["images"][0]["commits"]
    same("cancelled", [code, answer["cancelled"], len(whole) in (64, 128)], [0, True, True])
    same("... with what was whole by then", whole == replay(long)["commits"][:len(whole)], True)
    same("the host is asked on its own thread", alone, True)
    same("cancelled before anything was whole", cancelled_answer(long, 0)[0], -8)
    same("not cancelled", cancelled_answer(long, 10**6)[1]["cancelled"], False)

end()
