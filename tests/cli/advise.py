"""`cachepredict advise`: formats, gates, exit codes, names of strangers. Speaks TAP.
usage: advise.py CACHEPREDICT      the plugin comes from CACHEPREDICT_PLUGIN"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

BIN = os.path.realpath(sys.argv[1])
n = bad = 0
env = {k: v for k, v in os.environ.items() if not k.startswith("CACHEPREDICT_") or k == "CACHEPREDICT_PLUGIN"}
env.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.test",
           GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@example.test")


def same(name, found, expected):
    global n, bad
    n += 1
    print("%sok %d - %s" % ("" if found == expected else "not ", n, name))
    if found != expected:
        bad = 1
        print("# expected: %r\n# found:    %r" % (expected, found))


def repository(folder, files):
    os.makedirs(folder)
    for path, text in files.items():
        path = os.path.join(os.fsencode(folder), os.fsencode(path))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    for command in (["init", "-q"], ["add", "-f", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", folder] + command, env=env, check=True)
    return folder


def run(folder, *arguments):
    p = subprocess.run([BIN, "-C", folder, "advise"] + list(arguments), env=env, stdin=subprocess.DEVNULL, capture_output=True)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def check_sarif(text):
    """What SARIF 2.1.0 requires of the objects that we write (3.13, 3.14, 3.18, 3.19, 3.27, 3.29, 3.49, 3.55 to 3.57)."""
    log = json.loads(text)
    assert log["version"] == "2.1.0" and isinstance(log["runs"], list), "log"
    found = []
    for r in log["runs"]:
        rules = r["tool"]["driver"]["rules"]
        assert r["tool"]["driver"]["name"] == "cachepredict"
        assert len({x["id"] for x in rules}) == len(rules)
        for x in rules:
            assert x["shortDescription"]["text"] and x["defaultConfiguration"]["level"] in ("error", "warning", "note")
        for result in r["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
            for location in result["locations"]:
                where = location["physicalLocation"]
                assert re.fullmatch(r"([A-Za-z0-9._~/-]|%[0-9A-F]{2})+", where["artifactLocation"]["uri"])
                assert where["region"]["startLine"] >= 1 and where["region"].get("endLine", 1 << 30) >= where["region"]["startLine"]
            for fix in result.get("fixes", []):
                for change in fix["artifactChanges"]:
                    assert change["artifactLocation"]["uri"] and change["replacements"]
                    for replacement in change["replacements"]:
                        region = replacement["deletedRegion"]
                        assert region["startLine"] >= 1 and region["endLine"] > region["startLine"] and region["startColumn"] == 1
                        assert replacement["insertedContent"]["text"].endswith("\n")
            found.append((result["ruleId"], result["message"]["text"]))
    return found


DOCKERFILE = "FROM registry.example/base:1\nCOPY . .\nRUN pip install -r requirements.txt\n"
with tempfile.TemporaryDirectory() as tmp:
    bare = repository(os.path.join(tmp, "bare-app"), {"app/Dockerfile": DOCKERFILE, "app/requirements.txt": "x==1\n"})
    code, patch, err = run(bare, "app", "--format", "patch")
    applied = subprocess.run(["git", "-C", bare, "apply"], input=patch.encode(), capture_output=True)
    same("a .dockerignore is made where there is none", (applied.returncode, open(os.path.join(bare, "app/.dockerignore")).read().split("\n")[0]), (0, ".git"))
    scm = repository(os.path.join(tmp, "scm"), {"Dockerfile": DOCKERFILE, "pyproject.toml": '[build-system]\nrequires = ["hatch-vcs"]\n'})
    made = [f["creates"]["text"] for f in json.loads(run(scm, "--format", "json")[1])["images"][0]["findings"] if "creates" in f]
    same("and keeps .git where the build asks it for the version", [".git" in m.split("\n") for m in made], [False])
    for name, more, ignored in (("clean", {}, ".git\n__pycache__\n**/.env\n"), ("tracked", {"web/.env": "A=1\n"}, None)):
        repo = repository(os.path.join(tmp, "open-" + name), dict({"Dockerfile": DOCKERFILE, ".dockerignore": ".git\n__pycache__\n", ".gitignore": ".env\n"}, **more))
        patch = run(repo, "--format", "patch")[1]
        subprocess.run(["git", "-C", repo, "apply", "-"], input=patch.encode(), capture_output=True)
        same("what git keeps out comes into the ignore file: " + name, open(os.path.join(repo, ".dockerignore")).read(), ignored or ".git\n__pycache__\n")
    WHEEL = '[[package]]\nname = "%s"\nversion = "1"\nwheels = [{ url = "https://h/x-1-cp312-cp312-%s.whl", size = 1 }]\n'
    for name, lock, wanted in (("musl", WHEEL % ("torch", "musllinux_1_2_x86_64"), 0), ("glibc", WHEEL % ("odd", "manylinux_2_17_x86_64"), 1),
                               ("windows", WHEEL % ("pywin", "win_amd64") + WHEEL % ("y", "any"), 0), ("none", "x = 1\n", 1)):
        repo = repository(os.path.join(tmp, "alpine-" + name), {"Dockerfile": "FROM python:3.12-alpine\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
                                                               "requirements.txt": "torch==1\n", "uv.lock": lock})
        rules = [f["rule"] for f in json.loads(run(repo, "--format", "json")[1])["images"][0]["findings"]]
        same("Alpine's wheels in a lock: " + name, rules.count("alpine-wheels"), wanted)
    often = repository(os.path.join(tmp, "often"), {"Dockerfile": "FROM python:3.12-alpine\nCOPY requirements.txt .\n" + "RUN pip install -r requirements.txt\n" * 3000,
                                                 "requirements.txt": "".join("p%d==1\n" % i for i in range(20000))})
    started = time.monotonic()
    same("a file that is installed 3,000 times is read once", (run(often, "--format", "json")[0], time.monotonic() - started < 20), (0, True))
    plain = repository(os.path.join(tmp, "plain"), {"Dockerfile": DOCKERFILE, "requirements.txt": "x==1\n", ".dockerignore": ".git\n"})
    code, out, err = run(plain, "--format", "json")
    same("json", (code, [(f["rule"], f["line"], f["severity"]) for f in json.loads(out)["images"][0]["findings"]], err),
         (0, [("deps-after-copy", 3, "warning"), ("pip-cache", 3, "warning")], ""))
    edit = json.loads(out)["images"][0]["findings"][0]["edit"]
    lines = DOCKERFILE.splitlines(True)
    same("an edit replaces whole lines", "".join(lines[:edit["line"] - 1]) + edit["text"] + "".join(lines[edit["line_end"]:]),
         "FROM registry.example/base:1\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n")
    same("--fail-on a rule", run(plain, "--fail-on", "no-user,pip-cache")[0], 1)
    same("--fail-on a severity", [run(plain, "--fail-on", s)[0] for s in ("info", "warning", "error")], [1, 1, 0])
    same("--fail-on another rule", run(plain, "--fail-on", "no-user")[0], 0)
    code, out, err = run(plain, "--fail-on", "pip-cash")
    same("--fail-on what is no rule", (code, out, err.splitlines()[0]), (2, "", 'cachepredict: there is no rule or severity "pip-cash"'))
    same("a format that it has not", run(plain, "--format", "dot")[0], 2)
    same("no Dockerfile", run(plain, "-f", "nowhere")[0], 3)
    same("sarif", [r for r, _ in check_sarif(run(plain, "--format", "sarif")[1])], ["deps-after-copy", "pip-cache"])

    def apply(folder):
        code, diff, err = run(folder, "--format", "patch")
        subprocess.run(["git", "-C", folder, "apply", "-"], input=diff.encode(), env=env, check=True)
        subprocess.run(["git", "-C", folder, "commit", "-qam", "y"], env=env, check=True)

    apply(plain)
    with open(os.path.join(plain, "Dockerfile")) as f:
        same("git apply takes a patch", f.read(), "FROM registry.example/base:1\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n")
    apply(plain)
    with open(os.path.join(plain, "Dockerfile")) as f:
        same("... and the next one", f.read(),
             "FROM registry.example/base:1\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n")
    same("then there is nothing to patch", run(plain, "--format", "patch"), (0, "", ""))
    text = "FROM registry.example/base:1\n" + "".join("RUN pip install p%d\n%s" % (i, "ENV A=%d\n" % i * (i % 9)) for i in range(40)) + "RUN true"
    many = repository(os.path.join(tmp, "many"), {'d \u00e4"/Dockerfile': text})
    code, diff, err = run(many, "-f", 'd \u00e4"/Dockerfile', "--format", "patch", ".")
    subprocess.run(["git", "-C", many, "apply", "-"], input=diff.encode(), env=env, check=True)
    with open(os.path.join(many, 'd \u00e4"/Dockerfile')) as f:
        same("many hunks, no last line feed, an odd name", f.read(), text.replace("install", "install --no-cache-dir"))

    evil = "models/\x1b[31m[x](mailto:e) {0} `|<b>@me\n.onnx"
    strange = repository(os.path.join(tmp, "strange"), {"d/Docker [file] \u00e4": "FROM registry.example/base:1\nCOPY models /m\n",
                                                        evil: "x"})
    arguments = ("-f", "d/Docker [file] \u00e4")
    found = check_sarif(run(strange, *arguments, "--format", "sarif")[1])
    same("sarif: no links, no placeholders, no control characters", found[0][1].split(": ")[0],
         "copies models/\\\\x1b\\[31m\\[x\\](mailto:e) {{0}} `|<b>@me\\\\n.onnx")
    for form in ("table", "markdown"):
        out = run(strange, *arguments, "--format", form, "--color", "never")[1]
        same(form + ": no control characters", [c for c in out if ord(c) < 32 and c != "\n"], [])
    same("markdown: no markup", "<b>" in out or "@me" in out, False)
    same("json: as it is", json.loads(run(strange, *arguments, "--format", "json")[1])["images"][0]["findings"][0]["message"],
         "copies " + evil)
    out = run(strange, *arguments, "--color", "never", "--width", "40")[1]
    same("the table keeps its width", max(len(line) for line in out.splitlines()[1:]) <= 40, True)
    same("no colour unless asked for", "\x1b" in run(strange, *arguments)[1], False)
    same("colour", "\x1b[31merror\x1b[0m" in run(strange, *arguments, "--color", "always")[1], True)

    # a move takes its comment along; of two that touch the same lines the second one is for a history that has the first
    def ordered(name, dockerfile):
        repo = repository(os.path.join(tmp, name), {"Dockerfile": dockerfile, "src/a": "", "assets/big": "x" * 2000000, ".dockerignore": ".git\n"})
        for i in range(8):
            with open(os.path.join(repo, "src/a"), "a") as f:
                f.write("%d\n" % i)
            subprocess.run(["git", "-C", repo, "commit", "-qam", str(i)], env=env, check=True)
        return repo

    def apply_history(repo):
        patch = run(repo, "--format", "patch", *history)[1]
        subprocess.run(["git", "-C", repo, "apply", "-"], input=patch.encode(), env=env, check=True)
        with open(os.path.join(repo, "Dockerfile")) as f:
            return patch, f.read()

    history = ("--history", "50", "--no-state")
    repo = ordered("ordered", "FROM registry.example/base:1\nWORKDIR /app\nCOPY src ./src\n# sounds\nCOPY assets ./assets\n# tools\nRUN apt-get update && \\\n"
                              "    apt-get install -y --no-install-recommends x && rm -rf /var/lib/apt/lists/*\nCMD [\"x\"]\n")
    found = json.loads(run(repo, "--format", "json", *history)[1])["images"][0]["findings"]
    same("what stands below a COPY that changes", [(f["rule"], f["line"]) for f in found], [("copy-order", 5), ("copy-order", 7)])
    same("what the trial says", [found[1]["at_stake"]["trial"][k] for k in ("commits", "commits_better", "runs_ran")], [8, 8, [8, 0]])
    same("how large it is", found[0]["size"], {"files": 1, "bytes": 2000000, "files_of_unknown_size": 0})
    patch, text = apply_history(repo)
    same("a move leaves the lines alone that it passes", [line for line in patch.splitlines() if line[0] in "+-"][2:],
         ["+# sounds", "+COPY assets ./assets", "-# sounds", "-COPY assets ./assets"])
    patch, text = apply_history(ordered("ordered-2", text))
    same("both moved", [line for line in text.splitlines() if not line.startswith(" ")],
         ["FROM registry.example/base:1", "WORKDIR /app", "# sounds", "COPY assets ./assets", "# tools", "RUN apt-get update && \\", "COPY src ./src", 'CMD ["x"]'])
    repo = ordered("ordered-3", text)
    same("then nothing is left", run(repo, "--format", "patch", *history)[1], "")
    same("without a history there is nothing to say", [f["rule"] for f in json.loads(run(repo, "--format", "json")[1])["images"][0]["findings"]], [])
    POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 123456789\n"
    lfs = repository(os.path.join(tmp, "lfs"), {"Dockerfile": "FROM registry.example/base:1\nCOPY models /m\n", "models/a.onnx": POINTER, "models/b.onnx": "x" * 10})
    same("a pointer stands for its file", json.loads(run(lfs, "--format", "json")[1])["images"][0]["findings"][0]["size"],
         {"files": 2, "bytes": 123456799, "files_of_unknown_size": 0})

    two = repository(os.path.join(tmp, "two"), {
        "Dockerfile": DOCKERFILE.replace("base:1", "base:1 AS a") + "FROM registry.example/other\n", "broken": "FROM\n",
        "requirements.txt": "x\n", ".dockerignore": ".git\n",
        "compose.yaml": "services:\n  a:\n    build: {context: ., target: a}\n  b:\n    build: .\n  c:\n    build: {context: ., dockerfile: broken}\n"})
    code, out, err = run(two, "--compose", os.path.join(two, "compose.yaml"), "--format", "json")
    images = json.loads(out)["images"]
    same("several images, one of them broken", (code, [(i["name"], [f["rule"] for f in i["findings"]], "error" in i) for i in images]),
         (4, [("a", ["deps-after-copy", "pip-cache"], False), ("b", ["unpinned-base"], False), ("c", [], True)]))
print("1..%d" % n)
sys.exit(bad)
