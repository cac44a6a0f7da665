"""Real CI hosts with our hooks: act runs the action of GitHub against a real Gitea, gitlab-ci-local the template, Buildbot loads the plugin. TAP.

usage: ci.py GITEA STATICFOLDER ACT GITLAB-CI-LOCAL VENV       an empty argument: that host is not there, and its part is skipped
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

from gitea import Gitea, free_port
from place import BUILD, HELPER, PLUGIN, ROOT, WORK, Repository, end, report

DOCKERFILE = '''FROM python:3.12-slim AS builder
WORKDIR /build
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM python:3.12-slim
COPY --from=builder /build /build
COPY src/ src/
'''
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


def make(name, g, extra):
    repo = Repository(name)
    repo.commit({'Dockerfile': DOCKERFILE, 'requirements.txt': 'a==1\n', 'src/a.py': '1\n', '.dockerignore': '.git\ntools\n', **extra})
    url = g.repository(name)
    repo.git('remote', 'add', 'origin', url)
    repo.git('push', '-q', 'origin', 'main')
    repo.git('checkout', '-q', '-b', 'feature')
    head = repo.commit({'requirements.txt': 'a==2\n'})
    repo.git('push', '-q', 'origin', 'feature')
    return repo, head, g.pull_request(name, 'feature')


# ---- act ----

def act(g, program):
    hooks = {}
    for path in ('github/action.yml', 'sh/predict.sh'):
        hooks['tools/hooks/' + path] = open(os.path.join(ROOT, 'hooks', path)).read()
    repo, head, n = make('act', g, {**hooks, '.github/workflows/image.yml': WORKFLOW.replace('PROGRAM', HELPER)})
    full = {'full_name': 'ci/act'}
    event = os.path.join(WORK, 'event.json')
    with open(event, 'w') as f:
        json.dump({'pull_request': {'number': n, 'head': {'ref': 'feature', 'sha': head, 'repo': full}, 'base': {'ref': 'main', 'repo': full}}}, f)
    home = os.path.join(WORK, 'acthome')
    os.makedirs(os.path.join(home, '.config/act'))
    open(os.path.join(home, '.config/act/actrc'), 'w').close()
    p = subprocess.run([program, 'pull_request', '-P', 'ubuntu-latest=-self-hosted', '-e', event, '-s', 'GITHUB_TOKEN=' + g.tokens['ci'],
                        '--github-instance', '127.0.0.1:%d' % g.port, '--no-cache-server', '--json', '--env', 'CACHEPREDICT_BASE=origin/main',
                        '--env', 'CACHEPREDICT_FORGE=gitea', '--env', 'CACHEPREDICT_FORGE_URL=' + g.api, '--env', 'CACHEPREDICT_PLUGIN=' + PLUGIN,
                        '--env', 'CACHEPREDICT_FORGE_REPOSITORY=ci/act', '--env', 'CACHEPREDICT_TOKEN=' + g.tokens['ci'],
                        '--env', 'CACHEPREDICT_CONTEXT_FROM=export'],
                       cwd=repo.path, env={'PATH': os.environ['PATH'], 'HOME': home}, capture_output=True, text=True, timeout=300)
    out = p.stdout + p.stderr
    report('act: the workflow of the composite action succeeds', [] if p.returncode == 0 else [out[-3000:]])
    lines = []
    for line in p.stdout.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pass
    said = '\n'.join(x.get('msg', '') for x in lines)
    summary = '\n'.join(x.get('content', '') for x in lines if x.get('command') == 'summary')
    report('act: outputs reach the next step', 'next: reuse=false skip=false' in said and '"rebuild_stages":["builder","stage-1"]' in said)
    report('act: the matrix makes a job of the image that has something to build', re.search(r'^job of [\w-]+ target', said, re.M) is not None)
    report('act: the job summary has the table', [] if '| stage | steps | outcome | why |' in summary else [summary[:500]])
    report('act: an annotation stands at the line that broke', re.search(r'::notice file=Dockerfile,line=3[^\n]*requirements.txt: a 1 → 2', out) is not None
           or any('requirements.txt: a 1 → 2' in str(x.get('msg')) for x in lines))
    comments = g.comments('act', n)
    report('act: the comment is on the pull request', [] if len(comments) == 1 and 'rebuilds' in comments[0]['body'] and head in comments[0]['body']
           else [str(comments)[:800], out[-1500:]])
    report('act: no output holds the token', g.tokens['ci'] not in said + summary)


# ---- gitlab-ci-local ----

GITLAB = '''include:
  - local: tools/hooks/gitlab/cachepredict.yml
stages: [predict, build]
predict:
  extends: .cachepredict
  stage: predict
  variables:
    CACHEPREDICT_HOOKS: %(hooks)s
    HOOK_PROGRAM: %(program)s
    CACHEPREDICT_PLUGIN: %(plugin)s
    CACHEPREDICT_BASE: main
    CACHEPREDICT_CONTEXT_FROM: export
build:
  stage: build
  needs: [predict]
  script:
    - echo "next skip=$skip stages=$rebuild_stages"
'''


def gitlab(g, program):
    text = GITLAB % {'hooks': os.path.join(ROOT, 'hooks'), 'program': HELPER, 'plugin': PLUGIN}
    template = open(os.path.join(ROOT, 'hooks/gitlab/cachepredict.yml')).read()
    repo, _, _ = make('gitlab', g, {'.gitlab-ci.yml': text, 'tools/hooks/gitlab/cachepredict.yml': template, '.gitignore': '.gitlab-ci-local/\n'})
    p = subprocess.run([program, '--force-shell-executor', '--variable', 'CI_MERGE_REQUEST_IID=1', '--variable', 'CI_PIPELINE_SOURCE=merge_request_event',
                        '--variable', 'CI_API_V4_URL=http://127.0.0.1:9/api/v4'], cwd=repo.path, capture_output=True, text=True, timeout=300,
                       env={'PATH': os.environ['PATH'], 'HOME': WORK})
    out = p.stdout + p.stderr
    report('gitlab-ci-local: the pipeline of the template succeeds', [] if p.returncode == 0 else [out[-3000:]])
    report('gitlab-ci-local: the dotenv report reaches the next job', [] if 'next skip=false stages=builder stage-1' in out else [out[-2000:]])
    artifacts = os.path.join(repo.path, '.gitlab-ci-local/artifacts/predict/cachepredict-report')
    found = {f: open(os.path.join(artifacts, f)).read() for f in os.listdir(artifacts)} if os.path.isdir(artifacts) else {}
    report('gitlab-ci-local: page, JUnit, code quality and prediction are artifacts', [] if sorted(found) == [
        'codequality.json', 'junit.xml', 'page.html', 'prediction.json'] and isinstance(json.loads(found['codequality.json']), list) and
           '<svg' in found['page.html'] and '<testcase' in found['junit.xml'] and json.loads(found['prediction.json'])['images'] else [
            str(sorted(found)), out[-1500:]])


# ---- Buildbot ----

MASTER = '''
import sys
sys.path.insert(0, {hooks!r})
from buildbot.plugins import *
from cachepredict_step import CachePredict
c = BuildmasterConfig = {{}}
c['workers'] = [worker.Worker('w1', 'pw')]
c['protocols'] = {{'pb': {{'port': 'tcp:{pb}:interface=127.0.0.1'}}}}
c['www'] = dict(port='tcp:{www}:interface=127.0.0.1', plugins={{}},
                change_hook_dialects={{'gitea': {{'secret': 's', 'onlyIncludePushCommit': True}}}})
c['buildbotNetUsageData'] = None
c['buildbotURL'] = 'http://127.0.0.1:{www}/'
c['schedulers'] = [schedulers.AnyBranchScheduler(name='any', builderNames=['image'], treeStableTimer=None,
                                                 change_filter=util.ChangeFilter(category='push'))]
f = util.BuildFactory()
f.addStep(CachePredict(plugin={plugin!r}, repository={mirror!r}, base='main', request={{'context_from': 'export'}}))
f.addStep(steps.ShellCommand(command=['echo', util.Interpolate('next skip=%(prop:skip)s stages=%(prop:rebuild_stages)s')]))
c['builders'] = [util.BuilderConfig(name='image', workernames=['w1'], factory=f)]
c['services'] = [reporters.GiteaStatusPush(baseURL={url!r}, token={token!r}, context='buildbot/image')]
c['db'] = {{'db_url': 'sqlite:///state.sqlite'}}
'''


def buildbot(g, venv):
    repo, head, _ = make('buildbot', g, {})
    pb, www = free_port(), free_port()
    place = os.path.join(WORK, 'bb')
    os.makedirs(place)
    env = {'PATH': os.path.join(venv, 'bin') + ':' + os.environ['PATH'], 'HOME': WORK, 'PYTHONDONTWRITEBYTECODE': '1', 'CACHEPREDICT_NO_STATE': 'true'}
    mirror = os.path.join(g.work, 'repos/ci/buildbot.git')  # a bare repository, as a master's mirror is

    def run(*args):
        p = subprocess.run(args, cwd=place, env=env, capture_output=True, text=True, timeout=120)
        if p.returncode:
            raise RuntimeError('%s: %s' % (' '.join(args), p.stdout + p.stderr))
    run('buildbot', 'create-master', '-q', 'master')
    with open(os.path.join(place, 'master/master.cfg'), 'w') as f:
        f.write(MASTER.format(hooks=os.path.join(ROOT, 'hooks/buildbot'), pb=pb, www=www, plugin=PLUGIN, mirror=mirror, url=g.url, token=g.tokens['ci']))
    run('buildbot-worker', 'create-worker', '-q', 'worker', '127.0.0.1:%d' % pb, 'w1', 'pw')
    with open(os.path.join(place, 'log'), 'w') as log:
        started = [subprocess.Popen(args, cwd=place, env=env, stdout=log, stderr=subprocess.STDOUT) for args in (
            ('buildbot', 'start', '--nodaemon', 'master'), ('buildbot-worker', 'start', '--nodaemon', 'worker'))]
    try:
        g.wait(lambda: [w for w in g.get(None, 'http://127.0.0.1:%d/api/v2/workers' % www)['workers'] if w['connected_to']], 120)
        g.call('ci', 'POST', '/repos/ci/buildbot/hooks', {'type': 'gitea', 'active': True, 'events': ['push'], 'config': {
            'url': 'http://127.0.0.1:%d/change_hook/gitea' % www, 'content_type': 'json', 'secret': 's'}})
        second = repo.commit({'requirements.txt': 'a==3\n'})
        repo.git('push', '-q', 'origin', 'feature')

        def status():
            found = [s for s in g.get('ci', '/repos/ci/buildbot/commits/%s/statuses' % second) if s['context'] == 'buildbot/image']
            return [s for s in found if s['status'] != 'pending']
        statuses = g.wait(status, 120)
        logs = ''
        try:
            for n in range(1, 12):
                logs += g.get(None, 'http://127.0.0.1:%d/api/v2/logs/%d/contents' % (www, n))['logchunks'][0]['content']
        except Exception:
            pass
        report('Buildbot: push, webhook, our plugin in the master, commit status', [] if statuses and statuses[0]['status'] == 'success' else [
            str(statuses), logs[-1500:]])
        report('Buildbot: properties reach the next step', [] if 'next skip=false stages=builder stage-1' in logs else [logs[-1500:]])
        report('Buildbot: the log has the prediction of the pushed commit, from a bare repository', [] if 'requirements.txt' in logs and
               'MISS' in logs and second[:7] in logs else [logs[-1500:]])
    finally:
        for p in started:
            p.terminate()
        for p in started:
            p.wait()


# ---- hooks of shells and of git ----

def shells(g):
    repo, head, _ = make('shells', g, {})
    env = {'PATH': BUILD + ':' + os.environ['PATH'], 'HOME': WORK, 'CACHEPREDICT_PLUGIN': PLUGIN, 'CACHEPREDICT_NO_STATE': 'true'}
    base = repo.git('rev-parse', 'main')
    p = subprocess.run([os.path.join(ROOT, 'hooks/git/pre-push')], cwd=repo.path, env=env, capture_output=True, text=True,
                       input='refs/heads/feature %s refs/heads/feature %s\n(delete) %s refs/heads/x %s\n' % (head, base, '0' * 40, base))
    report('pre-push prints what is pushed, and lets it through', [] if p.returncode == 0 and 'requirements.txt: a 1 → 2' in p.stderr else [p.stderr])

    # a clone of depth 1, as CIs make it: the hook fetches what is missing
    shallow = os.path.join(WORK, 'shallow')
    subprocess.run(['git', 'clone', '-q', '--depth=1', '--no-single-branch', '--branch', 'feature', repo.git('remote', 'get-url', 'origin'), shallow],
                   check=True, capture_output=True, env={'PATH': os.environ['PATH'], 'HOME': WORK})
    outputs = os.path.join(WORK, 'outputs')
    more = {'HOOK_PROGRAM': HELPER, 'HOOK_OUTPUTS': outputs, 'CACHEPREDICT_CONTEXT_FROM': 'export'}

    def predict(cwd, **e):
        if os.path.exists(outputs):
            os.remove(outputs)
        p = subprocess.run(['sh', os.path.join(ROOT, 'hooks/sh/predict.sh')], cwd=cwd, env={**env, **more, **e}, capture_output=True, text=True)
        return p, open(outputs).read() if os.path.exists(outputs) else ''
    p, text = predict(shallow)
    report('a shallow clone is deepened', [] if p.returncode == 0 and 'rebuild_stages=builder stage-1' in text else [p.stderr, text])
    p, text = predict(shallow, CACHEPREDICT_FAIL_ON='miss')
    report('--fail-on fails the step, and the outputs are there', [] if p.returncode == 1 and 'rebuild_stages=builder' in text else [p.stderr, text])
    empty = os.path.join(WORK, 'empty')
    os.makedirs(empty)
    p, text = predict(empty)
    report('where nothing can be predicted the build goes on, undecided', [] if p.returncode == 0 and 'skip=false\n' in text and
           'verdict_json={"action":"undecided"}' in text else [p.stderr, text])
    p, text = predict(repo.path, HOOK_PROGRAM='/nonexistent/cachepredict')
    report('where the command is missing, too', [] if p.returncode == 0 and 'skip=false\n' in text else [p.stderr, text])
    p = subprocess.run([os.path.join(ROOT, 'hooks/woodpecker/plugin.sh')], cwd=repo.path, env={
        **env, 'HOOK_PROGRAM': HELPER, 'PLUGIN_ARGUMENTS': '--context-from export main..HEAD', 'PLUGIN_COMMENT': 'false'}, capture_output=True, text=True)
    q = subprocess.run(['sh', '-c', '. ./.cachepredict.env && echo "$rebuild_stages / $verdict_json"'], cwd=repo.path, capture_output=True, text=True)
    report("Woodpecker's file of variables is shell", [] if q.stdout.startswith('builder stage-1 / {"action"') else [p.stderr, q.stdout + q.stderr])
    os.remove(os.path.join(repo.path, '.cachepredict.env'))
    q = subprocess.run(['bash', '-c', '. %s; echo "$? $skip $rebuild_stages"' % os.path.join(ROOT, 'hooks/buildkite/hooks/post-checkout')], cwd=repo.path, env={
        **env, 'HOOK_PROGRAM': HELPER, 'BUILDKITE_PLUGIN_CACHEPREDICT_ARGUMENTS': '--context-from export main..HEAD', 'BUILDKITE_PLUGIN_CACHEPREDICT_COMMENT': 'false'},
        capture_output=True, text=True)
    report("Buildkite's hook gives the step its variables", [] if q.stdout.strip().endswith('0 false builder stage-1') else [q.stdout + q.stderr])


def main():
    _, gitea, static, act_, gitlab_, venv = (sys.argv + [''] * 6)[:6]
    with Gitea(os.path.abspath(gitea), static, os.path.join(WORK, 'gitea')) as g:
        for part, host in ((shells, '-'), (act, act_), (gitlab, gitlab_), (buildbot, venv)):
            if part.__name__ not in os.environ.get('ONLY', part.__name__):
                continue
            if not host:
                report('%s # SKIP it is not there' % part.__name__, [])
                continue
            try:
                part(g) if host == '-' else part(g, host)
            except Exception as e:  # the other parts say what they can
                report(part.__name__, ['%s: %s' % (type(e).__name__, e)])
    end()


main()
