"""`backtest`: rows of builds on one builder, reverts and renames, edits that fit and that do not.

usage: backtest.py HELPER        TAP on standard output
"""
import json
import os
import subprocess
import sys
import tempfile

helper = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp(prefix="cachepredict-backtest-")
env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CACHEPREDICT_", "GITHUB_", "CI"))}
if os.environ.get("CACHEPREDICT_PLUGIN"):
    env["CACHEPREDICT_PLUGIN"] = os.environ["CACHEPREDICT_PLUGIN"]
env.update(HOME=work, GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1", TZ="UTC")
done = failed = 0


def same(name, got, want):
    global done, failed
    done += 1
    print(("ok" if got == want else "not ok"), done, "-", name)
    if got != want:
        failed += 1
        print("#   expected:", json.dumps(want))
        print("#   found:   ", json.dumps(got))


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

print("1..%d" % done)
sys.exit(1 if failed else 0)
