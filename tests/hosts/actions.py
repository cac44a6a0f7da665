"""Workflows of GitHub's kind, run by act against a real Gitea: the composite action, the workflow file for Gitea and that for forks, an example, and
`type=gha` read from act's cache service. TAP.

usage: actions.py GITEA STATICFOLDER ACT BUILDX BUILDKITD BUSYBOX       an empty ACT: all of it is skipped
"""
import json
import os
import re
import shutil
import subprocess
import sys

import loop
from gitea import Gitea, free_port
from place import BUILD, HELPER, PLUGIN, ROOT, WORK, Repository, end, report

WORKFLOW = '''on: pull_request
jobs:
  predict:
    runs-on: ubuntu-latest
    outputs:
      stages: ${{ steps.p.outputs.rebuild_stages }}
      matrix: ${{ steps.p.outputs.matrix }}
    steps:
      - uses: actions/checkout@v4
      - id: p
        uses: ./tools/hooks/github
        with:
          program: PROGRAM
          token: ${{ secrets.GITHUB_TOKEN }}
          cache-from: |
            type=local,src=/nonexistent/a
            type=local,src=/nonexistent/b
      - run: |
          echo "next: reuse=${{ steps.p.outputs.reuse_cache }} skip=${{ steps.p.outputs.skip }}"
          echo "verdict: $VERDICT"
        env:
          VERDICT: ${{ steps.p.outputs.verdict_json }}
  build:
    needs: predict
    runs-on: ubuntu-latest
    strategy:
      matrix: ${{ fromJSON(needs.predict.outputs.matrix) }}
    steps:
      - run: echo "job of ${{ matrix.name }} target ${{ matrix.target }}"
'''
# In place of docker/build-push-action, which takes a docker: it says what it was given.
BUILD_PUSH = '''inputs:
  cache-from: {default: ''}
  cache-to: {default: ''}
runs:
  using: composite
  steps:
    - shell: bash
      env: {FROM: "${{ inputs.cache-from }}", TO: "${{ inputs.cache-to }}"}
      run: 'echo "build-push: from=$FROM to=$TO"'
'''


def hooks():
    paths = ('github/action.yml', 'sh/predict.sh')
    return {'tools/hooks/' + path: open(os.path.join(ROOT, 'hooks', path)).read() for path in paths}


class Act:
    """One run of act."""

    def __init__(self, program, g, repo, event_name, event, *args, env=None, secrets=()):
        path = os.path.join(WORK, 'event.json')
        with open(path, 'w') as f:
            json.dump(event, f)
        home = os.path.join(WORK, 'acthome')
        os.makedirs(os.path.join(home, '.config/act'), exist_ok=True)
        open(os.path.join(home, '.config/act/actrc'), 'w').close()
        variables = {'CACHEPREDICT_FORGE': 'gitea', 'CACHEPREDICT_FORGE_URL': g.api, 'CACHEPREDICT_PLUGIN': PLUGIN, 'CACHEPREDICT_NO_STATE': 'true',
                     'CACHEPREDICT_CONTEXT_FROM': 'export', **(env or {})}
        words = [w for k, v in variables.items() for w in ('--env', '%s=%s' % (k, v))] + [w for s in secrets for w in ('-s', s)]
        self.token = g.tokens['ci']
        p = subprocess.run([program, event_name, '-e', path, '--github-instance', '127.0.0.1:%d' % g.port, '--json', *words,
                            '-P', 'ubuntu-latest=-self-hosted', '-P', 'cachepredict=-self-hosted', *args], cwd=repo.path,
                           env={'PATH': BUILD + ':' + os.environ['PATH'], 'HOME': home}, capture_output=True, text=True, timeout=300)
        self.code, self.out = p.returncode, p.stdout + p.stderr
        lines = []
        for line in p.stdout.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        self.said = '\n'.join(x.get('msg', '') for x in lines)
        self.summary = '\n'.join(x.get('content', '') for x in lines if x.get('command') == 'summary')

    def check(self, *says):
        problems = [] if self.code == 0 else ['exit code %d' % self.code]
        problems += ['says nothing of "%s"' % s for s in says if s not in self.said]
        problems += ['the token is in the output'] if self.token in self.said + self.summary else []
        return problems + [self.said[-3000:] or self.out[-3000:]] if problems else []


def pull(head, number, repository, **more):
    side = {'repo': {'full_name': repository}}
    return {'pull_request': {'number': number, 'head': {'ref': 'feature', 'sha': head, **side}, 'base': {'ref': 'main', **side}}, **more}


def action(g, program):
    repo, head, n = g.project('act', {**hooks(), '.github/workflows/image.yml': WORKFLOW.replace('PROGRAM', HELPER)})
    a = Act(program, g, repo, 'pull_request', pull(head, n, 'ci/act'), '--no-cache-server', secrets=['GITHUB_TOKEN=' + g.tokens['ci']],
            env={'CACHEPREDICT_BASE': 'origin/main', 'CACHEPREDICT_TOKEN': g.tokens['ci']})
    report('act: the workflow of the composite action succeeds', a.check())
    report('act: outputs reach the next step', a.check('next: reuse=false skip=false', '"rebuild_stages":["builder","stage-1"]'))
    report('act: the matrix makes a job of the image that has something to build', re.search(r'^job of [\w-]+ target', a.said, re.M) is not None)
    report('act: the job summary has the table', [] if '| stage | steps | outcome | why |' in a.summary else [a.summary[:500]])
    report('act: an annotation stands at the line that broke', 'requirements.txt: a 1 → 2' in a.said)
    comments = g.comments('act', n)
    report('act: the comment is on the pull request', [] if len(comments) == 1 and 'rebuilds' in comments[0]['body'] and head in comments[0]['body']
           else [str(comments)[:800], a.out[-1500:]])


# ---- files that people copy ----

def files(g, program):
    image = open(os.path.join(ROOT, 'hooks/gitea/image.yml')).read().replace('git.example.test/acme', '127.0.0.1:%d/ci' % g.port)
    ours = 'https://git.example.test/tools/cachepredict/hooks/github@v1'
    example = open(os.path.join(ROOT, 'examples/ci/gitea.yml')).read()
    repo, head, n = g.project('files', {**hooks(), '.gitea/workflows/image.yml': image.replace(ours, './tools/hooks/github'), '.gitea/workflows/example.yml': example})
    os.makedirs(os.path.join(WORK, 'build-push'))
    with open(os.path.join(WORK, 'build-push/action.yml'), 'w') as f:
        f.write(BUILD_PUSH)
    a = Act(program, g, repo, 'pull_request', pull(head, n, 'ci/files'), '--no-cache-server', '-W', '.gitea/workflows/image.yml',
            '--local-repository', 'docker/build-push-action@v6=' + os.path.join(WORK, 'build-push'), secrets=['CACHEPREDICT_TOKEN=' + g.tokens['ci']],
            env={'GITEA_ACTIONS': 'true', 'CACHEPREDICT_BASE': 'origin/main'})
    # an empty cache is worth no import, and is written
    report("hooks/gitea/image.yml: predicts, and hands the build what it is to read and write", ([] if ours in open(os.path.join(
        ROOT, 'hooks/gitea/image.yml')).read() else ['it names another action']) + a.check('build-push: from= to=type=registry,ref=127.0.0.1:%d/ci/app:cache,mode=max' % g.port))
    comments = g.comments('files', n)
    report('hooks/gitea/image.yml: the comment is on the pull request', [] if len(comments) == 1 and head in comments[0]['body'] else [str(comments)[:500], a.said[-1500:]])

    bin_ = os.path.join(WORK, 'bin')  # in place of docker
    os.makedirs(bin_)
    with open(os.path.join(bin_, 'docker'), 'w') as f:
        f.write('#!/bin/sh\necho "docker $*"\n')
    os.chmod(os.path.join(bin_, 'docker'), 0o755)
    before = repo.git('rev-parse', 'main')
    for name, built in (('a requirement changed', True), ('a file that is in no image changed', False)):
        if not built:
            before = head
            head = repo.commit({'tools/notes': 'x\n'})
        a = Act(program, g, repo, 'push', {'before': before, 'after': head, 'ref': 'refs/heads/feature'}, '--no-cache-server', '-W', '.gitea/workflows/example.yml',
                env={'PATH': bin_ + ':' + BUILD + ':' + os.environ['PATH']})
        report('examples/ci/gitea.yml: %s: %s' % (name, 'built' if built else 'not built'), a.check() + (
            [] if ('docker buildx build' in a.said) == built else [a.said[-2000:]]))


# ---- a pull request from a fork ----

def fork(g, program):
    """Its own run has no token; the run that follows it has one, and HEAD is the default branch."""
    workflow = open(os.path.join(ROOT, 'hooks/github/fork.yml')).read()
    repo, _, _ = g.project('forked', {**hooks(), '.github/workflows/fork.yml': workflow.replace('OWNER/cachepredict/hooks/github@v1', './tools/hooks/github')})
    repo.git('checkout', '-q', 'main')
    g.call('stranger', 'POST', '/repos/ci/forked/forks', {})
    theirs = Repository('theirs')
    url = 'http://stranger:%s@127.0.0.1:%d/stranger/forked.git' % (g.tokens['stranger'], g.port)
    theirs.git('remote', 'add', 'origin', url)
    theirs.git('fetch', '-q', 'origin')
    theirs.git('checkout', '-q', '-b', 'fix', 'origin/main')
    evil = 'echo "$(id)" >%s/owned; exit 1\n' % WORK
    head = theirs.commit({'requirements.txt': 'a==3\n', 'tools/hooks/sh/predict.sh': evil, '.github/workflows/fork.yml': 'on: push\njobs: {}\n',
                          '.cachepredict.json': '{"fail_on": ["miss"]}'})
    theirs.git('push', '-q', 'origin', 'fix')
    n = g.call('stranger', 'POST', '/repos/ci/forked/pulls', {'head': 'stranger:fix', 'base': 'main', 'title': 'fix'})['number']

    def event(sha, **more):
        return {'workflow_run': {'event': 'pull_request', 'head_sha': sha, 'head_branch': 'fix', 'pull_requests': [], 'head_repository': {
            'full_name': 'stranger/forked', 'owner': {'login': 'stranger'}}, **more}, 'repository': {'full_name': 'ci/forked', 'default_branch': 'main'}}

    def run(e):
        return Act(program, g, repo, 'workflow_run', e, '--no-cache-server', '-W', '.github/workflows/fork.yml', secrets=['GITHUB_TOKEN=' + g.tokens['ci']],
                   env={'CACHEPREDICT_TOKEN': g.tokens['ci']})
    a = run(event(head))
    comments = g.comments('forked', n)
    report('hooks/github/fork.yml: the comment of a fork is made by the run that follows, from its head', a.check('comment created') + (
        [] if len(comments) == 1 and 'commit=' + head in comments[0]['body'] and 'requirements.txt' in comments[0]['body'] else [str(comments)[:800]]))
    report('hooks/github/fork.yml: nothing of the fork was checked out or run', [] if not os.path.exists(os.path.join(WORK, 'owned')) and
           repo.git('rev-parse', 'HEAD') == repo.git('rev-parse', 'main') and repo.git('status', '--porcelain') == '' else [repo.git('status')])
    old = head
    head = theirs.commit({'requirements.txt': 'a==4\n'})
    theirs.git('push', '-q', 'origin', 'fix')
    g.wait(lambda: g.get('ci', '/repos/ci/forked/pulls/%d' % n)['head']['sha'] == head)
    a = run(event(old))
    report('hooks/github/fork.yml: a head that was pushed over says nothing', a.check('has the head %s of this run' % old[:12]) + (
        [] if g.comments('forked', n) == comments else ['it was touched']))
    a = run(event(head))
    now = g.comments('forked', n)
    report('hooks/github/fork.yml: the next push updates it', a.check('comment updated') + (
        [] if [c['id'] for c in now] == [c['id'] for c in comments] and 'commit=' + head in now[0]['body'] else [str(now)[:500]]))
    a = run(event(head, head_repository={'full_name': 'ci/forked', 'owner': {'login': 'ci'}}))
    report('hooks/github/fork.yml: a run of the repository itself is left to its own', a.check() + ([a.said[-500:]] if 'comment ' in a.said else []))


# ---- type=gha ----

GHA = '''on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: p
        if: github.event_name == 'pull_request'
        uses: ./tools/hooks/github
        with: {cache-from: type=gha, comment: 'false', arguments: '--base main'}
      - if: github.event_name == 'push'
        run: BUILDX build --builder rem --provenance=false --output=type=cacheonly --cache-to type=gha,mode=max .
      - if: github.event_name == 'pull_request'
        env: {FROM: "${{ steps.p.outputs.cache_from }}"}
        run: |
          echo "reuse=${{ steps.p.outputs.reuse_cache }} from=$FROM"
          BUILDX build --builder rem --progress=rawjson --provenance=false --output=type=cacheonly --cache-from "$FROM" . 2>LOG
'''


def gha(g, program, buildx, buildkitd, busybox):
    bk = loop.BuildKit(os.path.abspath(buildkitd), os.path.abspath(buildx))
    log = os.path.join(WORK, 'gha.jsonl')
    try:
        bk.start()
        workflow = GHA.replace('BUILDX', bk.buildx).replace('LOG', log)
        repo = Repository('gha')
        shutil.copy(busybox, os.path.join(repo.path, 'busybox'))
        repo.commit({'Dockerfile': loop.DOCKERFILE, '.dockerignore': '.git\ntools\n.github\n', 'requirements.txt': 'a==1\n', 'src/a.py': '1\n', **hooks(),
                     '.github/workflows/gha.yml': workflow})
        repo.git('remote', 'add', 'origin', g.repository('gha'))
        service = ('--cache-server-path', os.path.join(WORK, 'actcache'), '--cache-server-addr', '127.0.0.1', '--artifact-server-path', os.path.join(WORK, 'artifacts'),
                   '--artifact-server-addr', '127.0.0.1', '--artifact-server-port', str(free_port()))
        a = Act(program, g, repo, 'push', {'ref': 'refs/heads/main'}, *service, env={k: bk.env[k] for k in ('BUILDX_CONFIG', 'DOCKER_CONFIG')})
        report("type=gha: buildx writes into act's cache service", a.check())
        bk.start()  # knows nothing
        repo.git('checkout', '-q', '-b', 'feature')
        head = repo.commit({'requirements.txt': 'a==2\n'})
        a = Act(program, g, repo, 'pull_request', pull(head, 1, 'ci/gha'), *service, env={k: bk.env[k] for k in ('BUILDX_CONFIG', 'DOCKER_CONFIG')})
        report('type=gha: our action reads it, and says that it is worth its import', a.check('reuse=true from=type=gha'))
        rows = dict(re.findall(r'^\| \d+ \| `(\[.*?)` \| \**(\w+)', a.summary, re.M))
        cached = loop.cached_steps(open(log).read())
        problems = ['%s: predicted %s, %s' % (name, said, cached.get(name)) for name, said in rows.items() if said in ('hit', 'miss') and name in cached and
                    cached[name] != (said == 'hit')]
        judged = [said for name, said in rows.items() if said in ('hit', 'miss') and name in cached]
        report('type=gha: %d steps: what buildx then takes from it is what was predicted' % len(judged), problems + (
            [] if judged.count('hit') >= 3 and 'miss' in judged else [str(rows), str(cached), a.summary[-1500:]]))
    finally:
        bk.stop()


def main():
    _, gitea, static, program, *build = sys.argv
    if not program:
        report('act # SKIP it is not there', [])
        return end()
    with Gitea(os.path.abspath(gitea), static, os.path.join(WORK, 'gitea')) as g:
        for part, more in ((action, ()), (files, ()), (fork, ()), (gha, build)):
            if part.__name__ not in os.environ.get('ONLY', part.__name__):
                continue
            try:
                part(g, os.path.abspath(program), *more)
            except Exception as e:  # the other parts say what they can
                report(part.__name__, ['%s: %s' % (type(e).__name__, e)])
    end()


main()
