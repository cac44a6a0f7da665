"""What the programs of this folder share: the helper, a scratch folder, an environment of their own, and TAP."""
import json
import os
import shutil
import sys
import tempfile

helper = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp(prefix="cachepredict-%s-" % os.path.basename(sys.argv[0]).removesuffix(".py"))
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


def end():
    print("1..%d" % done)
    shutil.rmtree(work, ignore_errors=True)
    sys.exit(failed > 0)
