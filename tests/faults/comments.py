"""The comment on the pull request of forges that misbehave: every case states what is said, the exit code and what is left there. TAP.

usage: comments.py CACHEPREDICT
"""
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import threading
import time

import forge as fake
from place import REPO, WORK, end, leave, write
from place import report as report_problems

HELPER = os.path.abspath(sys.argv[1])
KINDS = ('github', 'gitlab', 'gitea', 'bitbucket')
server, stranger = fake.Server(), fake.Server()


def report(name, problems):
    report_problems(name, ([] if problems else ['it is not so']) if isinstance(problems, bool) else problems)


def git(*args):
    p = subprocess.run(['git', '-C', REPO, '-c', 'user.name=t', '-c', 'user.email=t@example.com', *args], check=True, capture_output=True, text=True)
    return p.stdout.strip()


def start(kind, port, *args, token=fake.TOKEN, env=None, commit='HEAD'):
    base = {'PATH': os.environ['PATH'], 'HOME': WORK, 'LC_ALL': 'C', 'CACHEPREDICT_NO_STATE': 'true', 'CACHEPREDICT_TOKEN': token,
            'CACHEPREDICT_PLUGIN': os.environ.get('CACHEPREDICT_PLUGIN', '')}
    return subprocess.Popen([HELPER, 'comment', 'base..' + commit, '--forge', kind, '--forge-url', 'http://127.0.0.1:%d/%s' % (port, kind),
                             '--forge-repository', 'acme/api', '--pull-request', '5', '--comment-id', 'api', *args], cwd=REPO,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**base, **(env or {})})


class Run:
    def __init__(self, kind, *args, port=None, **more):
        begin = time.time()
        with start(kind, port or server.port, *args, **more) as p:
            self.out, self.err = p.communicate(timeout=60)
        self.seconds = time.time() - begin
        self.code, self.text = p.returncode, self.out + self.err

    def check(self, says='', code=0, within=5.0):
        problems = []
        if self.code != code:
            problems.append('exit code %d, not %d' % (self.code, code))
        if says not in self.text:
            problems.append('says nothing of "%s"' % says)
        if fake.TOKEN in self.text:
            problems.append('the token is in the output')
        if self.seconds > within:
            problems.append('took %.1f s, over %.1f' % (self.seconds, within))
        return problems + [self.text[:1500]] if problems else []


def mark(kind, commit='', run=0, at=0):
    return ('[//]: # ( %s)\n' if kind == 'bitbucket' else '<!-- %s -->\n') % ('cachepredict:v1 id=api commit=%s run=%d time=%d' % (commit, run, at))


def setup():
    write('repo/Dockerfile', 'FROM scratch\nCOPY a /a\nCOPY b /b\n')
    write('repo/a', '1')
    write('repo/b', '1')
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('commit', '-qm', 'base')
    git('tag', 'base')
    for text in ('2', '3'):
        write('repo/a', text)
        git('commit', '-qam', text)


def fresh(commit='HEAD'):
    f = server.reset()
    f.head = git('rev-parse', commit)
    return f


# ---- as it should be ----

def life(kind):
    f = fresh()
    for i in range(7):  # several pages
        f.add(fake.OTHER, mark(kind, f.head, 999, 4102444800) + 'not ours %d' % i)
    foreign = [dict(c) for c in f.comments]
    r = Run(kind)
    mine = f.mine()
    problems = r.check('comment created') + ([] if len(mine) == 1 and 'rebuilds all 2 steps' in mine[0]['body'] else [str(mine)[:800]])
    if kind == 'bitbucket':
        problems += ['HTML in it'] if '<' in mine[0]['body'] else []
    report('%s: a comment is made after 7 of a stranger with our marker, on 3 pages' % kind, problems)
    r = Run(kind)
    writes = [s for s in f.seen if s[0] != 'GET' and not any(word in s[1] for word in ('graphql', 'reactions', 'award'))]
    report('%s: the same text is not sent again' % kind, r.check('comment unchanged') + ([] if len(writes) == 1 else [str(writes)[:500]]))
    mine[0]['body'] = mark(kind, git('rev-parse', 'HEAD~1'), 3) + 'old text'
    r = Run(kind, '--status', env={'BITBUCKET_BUILD_NUMBER': ''})
    report('%s: an older text is updated' % kind, (r.check('comment updated') if kind != 'bitbucket' else []) + (
        [] if len(f.mine()) == 1 and 'rebuilds' in f.mine()[0]['body'] else [str(f.mine())[:500]]))
    report('%s: a commit status' % kind, [] if kind == 'bitbucket' or f.statuses and f.statuses[0][0] == f.head else [str(f.statuses)])
    mine = f.mine()
    mine[0]['body'] = mark(kind, f.head, 9) + 'of a later run'
    r = Run(kind, '--run', '8')
    report('%s: the text of a later run of the same commit stays' % kind, r.check('left alone') + (
        [] if f.mine()[0]['body'].endswith('later run') else [str(f.mine())]))
    r = Run(kind, '--run', '10', '--behaviour', 'delete-and-new')
    report('%s: delete-and-new' % kind, r.check('comment created') + ([] if len(f.mine()) == 1 and f.mine()[0]['id'] != mine[0]['id'] else ['no']))
    report('%s: nothing of the stranger was touched' % kind, [c for c in f.comments if c['author'] == fake.OTHER] == foreign)
    writes = [s for s in f.seen if fake.TOKEN not in str(s[2].get('Authorization'))]
    report('%s: every request carries the token' % kind, writes == [] and len(f.seen) > 10)


def hide():
    f = fresh()
    old = f.add(fake.ME, mark('github', git('rev-parse', 'HEAD~1'), 1) + 'old')
    r = Run('github', '--behaviour', 'hide-and-new')
    report('github: hide-and-new hides the old one', r.check('comment created') + ([] if old['hidden'] and len(f.mine()) == 2 else [str(f.mine())]))
    f.mine()[1]['body'] = mark('github', git('rev-parse', 'HEAD~1'), 1) + 'old'
    r = Run('github')
    report('github: a hidden one is not updated', r.check('comment updated') + ([] if old['body'].endswith('old') else [old['body']]))


def check_runs():
    f = fresh()
    r = Run('github', '--check-run')
    c = f.checks[0] if f.checks else {'output': {}}
    report('github: a check run: neutral, title, the comment as summary, the line that breaks', r.check('comment created') + (
        [] if len(f.checks) == 1 and not f.statuses and c['head_sha'] == f.head and c['conclusion'] == 'neutral' and c['name'] == 'cachepredict/api' and
        c['output']['title'] == '2 of 2 steps rebuild' and 'rebuilds all 2 steps' in c['output']['summary'] and [
            (a['path'], a['start_line'], a['annotation_level']) for a in c['output']['annotations']] == [('Dockerfile', 2, 'notice')] else [str(c)[:1500]]))
    f = fresh('base')
    r = Run('github', '--check-run', commit='base')
    report('github: success where nothing rebuilds', r.check('none is made') + (
        [] if [(c['conclusion'], c['output']['annotations']) for c in f.checks] == [('success', [])] else [str(f.checks)]))
    head = git('rev-parse', 'HEAD')
    write('repo/Dockerfile', ''.join('FROM scratch AS s%d\nCOPY a /@me/<b>%d\n' % (i, i) for i in range(260)) + 'FROM scratch\n' + ''.join(
        'COPY --from=s%d / /\n' % i for i in range(260)))
    git('commit', '-qam', 'many lines')
    f = fresh()
    r = Run('github', '--check-run')
    a = f.checks[0]['output']['annotations'] if f.checks else []
    sent = [len(json.loads(s[3])['output']['annotations']) for s in f.seen if 'check-runs' in s[1]]
    report('github: annotations in parts of 50, 200 of them', r.check('comment created') + (
        [] if sent == [50, 50, 50, 50] and len({x['start_line'] for x in a}) == 200 and
        all(len(json.loads(s[3])['output']['summary'].encode()) < 65536 for s in f.seen if 'check-runs' in s[1]) else [str(sent)]))
    git('reset', '-q', '--hard', head)
    for status, says in ((403, ''), (404, ''), (422, ''), (500, '')):
        f = fresh()
        f.fault = fake.Fault(status, part='check-runs')
        r = Run('github', '--check-run')
        report('github: a check run is answered by %d: a commit status in its place' % status, r.check('comment created') + (
            [] if len(f.statuses) == 1 and not r.err else [str(f.statuses)]))
    f = fresh()
    f.fault = fake.Fault(403)
    f.fault.fits = lambda method, path: 'check-runs' in path or 'statuses' in path
    r = Run('github', '--check-run')
    report('github: neither may be set: one line', r.check('lacks the permission statuses: write (403)') + (
        [] if 'comment created' in r.text and r.err.count('\n') == 1 else ['%d lines' % r.err.count('\n')]))
    f = fresh()
    r = Run('gitea', '--check-run')
    report('gitea: it has no check runs: a commit status', r.check('comment created') + ([] if len(f.statuses) == 1 and not r.err else [str(f.statuses)]))


# ---- what a forge refuses, and how ----

HTML = b'<!DOCTYPE html><title>Sign in</title>'
ECHO = ('{"message":"bad token %s"}' % fake.TOKEN).encode()
FAULTS = [
    ('401', fake.Fault(401), 'does not accept the token (401)'),
    ('401 that repeats the token', fake.Fault(401, ECHO), 'does not accept the token (401)'),
    ('403', fake.Fault(403), 'lacks the permission'),
    ('403 that repeats the token', fake.Fault(403, ECHO), 'lacks the permission'),
    ('403, no request left', fake.Fault(403, headers=[('X-RateLimit-Remaining', '0')]), 'takes no more requests now (403, rate limit)'),
    ('404', fake.Fault(404), 'no pull request 5 in acme/api, or the token may not see it'),
    ('422', fake.Fault(422, b'{"message":"body is too long\\nX"}'), 'does not take the text (422): body is too long X'),
    ('423', fake.Fault(423), 'archived, or the conversation is locked (423)'),
    ('429 for an hour', fake.Fault(429, headers=[('Retry-After', '3600')]), 'for 3600 seconds (429, rate limit)'),
    ('500', fake.Fault(500), 'fails (500): no'),
    ('500 that repeats the token', fake.Fault(500, ECHO), 'fails (500)'),
    ('HTML', fake.Fault(200, HTML), 'sends no JSON'),
    ('HTML with 403', fake.Fault(403, HTML), 'lacks the permission'),
    ('half a body', fake.Fault(200, b'[{"id":1,', cut=True), 'ends its answer before it is complete'),
    ('another shape', fake.Fault(200, b'{"values":7,"data":[],"id":"x","uuid":"y"}'), 'does not answer as'),
    ('an empty answer', fake.Fault(200, b''), 'does not answer as'),
]


def refusal(kind, name, fault, says):
    own = fake.Server()
    own.forge.head = git('rev-parse', 'HEAD')
    own.forge.fault = fake.Fault(**vars(fault))
    r = Run(kind, '--timeout', '2', port=own.port)
    problems = r.check(says, within=8)
    problems += ['%d lines' % r.err.count('\n')] if r.err.count('\n') > 1 else []
    problems += ['there is a comment'] if own.forge.comments else []
    own.server.shutdown()
    own.server.server_close()
    return '%s: %s' % (kind, name), problems


def refusals():
    cases = [(kind, *f) for kind in KINDS for f in FAULTS]
    cases += [('gitea', 'busy', fake.Fault(409, method='POST', part='comments'), 'busy with the same comment (409)'),
              ('gitea', 'too much', fake.Fault(200, b'[' + b' ' * (33 << 20) + b']'), 'more than the limit')]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for name, problems in pool.map(lambda c: refusal(*c), cases):
            report(name, problems)


def redirects():
    for kind in KINDS:
        f, other = fresh(), stranger.reset()
        f.fault = fake.Fault(307, b'', headers=[('Location', 'http://127.0.0.1:%d/%s/x' % (stranger.port, kind))])
        r = Run(kind)
        report('%s: a redirect to another host is not followed' % kind, r.check('redirects to another host') + ([str(other.seen)] if other.seen else []))
    f, other = fresh(), stranger.reset()
    link = '<http://127.0.0.1:%d/gitlab/more>; rel="next"' % stranger.port
    f.fault = fake.Fault(200, b'[]', part='notes', headers=[('Link', link)])
    r = Run('gitlab')
    report('gitlab: a next page on another host is not asked', r.check('next page on another host') + ([str(other.seen)] if other.seen else []))
    f = fresh()
    f.fault = fake.Fault(200, b'[]', part='notes', headers=[('Link', '<http://127.0.0.1:%d/gitlab/projects/acme%%2Fapi/merge_requests/5/notes>; rel="next"' % server.port)])
    r = Run('gitlab', '--timeout', '20')
    report('gitlab: pages without end', r.check('over 200 pages', within=20))


def patience():
    f = fresh()
    f.fault = fake.Fault(429, headers=[('Retry-After', '1')], method='POST', part='comments', times=2)
    r = Run('gitea')
    report('gitea: 429 with Retry-After is waited for, and looked at again', r.check('comment created', within=8) + (
        [] if r.seconds > 2 and len(f.mine()) == 1 else ['%.1f s, %d comments' % (r.seconds, len(f.mine()))]))
    f = fresh()
    f.fault = fake.Fault(500, method='GET', times=2)
    r = Run('gitea')
    report('gitea: a read that fails twice is tried again', r.check('comment created'))
    f = fresh()
    f.fault = fake.Fault(502, HTML, method='POST', part='comments', times=1, after=True)
    r = Run('gitea')
    problems = r.check('comment unchanged') + ([] if len(f.mine()) == 1 else ['%d comments' % len(f.mine())])
    f.fault = None
    r = Run('gitea')
    report('gitea: made, but the answer is lost: another look finds it, there are never two', problems + r.check('comment unchanged') + (
        [] if len(f.mine()) == 1 else ['%d comments' % len(f.mine())]))
    f = fresh()
    mine = f.add(fake.ME, mark('gitea', git('rev-parse', 'HEAD~1'), 1) + 'old')
    f.fault = fake.Fault(404, method='PATCH', times=1)
    r = Run('gitea')
    report('gitea: deleted between reading and writing', r.check('comment') + ([] if len(f.mine()) == 1 and 'old' not in mine['body'] else [str(f.mine())]))


# ---- old and new ----

def order():
    f = fresh('HEAD~1')
    r = Run('gitea')
    report('a commit that is not pushed yet may speak', r.check('comment created'))
    f = fresh()
    r = Run('gitea', commit='HEAD~1')
    report('a commit that the pull request has left behind does not', r.check('left alone') + ([str(f.comments)] if f.comments else []))
    f = fresh()
    f.head = 'e' * 40  # pushed after this clone was made
    r = Run('gitea')
    report('nor one whose successor is not in the clone', r.check('left alone') + ([str(f.comments)] if f.comments else []))
    f = fresh()
    first = f.add(fake.ME, mark('gitea', git('rev-parse', 'HEAD~1'), 1) + 'a')
    f.add(fake.ME, mark('gitea', git('rev-parse', 'HEAD~1'), 2) + 'b')
    r = Run('gitea')
    report('two of ours become one', r.check('comment updated') + ([] if len(f.mine()) == 1 and f.mine()[0]['id'] != first['id'] else [str(f.mine())]))
    f = fresh()
    f.add(fake.ME, 'x' + mark('gitea') + 'quoted')
    f.add(fake.ME, mark('gitea').replace('id=api', 'id=api2') + 'another id')
    r = Run('gitea')
    report('ours without the exact marker are left alone', r.check('comment created') + ([] if len(f.mine()) == 3 else [str(f.mine())]))
    for delay in (0.0, 0.03):
        f = fresh()
        f.delay = delay
        commits = ['HEAD~1', 'HEAD'] * 8
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            runs = list(pool.map(lambda i: Run('gitea', '--run', str(i + 1), '--timeout', '30', commit=commits[i]), range(16)))
        problems = [r.text for r in runs if r.code or r.err]
        mine = f.mine()
        problems += [] if len(mine) == 1 and 'commit=' + f.head in mine[0]['body'] else [str([c['body'][:120] for c in mine])]
        report('16 runs of two commits at once, %d ms an answer: one comment, of the head' % (delay * 1000), problems)


# ---- turns: most of it is waiting, so that each has a forge of its own, and they go on while the others are looked at ----

class Turns:
    def __init__(self):
        self.cases = []
        for kind in ('github', 'gitlab', 'gitea'):
            self.add('%s: 8 runs at once make one comment, at no moment two; no claim stays' % kind, self.at_once, kind, 8, 0, 5)
            self.add('%s: a claim whose run died is taken over by one of four' % kind, self.at_once, kind, 4, 5, 10, 'eyes')
        self.add('who took it over has died, too', self.at_once, 'github', 1, 10, 18, 'eyes', 'rocket')
        self.add('a claim that vanishes: the next one writes', self.vanishes)
        self.add('a comment that comes meanwhile is of a later run: it is left alone, the claim, too', self.comes)
        for kind, fault in (('github', fake.Fault(403, part='reactions')), ('gitea', fake.Fault(404, part='reactions')), ('gitlab', fake.Fault(403, part='award')),
                            ('gitea', fake.Fault(500, part='reactions', method='DELETE')), ('github', fake.Fault(422, part='reactions'))):
            self.add('%s: a claim is answered by %d: the comment is made all the same' % (kind, fault.status), self.fails, kind, fault, 5)
        self.add('gitea: claims that only fail are given up', self.fails, 'gitea', fake.Fault(500, part='reactions'), 9)
        self.add('gitea: HTML for a claim is none', self.fails, 'gitea', fake.Fault(200, HTML, part='reactions'), 9)
        self.add('gitea: two at once in its tables: a 500 is somebody else', self.fails, 'gitea', fake.Fault(500, part='reactions', times=2), 4)
        self.add('gitlab: awards in a shape of their own', self.fails, 'gitlab', fake.Fault(200, b'[{"id":"x","name":7},7]', part='award', method='GET'), 9)
        for kind in ('github', 'gitlab', 'gitea'):
            for number in (signal.SIGINT, signal.SIGTERM):
                self.add('%s: given up by %s in its turn: the claim is taken away' % (kind, number.name), self.given_up, kind, number)
        self.add('gitea: a claim that nobody can take away: made without, in the end', self.stuck)
        self.pool = concurrent.futures.ThreadPoolExecutor(len(self.cases))
        self.results = [self.pool.submit(self.run, *c) for c in self.cases]

    def add(self, name, what, *args):
        self.cases.append((name, what, args))

    def run(self, name, what, args):
        server = fake.Server()
        server.forge.head = git('rev-parse', 'HEAD')
        try:
            return name, what(server, server.forge, *args)
        finally:
            server.server.shutdown()
            server.server.server_close()

    def report(self):
        for r in self.results:
            report(*r.result())

    @staticmethod
    def at_once(server, f, kind, n, least, most, *claims):
        for c in claims:
            f.claim(c)
        f.delay = 0.03
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            runs = list(pool.map(lambda i: Run(kind, '--run', str(i + 1), '--timeout', '30', port=server.port), range(n)))
        seconds = max(r.seconds for r in runs)
        return [r.text for r in runs if r.code or r.err] + ([] if f.most == 1 and not f.claims and least <= seconds < most else [
            '%d at once, %s, %.1f s' % (f.most, f.claims, seconds)])

    @staticmethod
    def vanishes(server, f):
        f.claim('eyes')
        threading.Timer(1, lambda: f.drop(lambda c: True)).start()
        r = Run('gitea', port=server.port)
        return r.check('comment created') + ([] if r.seconds > 1 and not f.claims else [str(f.claims)])

    @staticmethod
    def comes(server, f):
        f.claim('eyes')
        threading.Timer(1, lambda: f.add(fake.ME, mark('gitea', f.head, 99) + 'of a later run')).start()
        r = Run('gitea', '--run', '9', port=server.port)
        return r.check('left alone') + ([] if len(f.mine()) == 1 and len(f.claims) == 1 else [str(f.claims)])

    @staticmethod
    def fails(server, f, kind, fault, within):
        f.fault = fault
        r = Run(kind, port=server.port)
        return r.check('comment created', within=within) + ([] if len(f.mine()) == 1 else [str(f.mine())])

    @staticmethod
    def given_up(server, f, kind, number):
        f.delay = 0.3
        p = start(kind, server.port)
        end = time.time() + 20
        while not f.claims and time.time() < end:
            time.sleep(0.01)
        p.send_signal(number)
        out = p.communicate(timeout=30)
        return [] if p.returncode == 130 and 'cancelled' in out[1] and not f.claims and not f.mine() and any(
            s[0] == 'DELETE' for s in f.seen) else [str(p.returncode), str(out), str(f.claims), str(f.mine())]

    @staticmethod
    def stuck(server, f):
        f.stuck = True
        f.claim('eyes')
        r = Run('gitea', '--timeout', '40', port=server.port)
        return r.check('comment created', within=26) + ([] if len(f.mine()) == 1 and r.seconds > 15 else [str(f.mine()), '%.1f s' % r.seconds])


def elsewhere():
    f = fresh()
    summary = os.path.join(WORK, 'summary')
    write('event.json', '{"pull_request":{"number":5,"head":{"sha":"%s","repo":{"full_name":"x/api"}},"base":{"repo":{"full_name":"acme/api"}}}}' % f.head)
    env = {'PATH': os.environ['PATH'], 'HOME': WORK, 'CACHEPREDICT_NO_STATE': 'true', 'CACHEPREDICT_PLUGIN': os.environ.get('CACHEPREDICT_PLUGIN', ''),
           'GITHUB_ACTIONS': 'true', 'GITHUB_API_URL': 'http://127.0.0.1:%d/github' % server.port, 'GITHUB_REPOSITORY': 'acme/api',
           'GITHUB_REF': 'refs/pull/5/merge', 'GITHUB_EVENT_PATH': os.path.join(WORK, 'event.json'), 'GITHUB_STEP_SUMMARY': summary, 'GITHUB_RUN_ID': '9'}

    def run(*args, **more):
        p = subprocess.run([HELPER, 'comment', 'base..HEAD', *args], cwd=REPO, env={**env, **more}, capture_output=True, text=True, timeout=60)
        return p.returncode, p.stdout + p.stderr
    code, text = run()
    put = open(summary).read() if os.path.exists(summary) else ''
    report('a fork without token: the text is in the job summary, exit code 0', [] if code == 0 and 'there is no token for GitHub' in text and
           'rebuilds all 2 steps' in put and not f.seen else [str(code), text, put])
    code, text = run(GITHUB_TOKEN=fake.TOKEN)
    report('all by the variables of GitHub', [] if code == 0 and 'comment created' in text and 'run=9' in f.mine()[0]['body'] else [str(code), text])
    code, text = run('--strict', GITHUB_TOKEN='wrong')
    report('--strict: exit code 6', [] if code == 6 and '401' in text else [str(code), text])
    env.pop('GITHUB_ACTIONS')
    code, text = run()
    report('outside of any CI: one line and what to do', [] if code == 0 and 'no forge is named' in text and '--forge' in text else [str(code), text])


def followed():
    """A run that follows that of a fork's pull request: which one that is, the forge says."""
    def pull(number, sha, ref='fix', owner='x', base='main'):
        return {'number': number, 'head': {'sha': sha, 'ref': ref, 'repo': owner and {'full_name': owner + '/api'}},
                'base': {'ref': base, 'repo': {'default_branch': 'main'}}}
    head, old = git('rev-parse', 'HEAD'), git('rev-parse', 'HEAD~1')
    git('update-ref', 'refs/remotes/origin/main', 'base')
    ours = pull(5, head)
    cases = [
        ('the open pull request of its head', [pull(9, old), pull(8, head, 'other'), pull(7, head, owner='y'), pull(6, head, owner=None), ours], {}, 'comment created'),
        ('of two with one head that into the default branch', [pull(4, head, base='next'), ours], {}, 'comment created'),
        ('none has that head any more', [pull(5, old)], {}, 'has the head %s of this run' % head[:12]),
        ('no list', {'message': 'x'}, {}, 'pull requests are no list'),
        ('no numbers', [{**ours, 'number': 'x/../y'}, {**ours, 'number': -5}], {}, 'has the head'),
        ('the run of a push', [ours], {'event': 'push'}, 'no pull request is named'),
        ('a fork that was deleted', [ours], {'head_repository': None}, 'no pull request is named'),
        ('a commit that is none', [ours], {'head_sha': '../../x'}, 'no pull request is named'),
        ('HEAD is the default branch', [ours], {'head': 'HEAD~1'}, "the pull request's head is " + head[:12]),
    ]
    for kind in ('github', 'gitea'):
        for name, pulls, more, says in cases:
            f = fresh()
            f.pulls = pulls
            run = {'event': 'pull_request', 'head_sha': head, 'head_branch': 'fix', 'head_repository': {'full_name': 'x/api', 'owner': {'login': 'x'}}, **more}
            write('event.json', json.dumps({'workflow_run': run, 'repository': {'full_name': 'acme/api', 'default_branch': 'main'}}))
            env = {'PATH': os.environ['PATH'], 'HOME': WORK, 'CACHEPREDICT_NO_STATE': 'true', 'CACHEPREDICT_PLUGIN': os.environ.get('CACHEPREDICT_PLUGIN', ''),
                   'GITEA_ACTIONS' if kind == 'gitea' else 'GITHUB_ACTIONS': 'true', 'GITHUB_API_URL': 'http://127.0.0.1:%d/%s' % (server.port, kind),
                   'GITHUB_EVENT_NAME': 'workflow_run', 'GITHUB_REPOSITORY': 'acme/api', 'GITHUB_REF': 'refs/heads/main', 'GITHUB_SHA': git('rev-parse', 'base'),
                   'GITHUB_EVENT_PATH': os.path.join(WORK, 'event.json'), 'CACHEPREDICT_TOKEN': fake.TOKEN}
            p = subprocess.run([HELPER, 'comment', '--head', more.get('head', 'HEAD')], cwd=REPO, env=env, capture_output=True, text=True, timeout=60)
            text = p.stdout + p.stderr
            made = f.mine()
            report('%s, a run that follows: %s' % (kind, name), [] if p.returncode == 0 and says in text and len(made) == ('created' in says) and (
                not made or 'commit=' + head in made[0]['body'] and 'rebuilds all 2 steps' in made[0]['body']) else [text, str(made)[:500]])


setup()
try:
    turns = Turns()
    for kind_ in KINDS:
        life(kind_)
    for part in (refusals, hide, check_runs, redirects, patience, order, turns.report, followed, elsewhere):
        part()
finally:
    leave()
end()
