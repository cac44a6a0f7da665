"""Real CI hosts with our hooks: gitlab-ci-local runs the template, Buildbot loads the plugin, Groovy runs the step of Jenkins; shells. TAP.

usage: ci.py GITEA STATICFOLDER GITLAB-CI-LOCAL VENV GROOVY       an empty argument: that host is not there, and its part is skipped
"""
import json
import os
import shutil
import subprocess
import sys

from gitea import Gitea, free_port
from place import BUILD, HELPER, PLUGIN, ROOT, WORK, end, report


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
    repo, _, _ = g.project('gitlab', {'.gitlab-ci.yml': text, 'tools/hooks/gitlab/cachepredict.yml': template, '.gitignore': '.gitlab-ci-local/\n'})
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
    repo, head, _ = g.project('buildbot')
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


# ---- Jenkins ----

def jenkins(g, groovy):
    """The step of the shared library, by the Groovy that Jenkins has, too; the pipeline's own steps are in jenkins.groovy."""
    repo, head, _ = g.project('jenkins', {'.gitignore': '.cachepredict-7/\n'})

    def run(arguments, **env):
        java = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which('java'))))
        p = subprocess.run([groovy, os.path.join(ROOT, 'tests/hosts/jenkins.groovy'), os.path.join(ROOT, 'hooks/jenkins/vars/cachepredict.groovy'), repo.path,
                            os.path.join(ROOT, 'hooks'), arguments], capture_output=True, text=True, timeout=120, env={
                                'PATH': BUILD + ':' + os.environ['PATH'], 'HOME': WORK, 'JAVA_HOME': java, 'CACHEPREDICT_PLUGIN': PLUGIN,
                                'CACHEPREDICT_NO_STATE': 'true', 'CACHEPREDICT_CONTEXT_FROM': 'export', 'CHANGE_TARGET': 'main', **env})
        said = [line[7:] for line in p.stdout.splitlines() if line.startswith('ANSWER ')]
        return json.loads(said[0]) if said else {}, p.stdout + p.stderr
    answer, out = run('--target builder')
    found = answer.get('outputs') or {}
    report('Jenkins: the step gives the pipeline its outputs', [] if found.get('skip') == 'false' and found.get('rebuild_stages') == 'builder' and
           json.loads(found['verdict_json'])['action'] and len(json.loads(found['matrix'])['include']) == 1 else [str(answer), out[-2000:]])
    report('Jenkins: tests and artifacts are there for its page', [] if answer.get('junit') == [3] and answer.get('artifacts') == [
        '.cachepredict-7/' + f for f in ('codequality.json', 'page.html', 'prediction.json')] else [str(answer)])
    url, n = 'http://127.0.0.1:%d/ci/jenkins/pulls/' % g.port, 1
    answer, out = run('', CHANGE_URL=url + '1', CHANGE_ID='1', BUILD_URL='http://jenkins.example/7/', CACHEPREDICT_TOKEN=g.tokens['ci'])
    comments = g.comments('jenkins', n)
    report('Jenkins: the comment is on the pull request, found by CHANGE_URL', [] if len(comments) == 1 and head in comments[0]['body'] else [str(comments)[:500], out[-1500:]])
    report('Jenkins: no output holds the token', g.tokens['ci'] not in out)
    answer, out = run('--fail-on miss')
    report('Jenkins: --fail-on fails the step', [] if answer.get('error') == 'cachepredict: exit code 1' else [str(answer), out[-1000:]])


# ---- hooks of shells and of git ----

def shells(g):
    repo, head, _ = g.project('shells')
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
    _, gitea, static, gitlab_, venv, groovy = (sys.argv + [''] * 6)[:6]
    with Gitea(os.path.abspath(gitea), static, os.path.join(WORK, 'gitea')) as g:
        for part, host in ((shells, '-'), (gitlab, gitlab_), (buildbot, venv), (jenkins, groovy)):
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
