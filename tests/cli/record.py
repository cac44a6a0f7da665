"""`record`, and what later predictions make of it: durations with their source, accuracy, the matrix of `affected`.

usage: record.py HELPER        TAP on standard output
"""
import json
import os
import subprocess

from place import end, env, helper, same, work

env.update(XDG_CACHE_HOME=os.path.join(work, "cache"))


def git(repo, *args):
    return subprocess.run(["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@b", *args], check=True, env=env,
                          capture_output=True, text=True).stdout


def commit(repo, files):
    for path, text in files.items():
        path = os.path.join(repo, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "x")


def run(repo, *args, stdin=None, more={}):
    r = subprocess.run([helper, *args], cwd=repo, env=dict(env, **more), capture_output=True, text=True, input=stdin)
    return r.returncode, r.stdout, r.stderr


def log(steps, start=0):
    """A rawjson log: (name, seconds or None for cached)."""
    lines = []
    for i, (name, seconds) in enumerate(steps):
        at = lambda t: "2026-01-02T03:%02d:%02dZ" % divmod(start + 100 * i + t, 60)
        v = {"digest": "sha256:%064x" % i, "inputs": ["sha256:%064x" % 999], "name": name, "started": at(0), "completed": at(seconds or 0)}
        if seconds is None:
            v["cached"] = True
        lines.append(json.dumps({"vertexes": [v]}))
    return "\n".join(lines) + "\n"


repo = os.path.join(work, "app")
subprocess.run(["git", "init", "-q", "-b", "main", repo], check=True, env=env)
DOCKERFILE = "FROM python:3.12-slim AS builder\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n" \
             "FROM python:3.12-slim\nCOPY --from=builder /x /x\nCOPY src/ ./src/\nCMD [\"python\"]\n"
commit(repo, {"Dockerfile": DOCKERFILE, "requirements.txt": "a==1\n", "src/a.py": "1\n", ".dockerignore": ".git\n"})
commit(repo, {"src/a.py": "2\n"})
git(repo, "remote", "add", "origin", "https://bot:secret@Example.test/acme/app.git")

COLD = [("[builder 2/3] COPY requirements.txt .", 1), ("[builder 3/3] RUN pip install -r requirements.txt", 50),
        ("[stage-1 2/3] COPY --from=builder /x /x", 2), ("[stage-1 3/3] COPY src/ ./src/", 1)]
WARM = [(n, None) for n, _ in COLD[:3]] + [(COLD[3][0], 3)]

same("a log on standard input is recorded", run(repo, "record", stdin=log(COLD))[:2],
     (0, "example.test/acme/app  4 steps: 4 ran, 0 cached, 5 m 01 s\n"))
code, prediction, _ = run(repo, "HEAD~1..HEAD", "--format", "json")
with open(os.path.join(work, "p.json"), "w") as f:
    f.write(prediction)
with open(os.path.join(work, "warm.jsonl"), "w") as f:
    f.write(log(WARM, 1000))
code, out, _ = run(repo, "record", "--prediction", os.path.join(work, "p.json"), os.path.join(work, "warm.jsonl"), "--format", "json")
answer = json.loads(out)
same("a build is held against its prediction", (code, answer["accuracy"]["right"], answer["accuracy"]["judged"], answer["not_printed"]), (0, 4, 4, 0))
same("and its commit is that of the prediction", answer["build"]["commit"], git(repo, "rev-parse", "HEAD").strip())
code, out, _ = run(repo, "record", os.path.join(work, "warm.jsonl"), "--prediction", os.path.join(work, "p.json"), "--format", "json")
same("the same build is recorded once", json.loads(out)["new"], False)
code, out, _ = run(repo, "record", os.path.join(work, "warm.jsonl"), "--format", "json")
same("nor does it lose its prediction when it is told of again without", json.loads(out)["new"], False)
code, out, _ = run(repo, "record", "--accuracy", "--format", "json")
projects = json.loads(out)["projects"]
same("accuracy by repository, without a password in its name",
     [(p["project"], p["builds"], p["accuracy"]["right"], p["accuracy"]["wrong_hit"]) for p in projects], [("example.test/acme/app", 2, 4, 0)])

code, exported, _ = run(repo, "record", "--export")
with open(os.path.join(work, "builds.jsonl"), "w") as f:
    f.write(exported + "garbage\n" + exported)
other = ["--state", os.path.join(work, "other.sqlite")]
same("an export is imported, line by line", run(repo, "record", "--import", os.path.join(work, "builds.jsonl"), *other)[:2],
     (0, "4 builds, 2 of them new; 1 line left out\n"))
same("and exported as it was", run(repo, "record", "--export", *other)[1], exported)

same("nothing is recorded without a state", run(repo, "record", "--no-state", stdin=log(COLD))[0::2],
     (2, "cachepredict: nothing can be recorded with --no-state\n"))
code, _, err = run(repo, "record", stdin="Step 1/2 : FROM x\n")
same("another builder's log is named", (code, "legacy builder" in err), (4, True))
code, _, err = run(work, "record", stdin=log(COLD))
same("outside of a repository a name is asked for", (code, "--project" in err), (3, True))
same("and taken", run(work, "record", "--project", "x/y", stdin=log(COLD))[:2], (0, "x/y  4 steps: 4 ran, 0 cached, 5 m 01 s\n"))

# ---- what a prediction makes of it ----

commit(repo, {"requirements.txt": "a==2\n"})
code, out, _ = run(repo, "HEAD~1..HEAD", "--format", "json")
answer = json.loads(out)
costs = {s["name"].split("] ")[1]: s["cost"] for s in answer["images"][0]["steps"]}
same("a step's seconds are the median of its own runs", costs["COPY src/ ./src/"],
     {"seconds": 2.0, "source": "own history", "builds": 2, "low": 1.0, "high": 3.0})
same("and those of what will run are summed", answer["verdict"]["seconds"]["with_cache"],
     {"steps": 4, "known": 4, "seconds": 55.0, "low": 54.0, "high": 56.0})
same("predictions before were right", (answer["accuracy"]["judged"], answer["accuracy"]["right"]), (4, 4))
table = run(repo, "HEAD~1..HEAD")[1]
same("the table has them", ["50 s" in table, "about 55 s" in table, "right in 4 of 4 steps of the last build" in table], [True] * 3)
commit(repo, {"Dockerfile": DOCKERFILE.replace("pip install -r", "pip install --no-cache-dir -r")})
costs = {s["name"].split("] ")[1]: s["cost"] for s in json.loads(run(repo, "HEAD~1..HEAD", "--format", "json")[1])["images"][0]["steps"]}
same("another step of the kind is known by it", costs["RUN pip install --no-cache-dir -r requirements.txt"],
     {"seconds": 50.0, "source": "same kind", "kind": "RUN pip install", "builds": 1, "low": 50.0, "high": 50.0})
same("nothing is known without a state", "cost" in run(repo, "HEAD~1..HEAD", "--format", "json", "--no-state")[1], False)

# ---- affected ----

many = os.path.join(work, "many")
subprocess.run(["git", "init", "-q", "-b", "main", many], check=True, env=env)
FILES = {".dockerignore": ".git\n"}
for name in ("api", "web", "job", "cli"):
    FILES[name + "/Dockerfile"] = "FROM scratch\nCOPY %s/x /x\nCMD [\"x\"]\n# %s\n" % (name, name)
    FILES[name + "/x"] = "1\n"
bake = {"target": {n: {"context": ".", "dockerfile": n + "/Dockerfile"} for n in ("api", "web", "job", "cli")}}
with open(os.path.join(work, "bake.json"), "w") as f:
    json.dump(bake, f)
commit(many, FILES)
commit(many, {"web/x": "2\n", "job/Dockerfile": FILES["job/Dockerfile"].replace('"x"', '"y"'),
              "cli/Dockerfile": FILES["cli/Dockerfile"] + "# a comment\n"})
code, out, _ = run(many, "affected", "HEAD~1..HEAD", "--bake", os.path.join(work, "bake.json"))
answer = json.loads(out)
same("images whose steps or configuration differ need a build", (code, sorted(i["name"] for i in answer["include"])), (0, ["job", "web"]))
same("the others are named, too", sorted(i["name"] for i in answer["unaffected"]), ["api", "cli"])
code, out, _ = run(many, "affected", "HEAD~1..HEAD", "--bake", os.path.join(work, "bake.json"), "--format", "matrix", "--only", "web,api")
same("a matrix is one line", out, '{"include":[{"name":"web","dockerfile":"web/Dockerfile","context":".","target":"","platform":"linux/amd64",'
                                  '"action":"undecided"}]}\n')
same("nothing to build is an empty matrix", run(many, "affected", "HEAD..HEAD", "--bake", os.path.join(work, "bake.json"), "--format", "matrix")[1],
     '{"include":[]}\n')
commit(many, {"api/Dockerfile": "FROM scratch\nCOPPY x\n"})
code, out, _ = run(many, "affected", "HEAD~1..HEAD", "--bake", os.path.join(work, "bake.json"))
same("one that cannot be predicted is built", (code, [i["name"] for i in json.loads(out)["include"]]), (4, ["api"]))

# What the image is made of beside its steps: each pair is a Dockerfile before and after, and whether that is another image.
PAIRS = [("FROM a:1\nCMD [\"x\"]\n", "FROM a:2\nCMD [\"x\"]\n", True),
         ("FROM a AS p\nLABEL l=1\nFROM p\nCOPY x /\n", "FROM a AS p\nLABEL l=2\nFROM p\nCOPY x /\n", True),
         ("FROM scratch AS b\nLABEL l=1\nCOPY x /\nFROM scratch\nCOPY --from=b /x /\n",
          "FROM scratch AS b\nLABEL l=2\nCOPY x /\nFROM scratch\nCOPY --from=b /x /\n", False),
         ("ARG V=1\nFROM scratch\nARG V\nLABEL v=$V\nCOPY x /\n", "ARG V=2\nFROM scratch\nARG V\nLABEL v=$V\nCOPY x /\n", True),
         ("FROM scratch\nCOPY x /\nUSER 1\n", "FROM scratch\nCOPY x /\n", True),
         ("FROM scratch\nCOPY x /\nEXPOSE 1\nEXPOSE 2\n", "FROM scratch\nCOPY x /\nEXPOSE 2\nEXPOSE 1\n", True),
         ("FROM scratch\nCOPY x /\nENV A=1\n", "# c\nFROM scratch\n\nCOPY x /\n\nENV   A=1\n", True),
         ("FROM scratch\nCOPY x /\nENV A=1\n", "# c\nFROM scratch\n\nCOPY x /\n\nENV A=1\n", False)]
two = os.path.join(work, "two")
subprocess.run(["git", "init", "-q", "-b", "main", two], check=True, env=env)
with open(os.path.join(work, "pairs.json"), "w") as f:
    json.dump({"target": {"i%d" % i: {"context": ".", "dockerfile": "D%d" % i} for i in range(len(PAIRS))}}, f)
for side in (0, 1):
    commit(two, dict({"D%d" % i: p[side] for i, p in enumerate(PAIRS)}, x="1\n", **{".dockerignore": "D*\n.git\n"}))
code, out, _ = run(two, "affected", "HEAD~1..HEAD", "--bake", os.path.join(work, "pairs.json"))
same("another configuration is another image", [i["name"] for i in json.loads(out)["include"]],
     ["i%d" % i for i, p in enumerate(PAIRS) if p[2]])

# ---- forks ----

fork = json.dumps({"pull_request": {"head": {"repo": {"full_name": "x/y"}}, "base": {"repo": {"full_name": "acme/app"}}}})
with open(os.path.join(work, "event.json"), "w") as f:
    f.write(fork)
cache = ["--cache-from", "type=registry,ref=127.0.0.1:1/c", "--offline", "--format", "json", "HEAD~1..HEAD"]
verdict = lambda more, *args: json.loads(run(repo, *cache, *args, more=more)[1])["verdict"]
same("a cache is written back", verdict({})["cache_to"], ["type=registry,ref=127.0.0.1:1/c,mode=max"])
same("but not from a fork", [verdict({}, "--fork")["cache_to"], verdict({"GITHUB_EVENT_PATH": os.path.join(work, "event.json")})["cache_to"],
                             verdict({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1", "CI_MERGE_REQUEST_PROJECT_ID": "2"})["cache_to"]], [[], [], []])

end()
