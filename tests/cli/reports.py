"""`cachepredict advise --report`: reports of scanners beside the instructions that brought the packages in. Speaks TAP.
usage: reports.py CACHEPREDICT      the plugin comes from CACHEPREDICT_PLUGIN"""
import json
import os
import subprocess
import time

import place
from place import same

DOCKERFILE = """FROM python:3.12-slim AS builder
COPY requirements.txt .
RUN pip install --no-cache-dir --prefix=/install -r requirements.txt

FROM python:3.12-slim
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
COPY --from=builder /install /usr/local
COPY src/ ./src/
USER agent
CMD ["python", "-m", "src"]
"""
CREATED = ["debian.sh", "WORKDIR /app", "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/* # buildkit",
           "COPY /install /usr/local # buildkit", "COPY src/ ./src/ # buildkit"]


def repository(name, files):
    folder = os.path.join(place.work, name)
    for path, text in files.items():
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    for command in (["init", "-q"], ["add", "-f", "."], ["-c", "user.name=A", "-c", "user.email=a@example.test", "commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", folder] + command, env=place.env, check=True)
    return folder


def file(name, content):
    path = os.path.join(place.work, name)
    with open(path, "w") as f:
        f.write(content if isinstance(content, str) else json.dumps(content))
    return path


def run(folder, *arguments):
    p = subprocess.run([place.helper, "-C", folder, "advise"] + list(arguments), env=place.env, stdin=subprocess.DEVNULL, capture_output=True)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def layer(n):
    return "sha256:%064x" % n


def flaw(id, purl, version, fixed, severity, n):
    return {"VulnerabilityID": id, "PkgName": purl.split("/")[-1], "PkgIdentifier": {"PURL": "pkg:%s@%s" % (purl, version)}, "InstalledVersion": version,
            "FixedVersion": fixed, "Severity": severity, "Layer": {"DiffID": layer(n)}}


def trivy(created, flaws, name="app:1", sizes=(), packages=(), first=1):
    return {"SchemaVersion": 2, "Trivy": {"Version": "0.74.0"}, "ArtifactName": name,
            "Metadata": {"Size": sum(sizes), "RepoTags": [name], "Layers": [{"DiffID": layer(i + 1), "Size": s} for i, s in enumerate(sizes)],
                         "ImageConfig": {"history": [{"created_by": c} for c in created], "rootfs": {"type": "layers", "diff_ids": [layer(i + first) for i in range(len(created))]}}},
            "Results": [{"Class": "os-pkgs", "Type": "debian", "Packages": list(packages), "Vulnerabilities": flaws}]}


def findings(out, rule="vulnerable-packages"):
    return [(f["line"], f["severity"], f["message"], f["why"]) for im in json.loads(out)["images"] for f in im["findings"] if f["rule"] == rule]


app = repository("app", {"Dockerfile": DOCKERFILE, "requirements.txt": "flask==2.0.0\nrequests==2.19.0\n", "src/a.py": ""})
report = file("trivy.json", trivy(CREATED, [
    flaw("CVE-1", "deb/debian/openssl", "3.0.11-1", "3.0.13-1", "CRITICAL", 1), flaw("CVE-2", "deb/debian/libpq5", "15.5", "", "MEDIUM", 3),
    flaw("CVE-3", "pypi/requests", "2.19.0", "2.20.0", "HIGH", 4), flaw("CVE-4", "deb/debian/tar", "1", "2", "LOW", 99)]))
code, out, err = run(app, "--report", report, "--format", "json")
same("each where it came from", [(l, s, m.split(":")[0]) for l, s, m, w in findings(out)],
     [(0, "info", "an unknown layer has 1 low"), (5, "error", "the base image python"), (7, "warning", "this RUN has 1 medium"), (8, "error", "what is copied from builder has 1 high")])
same("the pin is named", [w for l, s, m, w in findings(out) if l == 8], ["requirements.txt line 2 pins requests 2.19.0; 2.20.0 has the fix"])
scan = json.loads(out)["images"][0]["scans"][0]
same("layers", [(x["from"], x["line"], x["copied_from"], len(x["vulnerabilities"])) for x in scan["layers"]],
     [("base", 5, "", 1), ("step", 6, "", 0), ("step", 7, "", 1), ("step", 8, "builder", 1), ("step", 9, "", 0), ("unknown", 0, "", 1)])
same("exit code, nothing on stderr", (code, err), (0, ""))
same("the report as the answer shows it", [(r["scanner"], r["target"], r["used"]) for r in json.loads(out)["reports"]], [("Trivy 0.74.0", "app:1", True)])
same("--fail-on takes the severity of the report", [run(app, "--report", report, "--fail-on", w)[0] for w in ("error", "vulnerable-packages", "image-size")], [1, 1, 0])
same("and without a report there is none", run(app, "--fail-on", "vulnerable-packages,error")[0], 0)
sarif = json.loads(run(app, "--report", report, "--format", "sarif")[1])["runs"][0]
same("sarif", [(r["level"], r["locations"][0]["physicalLocation"]["region"]["startLine"]) for r in sarif["results"] if r["ruleId"] == "vulnerable-packages"],
     [("note", 1), ("error", 5), ("warning", 7), ("error", 8)])
table = run(app, "--report", report, "--color", "never")[1]
same("the table keeps its width", max(len(line) for line in table.splitlines()) <= 80, True)
same("a row of the table", [line.split() for line in table.splitlines() if line.startswith("    8 ") and "COPY" in line][0][:5], ["8", ".", "1", ".", "."])

scout = file("scout.sarif", {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "docker scout", "rules": [
    {"id": "CVE-3", "properties": {"purls": ["pkg:pypi/requests@2.19.0"], "cvssV3_severity": "HIGH", "fixed_version": "2.20.0"}},
    {"id": "CVE-9", "properties": {"purls": ["pkg:pypi/requests@2.19.0"], "cvssV3_severity": "CRITICAL", "fixed_version": "not fixed"}}]}}}]})
found = findings(run(app, "--report", report, "--report", scout, "--format", "json")[1])
same("another report of the same image: once each, in the layer that the first one knows", [m for l, s, m, w in found if l == 8],
     ["what is copied from builder has 1 critical, 1 high: requests 2.19.0 (CVE-9, critical, not fixed yet)"])
same("alone it does not say where", [(l, m.split(":")[0]) for l, s, m, w in findings(run(app, "--report", scout, "--format", "json")[1])],
     [(0, "an unknown layer has 1 critical, 1 high")])

older = file("older.json", trivy(CREATED[:2] + ["RUN /bin/sh -c apt-get install libpq4 # buildkit"] + CREATED[3:], [flaw("CVE-2", "deb/debian/libpq4", "15.5", "16", "HIGH", 53)], first=51))
code, out, err = run(app, "--report", older, "--format", "json")
same("a layer of another Dockerfile is nobody's", [(l, m.split(" (")[0]) for l, s, m, w in findings(out)], [(0, "a layer that is not of this Dockerfile")])
same("and it is said", json.loads(out)["images"][0]["scans"][0]["matched"], False)

sizes = (80000000, 0, 120000000, 1100000000, 5000)
large = file("large.json", trivy(CREATED, [], sizes=sizes, packages=[
    {"Name": n, "Version": "1", "Identifier": {"PURL": "pkg:pypi/%s@1" % n}, "Layer": {"DiffID": layer(4)}} for n in ("aiohttp", "torch", "yarl", "zope")]))
same("over 1 GB", findings(run(app, "--report", large, "--format", "json")[1], "image-size")[0][2], "the image is 1.30 GB: line 8 with 1.10 GB (4 packages: torch, aiohttp, yarl, …)")
small = file("small.json", trivy(CREATED, [], sizes=(1000000000, 0, 0, 0, 0)))
same("not over 1 GB", findings(run(app, "--report", small, "--format", "json")[1], "image-size"), [])
weights = repository("weights", {"Dockerfile": DOCKERFILE, "requirements.txt": "x==1\n", "src/model.onnx": "x"})
same("not with models in it", findings(run(weights, "--report", large, "--format", "json")[1], "image-size"), [])

hostile = file("hostile.json", trivy(CREATED, [flaw("CVE-\x1b[31m|<b>@me", "deb/x/\u202e" + "p" * 5000, "1\n2", "`|", "CRITICAL", 3)], name="<b>\x1b[31m"))
for form in ("table", "markdown"):
    out = run(app, "--report", hostile, "--format", form, "--color", "never")[1]
    same(form + ": no control characters, no markup", ([c for c in out if (ord(c) < 32 and c != "\n") or c == "\u202e"], "<b>@me" in out and form == "markdown"), ([], False))
for name, text, code, message in (("cut.json", json.dumps(trivy(CREATED, []))[:-20], 4, "cut.json: "), ("other.json", '{"SchemaVersion": 1}', 4, "is neither a report of Trivy (schema 2) nor SARIF"),
                                  ("gone.json", None, 3, "gone.json: ")):
    path = file(name, text) if text is not None else os.path.join(place.work, name)
    got, out, err = run(app, "--report", path, "--report", report, "--format", "json")
    reports = json.loads(out)["reports"]
    same(name + ": is said, and the others are read", (got, "error" in reports[0], message in name + ": " + reports[0]["error"]["message"], reports[1]["used"]), (code, True, True, True))
same("too many", run(app, *(["--report", report] * 65))[0] != 0, True)

many = file("many.json", trivy(CREATED, [flaw("CVE-%d" % i, "deb/debian/p%d" % (i % 500), str(i), "", "LOW", 1 + i % 5) for i in range(100000)]))
started = time.monotonic()
code, out, err = run(app, "--report", many, "--format", "json")
same("100,000 findings", (code, sum(sum(x["severities"].values()) for x in json.loads(out)["images"][0]["scans"][0]["layers"]), time.monotonic() - started < 20), (0, 100000, True))

two = repository("two", {"Dockerfile": DOCKERFILE, "Other": "FROM debian:12\nCOPY src /src\nRUN make\n", "requirements.txt": "x==1\n", "src/a": "",
                         "compose.yaml": "services:\n  a:\n    build: .\n  b:\n    build: {context: ., dockerfile: Other}\n"})
other = file("b.json", trivy(["x", "COPY src /src # buildkit", "RUN /bin/sh -c make # buildkit"], [flaw("CVE-7", "deb/debian/make", "1", "2", "HIGH", 3)], name="b:1"))
code, out, err = run(two, "--compose", os.path.join(two, "compose.yaml"), "--report", report, "--report", other, "--report", older, "--format", "json")
same("of several images, the one whose history it is", [[r for s in im.get("scans", []) for r in s["reports"]] for im in json.loads(out)["images"]], [[report], [other]])
same("one that is of none of them", [r["used"] for r in json.loads(out)["reports"]], [True, True, False])

with open(os.path.join(app, "src/a.py"), "a") as f:
    f.write("1\n")
subprocess.run(["git", "-C", app, "-c", "user.name=A", "-c", "user.email=a@example.test", "commit", "-qam", "y"], env=place.env, check=True)


def comment(*arguments):
    return subprocess.run([place.helper, "-C", app, "comment", "HEAD~1..HEAD", "--dry-run", "--format", "markdown", "--no-state"] + list(arguments), env=place.env,
                          stdin=subprocess.DEVNULL, capture_output=True).stdout.decode()


text = comment("--report", report)
folded = text[text.find("<details><summary>advice"):]
same("a comment has it folded", ("vulnerable-packages" in folded, "<details><summary>layers and what is in them: 1 critical, 1 high, 1 medium, 1 low</summary>" in folded, "vulnerable" in text[:len(text) - len(folded)]),
     (True, True, False))
same("and without a report it has none", "layers and what" in comment(), False)
same("a report that cannot be read is said there", "cut.json`: `" in comment("--report", os.path.join(place.work, "cut.json")), True)
bitbucket = comment("--report", report, "--forge", "bitbucket", "--forge-repository", "a/b", "--pull-request", "1")
same("where HTML is no markup", ("<details>" in bitbucket, "**layers and what is in them: 1 critical" in bitbucket), (False, True))
place.end()
