"""`predict --cache-from` and `cache` against caches on disk that are written here from what `keys` prints: which cache has a step, which
commit left it, why a step is not in it. That the records are BuildKit's own is tested by tests/conformance.

usage: caches.py HELPER                        TAP on standard output
       caches.py HELPER REPOSITORY FOLDER      writes the cache of the commit before the repository's HEAD
"""
import hashlib
import json
import os
import subprocess
import sys

from place import end, env, helper, same, work

repo = os.path.abspath(sys.argv[2]) if len(sys.argv) > 3 else os.path.join(work, "repo")
env.update(XDG_CACHE_HOME=os.path.join(work, "state"))


def git(*args):
    subprocess.run(["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@b", *args], check=True, env=env, stdout=subprocess.DEVNULL)


def write(path, text):
    full = os.path.join(repo, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", newline="") as f:
        f.write(text)


def commit(message, **files):
    for path, text in files.items():
        write(path.replace("__", "/"), text)
    git("add", "-A")
    git("commit", "-q", "-m", message)


def run(*args):
    r = subprocess.run([helper, *args, "--offline"], cwd=repo, env=env, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


# ---- caches as --cache-to type=local writes them ----

def put(folder, data):
    digest = hashlib.sha256(data).hexdigest()
    os.makedirs(os.path.join(folder, "blobs/sha256"), exist_ok=True)
    with open(os.path.join(folder, "blobs/sha256", digest), "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def cacheconfig(records, layers_of, blob):
    records = [r for r in records if r["digest"]]  # the others hold what nobody knows before the build
    index = {r["digest"]: i for i, r in enumerate(records)}
    out = []
    for r in records:
        item = {"digest": r["digest"]}
        inputs = []
        for links in r["inputs"]:
            inputs.append([dict({"link": index[l["link"]]}, **({"selector": l["selector"]} if "selector" in l else {}))
                           for l in links if l["link"] in index])
        if inputs:
            item["inputs"] = inputs
            if layers_of(r["step"]):
                item["layers"] = [{"layer": 0, "createdAt": "2026-11-01T10:00:00Z"}]
        out.append(item)
    return {"layers": [{"blob": blob["digest"], "parent": -1}], "records": out}


def export(name, *args, layers_of=lambda step: True, size=100):
    """The cache that a build leaves whose keys are printed by `keys ARGS`."""
    code, text, err = run("keys", "--format", "json", *args)
    assert code == 0, err
    folder = os.path.join(work, name) # an absolute name stays as it is
    layer = put(folder, b"x" * size)
    config = put(folder, json.dumps(cacheconfig(json.loads(text)["records"], layers_of, layer)).encode())
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": dict(config, mediaType="application/vnd.buildkit.cacheconfig.v0"),
        "layers": [dict(layer, mediaType="application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    entry = put(folder, json.dumps(manifest).encode())
    entry.update(mediaType=manifest["mediaType"], annotations={"org.opencontainers.image.ref.name": "latest"})
    with open(os.path.join(folder, "index.json"), "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [entry]}, f)
    with open(os.path.join(folder, "oci-layout"), "w") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    return "type=local,src=" + folder


def predict(*args):
    code, text, err = run("predict", "--format", "json", *args)
    assert code == 0, err
    return json.loads(text)


def outcomes(p):
    return " ".join(s["outcome"] for s in p["images"][0]["steps"])


def cause(p, step=0):
    c = p["images"][0]["steps"][step]["cause"]
    return c and "%s: %s" % (c["kind"], c["message"])


if len(sys.argv) > 3:
    export(os.path.abspath(sys.argv[3]), "--rev", "HEAD~1")
    sys.exit(0)

# ---- the repository: only COPY steps, so that every key is known ----

DOCKERFILE = """FROM scratch AS one
ARG MODE=plain
COPY a /a
COPY --chmod=600 a /$MODE
FROM scratch AS two
COPY b /b
FROM scratch
COPY --from=one /a /a
COPY --from=two /b /b
"""

subprocess.run(["git", "init", "-q", "-b", "main", repo], check=True, env=env)
commit("first", Dockerfile=DOCKERFILE, a="1\n", b="1\n", **{".dockerignore": ".git\n"})
commit("second: a", a="2\n")
commit("third: a note", note="n\n")
commit("fourth: b", b="4\n")

first, second, head = export("first", "--rev", "HEAD~3"), export("second", "--rev", "HEAD~2"), export("head", "--rev", "HEAD", size=300)

p = predict("--cache-from", head)
same("everything is there", outcomes(p), "hit hit hit hit hit")
same("and no image that was built is known to be this one", p["verdict"]["action"], "reuse-cache")
same("the build can be skipped where it is the one that was built", predict("HEAD..HEAD", "--cache-from", head)["verdict"]["action"], "skip-build")
p = predict("--cache-from", second)
same("the base is the commit that left the cache", (p["base"]["rev"], p["base"]["commit"]),
     ("cache", subprocess.check_output(["git", "-C", repo, "rev-parse", "HEAD~1"], env=env, text=True).strip()))
same("what changed since misses", outcomes(p), "hit hit miss hit miss")
same("and says what it is", p["images"][0]["steps"][2]["cause"]["paths"], [{"path": "b", "change": "modified"}])
same("reuse it", (p["verdict"]["action"], p["verdict"]["cache_from"], p["verdict"]["reason"]),
     ("reuse-cache", [second], second + " has 3 of 5 steps"))
p = predict("--cache-from", first, "--cache-from", second)
same("a cache that adds nothing is not named", p["verdict"]["cache_from"], [second])
same("per step who has it", [s["caches"] for s in p["images"][0]["steps"]], [[second], [second], [], [second], []])

git("checkout", "-q", "-b", "side", "HEAD~3")
commit("side: b", b="4\n")
side = export("side", "--rev", "side")
git("checkout", "-q", "main")
p = predict("HEAD..HEAD", "--cache-from", second, "--cache-from", side)
same("two caches have more than one", outcomes(p), "hit hit hit hit miss")
same("both are named, the better one first", p["verdict"]["cache_from"], [second, side])
same("with their shares", p["verdict"]["reason"], "%s has 3 of 5 steps, %s 1 more" % (second, side))

mode_min = export("min", "--rev", "HEAD", layers_of=lambda step: step.startswith("[stage-2"))
same("mode=min has the last stage", outcomes(predict("HEAD..HEAD", "--cache-from", mode_min)), "hit hit hit hit hit")
p = predict("HEAD..HEAD", "--cache-from", mode_min, "--target", "two")
same("and lacks layers of the others", (outcomes(p), cause(p)),
     ("miss", "layers-missing: the cache knows its key, but does not hold its layers"))

# ---- misses that are explained by trying ----

for umask in ("002", "000", "077"):
    p = predict("HEAD..HEAD", "--cache-from", export("u" + umask, "--umask", umask))
    same("umask " + umask, cause(p), "mode-changed: the cache was written from a checkout with umask " + umask)
    same("with that umask all is there", outcomes(predict("HEAD..HEAD", "--umask", umask, "--cache-from", export("u" + umask, "--umask", umask))),
         "hit hit hit hit hit")
p = predict("HEAD..HEAD", "--cache-from", head, "--build-arg", "MODE=fast")
same("a build-arg", (outcomes(p), cause(p, 1)), ("hit miss hit hit hit", "argument-changed: the cache was written without build-arg MODE"))
git("checkout", "-q", "-b", "crlf")
commit("crlf", a="2\r\n", b="4\r\n")
crlf = export("crlf", "--rev", "crlf")
git("checkout", "-q", "main")
p = predict("HEAD..HEAD", "--cache-from", crlf)
same("line ends", cause(p), "content-changed: the cache was written from a checkout with CRLF line ends (core.autocrlf)")

git("checkout", "-q", "-b", "whole")
commit("whole", Dockerfile="FROM scratch\nCOPY --exclude=note . /all/\n", **{".dockerignore": "nothing\n"})
tree = export("tree", "--context-from", "export")
p = predict("HEAD..HEAD", "--cache-from", tree, "--context-from", "export")
same("a tree without .git", outcomes(p), "hit")
p = predict("HEAD..HEAD", "--cache-from", export("old", "--context-from", "export", "--builder", "buildkit=0.25"), "--context-from", "export")
same("an older BuildKit", cause(p), "not-in-cache: the cache was written by BuildKit 0.25")
git("checkout", "-q", "main")

# ---- what a cache holds ----

code, text, err = run("cache", second)
same("cache", (code, text.splitlines()[1:4], text.splitlines()[-2]),
     (0, ["  form       image manifest, mode=max", "  size       100 bytes in 1 layer",
          "  records    7, 5 of them steps that can all be loaded"],
      "  commit     %s third: a note, 1 commit behind HEAD" %
      subprocess.check_output(["git", "-C", repo, "rev-parse", "HEAD~1"], env=env, text=True)[:7]))
same("what the head would take", text.splitlines()[-1], "  use        HEAD would take 3 of 5 steps from it")
code, text, err = run("cache", "type=local,src=" + os.path.join(work, "u002"))
same("and what to fix first", text.splitlines()[-2:],
     ["  use        HEAD would take 0 of 5 steps from it; the cache was written from a", "             checkout with umask 002"])
code, text, err = run("predict", "HEAD..HEAD", "--cache-from", head)
same("proved", text.splitlines()[0], "repo  every step is cached (5), proved against " + head)
code, text, err = run("cache", second, "--rev", "HEAD~3", "--format", "json")
found = json.loads(text)["caches"][0]
same("none of the commits before left it", (code, found["holds"]["commit"], found["holds"]["searched"]), (0, None, 1))
code, text, err = run("cache", "type=local,src=" + os.path.join(work, "nowhere"))
same("a cache that is not there", (code, len(text.splitlines())), (3, 2))
code, text, err = run("cache")
same("no cache named", (code, err.splitlines()[0]), (2, "cachepredict: name a cache: cachepredict cache REF"))
code, text, err = run("-C", work, "cache", second)
same("outside of a repository", (code, text.splitlines()[1], "commit" in text), (0, "  form       image manifest, mode=max", False))
code, text, err = run("cache", "type=registry,ref=localhost:1/x")
same("offline", (code, text.splitlines()[1]), (3, "  note       not read: the network is not used (--offline)"))

# ---- what no key has in it ----

commit("fifth: another command", Dockerfile=DOCKERFILE + "CMD [\"other\"]\n")
p = predict("--cache-from", head)
same("every step is there, and the image may be another one", (outcomes(p), p["verdict"]["action"]), ("hit hit hit hit hit", "reuse-cache"))
p = predict("HEAD~1..HEAD", "--cache-from", head)
same("it is another one", (outcomes(p), p["verdict"]["action"], "CMD" in p["verdict"]["reason"]), ("hit hit hit hit hit", "reuse-cache", True))
p = predict("HEAD..HEAD", "--cache-from", head)
same("it was built before", p["verdict"]["action"], "skip-build")
p = predict("HEAD..HEAD", "--cache-from", head, "--no-cache")
same("but never with --no-cache", p["verdict"]["action"] == "skip-build", False)

end()
