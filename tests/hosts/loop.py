"""The whole loop on a real Gitea, buildx and BuildKit: pull request, prediction, comment, a build with exactly the flags of the verdict, record,
and the accuracy in the next comment. TAP.

usage: loop.py GITEA STATICFOLDER BUILDX BUILDKITD BUSYBOX
"""
import json
import os
import re
import shutil
import subprocess
import sys

from gitea import Gitea
from place import WORK, Repository, Run, end, report

DOCKERFILE = '''FROM scratch AS tools
COPY busybox /bin/sh
FROM tools AS builder
WORKDIR /build
RUN echo prepared >prepared
COPY requirements.txt .
RUN cat requirements.txt >installed
FROM tools
RUN echo user >/user
COPY --from=builder /build/installed /installed
COPY src/ /src/
RUN cat /installed /user >/all
'''


def cached_steps(log):
    """Name of every step of a --progress=rawjson -> was it CACHED?"""
    cached = {}
    for line in log.splitlines():
        try:
            status = json.loads(line)
        except ValueError:
            continue
        for v in status.get('vertexes') or []:
            if v.get('completed'):  # what is then fetched of its layers is told of the same step, without the word
                cached[v['name']] = bool(v.get('cached')) or cached.get(v['name'], False)
    return cached


class BuildKit:
    def __init__(self, buildkitd, buildx):
        self.buildkitd, self.buildx = buildkitd, buildx
        self.folder = os.path.join(WORK, 'bk')
        self.socket = 'unix://' + os.path.join(self.folder, 'sock')
        self.env = {'PATH': os.environ['PATH'], 'HOME': WORK, 'DOCKER_CONFIG': os.path.join(WORK, 'docker'), 'BUILDX_CONFIG': os.path.join(WORK, 'buildx')}
        os.makedirs(self.folder)
        self.starts = 0

    def start(self):
        """A daemon that knows nothing: only what is imported can hit."""
        self.stop()
        self.starts += 1
        open(os.path.join(self.folder, 'bk.toml'), 'w').close()
        self.log = open(os.path.join(self.folder, 'log'), 'a')
        self.process = subprocess.Popen([
            self.buildkitd, '--root', os.path.join(self.folder, 'root%d' % self.starts), '--addr', self.socket, '--config',
            os.path.join(self.folder, 'bk.toml'), '--oci-worker-snapshotter=native', '--oci-worker-binary=/usr/sbin/runc', '--oci-worker-net=host',
            '--containerd-worker=false'], stdout=self.log, stderr=subprocess.STDOUT, env=self.env)
        if self.starts == 1:
            self.run('create', '--name', 'rem', '--driver', 'remote', self.socket, '--use')
        Gitea.wait(lambda: self.run('inspect', 'rem', check=False).returncode == 0 and 'running' in self.run('inspect', 'rem').stdout)

    def stop(self):
        if self.starts:
            self.process.terminate()
            self.process.wait()
            self.log.close()

    def run(self, *args, check=True, cwd=None):
        p = subprocess.run([self.buildx, *args], env=self.env, cwd=cwd, capture_output=True, text=True, timeout=300)
        if check and p.returncode:
            raise RuntimeError('buildx %s: %s' % (' '.join(args), p.stderr[-2000:]))
        return p

    def build(self, repo, *flags):
        """What was CACHED, and the log."""
        p = self.run('build', '--builder', 'rem', '--progress=rawjson', '--provenance=false', '--output=type=cacheonly', *flags, '.', cwd=repo.path)
        log = os.path.join(WORK, 'build.jsonl')
        with open(log, 'w') as f:
            f.write(p.stderr)
        return cached_steps(p.stderr), log


def main():
    _, gitea, static, buildx, buildkitd, busybox = sys.argv
    cache = os.path.join(WORK, 'cache')
    state = {'CACHEPREDICT_NO_STATE': 'false', 'CACHEPREDICT_STATE': os.path.join(WORK, 'state')}
    bk = BuildKit(os.path.abspath(buildkitd), os.path.abspath(buildx))
    try:
        with Gitea(os.path.abspath(gitea), static, os.path.join(WORK, 'gitea')) as g:
            repo = Repository('loop')
            shutil.copy(busybox, os.path.join(repo.path, 'busybox'))
            repo.commit({'Dockerfile': DOCKERFILE, '.dockerignore': '.git\n', 'requirements.txt': 'a==1\n', 'src/a.py': '1\n'})
            url = g.repository('loop')
            repo.git('remote', 'add', 'origin', url)
            repo.git('push', '-q', 'origin', 'main')
            bk.start()
            bk.build(repo, '--cache-to', 'type=local,dest=%s,mode=max' % cache)

            repo.git('checkout', '-q', '-b', 'feature')
            repo.commit({'requirements.txt': 'a==2\n'})
            repo.git('push', '-q', 'origin', 'feature')
            n = g.pull_request('loop', 'feature')
            place = ('--forge', 'gitea', '--forge-url', g.api, '--forge-repository', 'ci/loop', '--pull-request', str(n))
            source = 'type=local,src=' + cache
            r = Run('--cache-from', source, '--cache-from', 'type=local,src=/nonexistent', '--format', 'json', 'main..HEAD', cwd=repo.path, env=state)
            prediction = json.loads(r.out)
            path = os.path.join(WORK, 'prediction.json')
            with open(path, 'w') as f:
                f.write(r.out)
            verdict = prediction['verdict']
            steps = {s['name']: s['outcome'] for s in prediction['images'][0]['steps'] if s['instruction'] != 'FROM'}
            report('the verdict names the cache that is worth it, and not the one that is not there', [] if verdict['action'] == 'reuse-cache' and
                   verdict['cache_from'] == [source] else [json.dumps(verdict)])
            said = Run('comment', '--cache-from', source, 'main..HEAD', *place, cwd=repo.path, env={**state, 'GITEA_TOKEN': g.tokens['ci']})
            first = g.comments('loop', n)
            report('the comment says what to do', said.check(says='comment created') + (
                [] if len(first) == 1 and '**Do:** `reuse-cache`' in first[0]['body'] else [str(first)[:1500]]))

            bk.start()
            flags = [f for value in verdict['cache_from'] for f in ('--cache-from', value)]
            cached, log = bk.build(repo, *flags)
            problems, judged = [], 0
            for name, outcome in steps.items():
                if name not in cached:
                    problems.append('%s is not in the log: %s' % (name, sorted(cached)))
                elif outcome in ('hit', 'miss'):
                    judged += 1
                    problems += [] if cached[name] == (outcome == 'hit') else ['%s: predicted %s, %s' % (name, outcome, 'CACHED' if cached[name] else 'ran')]
            print('# predicted: %s' % steps)
            report('%d steps: what buildx prints as CACHED is what was predicted' % judged, problems + ([] if judged >= 6 and 'hit' in steps.values() and
                                                                                                    'miss' in steps.values() else ['too few: %s' % steps]))
            r = Run('record', '--prediction', path, log, cwd=repo.path, env=state)
            report('the build is recorded', r.check())
            r = Run('record', '--accuracy', '--format', 'json', cwd=repo.path, env=state)
            report('the accuracy is published', [] if '"judged":%d,"right":%d,"wrong_hit":0' % (judged, judged) in r.out else [r.text])
            repo.commit({'src/a.py': '2\n'})
            repo.git('push', '-q', 'origin', 'feature')
            said = Run('comment', '--cache-from', source, 'main..HEAD', *place, cwd=repo.path, env={**state, 'GITEA_TOKEN': g.tokens['ci']})
            body = g.comments('loop', n)[0]['body']
            found = re.search(r'right in ([0-9,]+) of ([0-9,]+) steps of the last build', body)
            report('the next comment says how long it takes, and how right the last prediction was', said.check(says='comment updated') + (
                [] if '| stage | steps | outcome | time | why |' in body and found and found.group(1) == found.group(2) == str(judged) else [body[-600:]]))

            # what is not in the image changes, after a build that is known: nothing is left to do
            bk.build(repo, '--cache-to', 'type=local,dest=%s,mode=max' % cache)
            repo.commit({'README.md': 'x\n'})
            r = Run('--cache-from', source, '--format', 'dotenv', 'HEAD~1..HEAD', cwd=repo.path, env=state)
            report('a commit that changes nothing of the image: skip', [] if 'skip=true\n' in r.out and 'matrix={"include":[]}' in r.out else [r.text])
    except Exception as e:
        report('the loop', ['%s: %s' % (type(e).__name__, e)])
    finally:
        bk.stop()
    end()


if __name__ == '__main__':
    main()
