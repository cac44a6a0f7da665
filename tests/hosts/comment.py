"""The comment on the pull requests of a real Gitea. TAP.

usage: comment.py GITEA STATICFOLDER
"""
import concurrent.futures
import os
import random
import re
import sys
import threading
import time
import urllib.error

from gitea import Gitea
from place import DOCKERFILE, WORK, Repository, Run, end, report

RUNS = int(os.environ.get('RUNS', '200'))
MARK = '<!-- cachepredict:v1 '


def files(n):
    return {'requirements.txt': 'a==%s\n' % n}


class Project:
    """A repository on the forge and its clone."""

    def __init__(self, gitea, name):
        self.gitea, self.name = gitea, name
        self.url = gitea.repository(name)
        self.repo = Repository(name)
        self.repo.commit({'Dockerfile': DOCKERFILE, 'requirements.txt': 'a==0\n', 'src/a.py': '1\n', 'README.md': 'x\n'})
        self.push('main')

    def push(self, *refs):
        self.repo.git('push', '-q', '-f', self.url, *refs)

    def branch(self, name, content):
        self.repo.git('checkout', '-q', '-b', name, 'main')
        commit = self.repo.commit(content)
        self.push(name)
        return commit, self.gitea.pull_request(self.name, name)

    def comment(self, number, head, *args, token=None, repository=None):
        env = {'GITEA_TOKEN': token or self.gitea.tokens['ci']}
        return Run('comment', 'main..' + head, '--forge', 'gitea', '--forge-url', self.gitea.api, '--forge-repository',
                   repository or 'ci/' + self.name, '--pull-request', str(number), *args, cwd=self.repo.path, env=env)

    def comments(self, number):
        return self.gitea.comments(self.name, number)


def ours(comments):
    return [c for c in comments if c['user']['login'] == 'ci' and c['body'].startswith(MARK)]


# ---- one pull request's life ----

def life(g):
    p = Project(g, 'life')
    first, n = p.branch('feature', files(1))

    # somebody else's comment has the marker that ours will have
    mark = MARK + 'id=life commit=%s run=999999 time=4102444800 -->\nsomething else\n' % first
    foreign = g.call('stranger', 'POST', '/repos/ci/life/issues/%d/comments' % n, {'body': mark})['id']
    r = p.comment(n, 'feature', '--comment-id', 'life')
    made = ours(p.comments(n))
    body = made[0]['body'] if made else ''
    problems = r.check(says='comment created')
    problems += [] if len(made) == 1 else ['%d comments of ours' % len(made)]
    problems += [w + ' is missing' for w in ('rebuilds 2 of 5 steps', 'because `requirements.txt`: `', '| `builder` | 3 | 1 cached, 2 rebuild |',
                                             '```mermaid', '<details><summary>steps</summary>', first[:7]) if w not in body]
    report('a comment is made: verdict, table, graph, steps, commits', problems)
    report('from the start to the posted comment %.2f s, at most 1 s and what Gitea takes' % r.seconds, r.seconds < 2.0)

    r = p.comment(n, 'feature', '--comment-id', 'life')
    again = ours(p.comments(n))
    report('the same text is not sent again', r.check(says='comment unchanged') + ([] if again == made else ['it was touched']))

    second = p.repo.commit(files(2))
    p.push('feature')
    r = p.comment(n, 'feature', '--comment-id', 'life', '--status')
    now = ours(p.comments(n))
    report('a new commit updates it in place', r.check(says='comment updated') + (
        [] if len(now) == 1 and now[0]['id'] == made[0]['id'] and 'commit=' + second in now[0]['body'] else [str(now)[:500]]))
    statuses = g.get('ci', '/repos/ci/life/commits/%s/statuses' % second)
    report('--status sets a commit status', [] if [s for s in statuses if s['context'] == 'cachepredict/life' and s['status'] == 'success' and
                                                   s['description'] == '2 of 5 steps rebuild, 2 may'] else [str(statuses)[:500]])

    r = p.comment(n, first, '--comment-id', 'life', '--run', '1000')
    report('a run of an older commit leaves it alone', r.check(says='left alone') + ([] if ours(p.comments(n)) == now else ['it was touched']))

    g.call('ci', 'DELETE', '/repos/ci/life/issues/comments/%d' % now[0]['id'])
    r = p.comment(n, 'feature', '--comment-id', 'life')
    report('deleted by a person, it is made again', r.check(says='comment created') + ([] if len(ours(p.comments(n))) == 1 else ['not one']))

    p.repo.commit(files(0))
    p.push('feature')
    r = p.comment(n, 'feature', '--comment-id', 'life')
    now = ours(p.comments(n))
    report('where nothing rebuilds any more, it says so', r.check(says='comment updated') + (
        [] if len(now) == 1 and 'every step is cached' in now[0]['body'] else [str(now)[:500]]))
    left = [c for c in p.comments(n) if c['id'] == foreign]
    report("another account's comment with the same marker is left alone", len(left) == 1 and left[0]['body'] == mark)

    _, quiet = p.branch('docs', {'README.md': 'y\n'})
    r = p.comment(quiet, 'docs')
    report('where nothing rebuilds, none is made', r.check(says='none is made') + ([] if not p.comments(quiet) else ['there is one']))
    r = p.comment(quiet, 'docs', '--dry-run')
    report('--dry-run prints it and posts nothing', r.check(says='every step is cached') + ([] if not p.comments(quiet) else ['there is one']))


def behaviours(g):
    p = Project(g, 'behaviours')
    _, n = p.branch('feature', files(1))
    p.comment(n, 'feature')
    p.repo.commit(files(2))
    p.push('feature')
    r = p.comment(n, 'feature', '--behaviour', 'new')
    report('new: a second comment', r.check(says='comment created') + ([] if len(ours(p.comments(n))) == 2 else ['not two']))
    p.repo.commit(files(3))
    p.push('feature')
    r = p.comment(n, 'feature', '--behaviour', 'delete-and-new')
    now = ours(p.comments(n))
    report('delete-and-new: the newest alone', r.check(says='comment created') + (
        [] if len(now) == 1 and p.repo.git('rev-parse', 'feature') in now[0]['body'] else [str(now)[:500]]))
    r = p.comment(n, 'feature', '--behaviour', 'hide-and-new')
    report('hide-and-new is refused where a forge cannot hide', r.check(code=2, says='cannot hide'))
    r = p.comment(n, 'feature', '--comment-id', 'other')
    report('another id is another comment', r.check(says='comment created') + ([] if len(ours(p.comments(n))) == 2 else ['not two']))


# ---- what a forge refuses ----

def refusals(g):
    p = Project(g, 'refusals')
    _, n = p.branch('feature', files(1))
    weak, read = g.token('ci', 'read:issue,read:user,read:repository'), g.token('ci', 'write:issue,read:repository')
    cases = [
        ('a wrong token', dict(token='0' * 40), n, 'does not accept the token (401)'),
        ('a token that may only read', dict(token=weak), n, 'lacks the permission write:issue (403)'),
        ('a token that may not say who it is', dict(token=read), n, 'lacks the permission read:user (403)'),
        ('no such pull request', {}, 4711, 'has no pull request 4711 in ci/refusals'),
        ('no such repository', dict(repository='ci/nothing'), n, 'in ci/nothing, or the token may not see it'),
    ]
    for name, args, number, says in cases:
        r = p.comment(number, 'feature', **args)
        strict = p.comment(number, 'feature', '--strict', **args)
        problems = r.check(says=says) + strict.check(code=6, says=says)
        token = args.get('token') or g.tokens['ci']
        problems += ['the token is in the output'] if token in r.text + strict.text else []
        problems += ['%d lines on stderr' % r.err.count('\n')] if r.err.count('\n') > 2 else []
        report('%s: one line, exit code 0, 6 with --strict' % name, problems)
    summary = os.path.join(WORK, 'summary.md')
    r = p.comment(n, 'feature', '--summary', summary, token='0' * 40)
    text = open(summary).read() if os.path.exists(summary) else ''
    report('what cannot be posted is in the job summary', r.check(says='401') + ([] if 'rebuilds 2 of 5 steps' in text else [text]))
    g.call('ci', 'PATCH', '/repos/ci/refusals', {'archived': True})
    r = p.comment(n, 'feature')
    report('an archived repository: one line', r.check(says='(423)'))


# ---- hostile names, as Gitea itself shows them ----

HOSTILE = ['@stranger', '#1', '![x](http://evil.example/x.png)', '<img src=x onerror=alert(1)>', '[a](javascript:alert(1))', 'a|b|c', '`code` @ci',
           '</code></td><script>alert(1)</script>', '</details><h1>x', 'http://evil.example/', '<!-- cachepredict:v1 id=x -->', '**bold**',
           '<https://evil.example>', '&lt;b&gt;', '\\|', 'a`b', '``', '- [ ] task', '$x$', ':smile:', 'x\u202ey', '0123456789012345678901234567890123456789',
           'ci/life#1', '\x1b[31mred', 'a\tb', '```\n# big', '<a href=//evil.example>', '[ref]: http://evil.example', '&#60;img&#62;']


def hostile(g):
    p = Project(g, 'hostile')
    base = 'FROM scratch\n' + ''.join('COPY ["f%d", "/x%d/"]\n' % (i, i) for i in range(len(HOSTILE)))
    p.repo.commit({**{'f%d/%s' % (i, h.replace('/', '_').replace('\n', '_')): 'a' for i, h in enumerate(HOSTILE)}, 'Dockerfile': base})
    p.push('main')
    steps = 'FROM scratch\nWORKDIR /w\n' + ''.join('RUN echo %s\n' % h.replace('\n', ' \\\n') for h in HOSTILE)
    _, n = p.branch('feature', {**{'f%d/%s' % (i, h.replace('/', '_').replace('\n', '_')): 'b' for i, h in enumerate(HOSTILE)},
                                'Dockerfile': base.replace('FROM scratch', 'FROM scratch AS x') + steps})
    bodies = []
    r = p.comment(n, 'feature')
    bodies += [c['body'] for c in ours(p.comments(n))]
    # every name by itself, too: as a file that changed is what the headline names
    for i, h in enumerate(HOSTILE):
        one = Repository('hostile%d' % i)
        name = h.replace('/', '_').replace('\n', '_')
        one.commit({'Dockerfile': 'FROM scratch\nCOPY . /x\n', '.dockerignore': '.git\n', name: 'a'})
        one.commit({name: 'b'})
        d = Run('comment', 'HEAD~1..HEAD', '--dry-run', cwd=one.path)
        if d.code or name[:3] not in d.out and 'rebuilds' not in d.out:
            report('hostile name %d' % i, [d.text])
        bodies.append(d.out)
    problems, rendered = [], 0
    for body in bodies:
        html = g.render(body, 'ci/hostile')
        rendered += 1
        for what, bad in (('a mention', r'>@stranger</a>|>@ci</a>'), ('a link', r'<a [^>]*href='), ('an image', r'<img(?![^>]*class="emoji)'),
                          ('a script', r'<script|onerror=|javascript:(?!alert\(1\)[^"]*</code)'), ('an emoji', r'class="emoji'), ('bold', r'<strong>bold'),
                          ('a heading', r'<h[1-6]'), ('a task', r'type="checkbox"')):
            found = re.search(bad, re.sub(r'<code[^>]*>.*?</code>', '', html, flags=re.S) if what in ('a script', 'a task') else html)
            if found:
                problems.append('%s gets through: …%s…' % (what, html[max(0, found.start() - 120):found.end() + 120]))
        for table in re.findall(r'<table>.*?</table>', html, flags=re.S):
            width = table.split('</tr>')[0].count('<th>') + table.split('</tr>')[0].count('<th ')
            problems += ['a row of %d cells in a table of %d: %s' % (row.count('<td'), width, row[:300]) for row in table.split('</tr>')[1:]
                         if '<td' in row and row.count('<td') != width]
        if html.count('<details') != html.count('</details>'):
            problems.append('details are not closed')
    report('hostile names through Gitea: %d texts, no mention, link, image or script, tables whole' % rendered, r.check() + problems)
    raw = g.render('@stranger #1 ![x](http://evil.example/x.png)', 'ci/hostile')
    report('the same names raw do become mentions and images there', raw.count('<a ') >= 3 and '>@stranger</a>' in raw and '<img' in raw)


# ---- many runs at once ----

def commit_of(text):
    return re.search('commit=([0-9a-f]*)', text).group(1)


def race(g):
    """RUNS runs in a row, 8 at a time, of a branch that is pushed again after every 8 of them; they start out of order, and a person
    deletes the comment three times. Two watch: a reader of the API without pause, and Gitea's own tables, which miss nothing."""
    p = Project(g, 'race')
    p.repo.git('checkout', '-q', '-b', 'feature')
    commits = [p.repo.commit(files('1.%d' % i)) for i in range(RUNS // 8)]
    p.repo.git('push', '-q', p.url, commits[0] + ':refs/heads/feature')
    n = g.pull_request('race', 'feature')
    place = {c: i for i, c in enumerate(commits)}
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            seen.append([place.get(commit_of(c['body']), -1) for c in ours(p.comments(n))])

    def one(i):
        return p.comment(n, commits[i // 8], '--run', str(i + 1), '--timeout', '60')

    dice = random.Random(1)
    watcher = threading.Thread(target=watch)
    watcher.start()
    begin, runs, waiting, by_hand = time.time(), [], [], 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for i in range(RUNS):
            if i % 8 == 0:
                p.repo.git('push', '-q', p.url, commits[i // 8] + ':refs/heads/feature')
            waiting.append(i)
            # up to a dozen runs of this and the last pushes wait; any of them is next
            if len(waiting) > 12:
                runs.append(pool.submit(one, waiting.pop(dice.randrange(len(waiting)))))
            while sum(not r.done() for r in runs) >= 8:
                time.sleep(0.005)
            if i in (RUNS // 4, RUNS // 2, RUNS * 3 // 4):
                for c in ours(p.comments(n)):
                    try:
                        g.call('ci', 'DELETE', '/repos/ci/race/issues/comments/%d' % c['id'])
                        by_hand += 1
                    except urllib.error.HTTPError:
                        pass
        runs += [pool.submit(one, i) for i in waiting]
    took = time.time() - begin
    stop.set()
    watcher.join()
    results = [r.result() for r in runs]
    now = ours(p.comments(n))
    words = {}
    for r in results:
        word = (r.out.split() + ['nothing', 'nothing'])[1].rstrip(':')
        words[word] = words.get(word, 0) + 1
    events = g.watched('race', n)
    print('# %d runs in %.0f s, the slowest %.1f s: %s; %d looks and %d writes, two comments in %d and %d of them' % (
        RUNS, took, max(r.seconds for r in results), words, len(seen), len(events), sum(len(s) > 1 for s in seen), sum(e[1] > 1 for e in events)))
    report('%d runs, 8 at a time: all exit 0' % RUNS, [r.text for r in results if r.code or r.err][:3])
    report('never two comments, at no moment', [str(s) for s in seen if len(s) > 1][:3] + [str(e) for e in events if e[1] > 1][:3])
    last = [place.get(commit_of(c['body'])) for c in now]
    report('one is left, of the last commit', [] if last == [len(commits) - 1] else [str(last)])
    order = [place.get(commit_of(content)) for what, _, content in events if what != 'DELETE']
    report('never an older text after a newer one', ['%d after %d' % (y, x) for x, y in zip(order, order[1:]) if y < x][:5] + (
        [] if order and by_hand else ['only %d writes, %d deleted by hand' % (len(order), by_hand)]))
    left = g.get('ci', '/repos/ci/race/issues/%d/reactions' % n)
    report('no reaction of ours stays', [str(left)] if left else [])


def at_once(g):
    """8 runs of one commit start together where there is no comment yet."""
    p = Project(g, 'once')
    problems = []
    for k in range(5):
        _, n = p.branch('b%d' % k, files(k + 1))
        how = ['--behaviour', 'delete-and-new'] if k == 4 else []
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda i: p.comment(n, 'b%d' % k, '--run', str(i + 1), *how), range(8)))
        events = g.watched('once', n)
        problems += [r.text for r in results if r.code or r.err]
        problems += [] if [e[:2] for e in events] == [('INSERT', 1)] else ['round %d: %s' % (k, events)]
    report('8 runs that start together make one comment, 5 times', problems)


def abandoned(g):
    """A run died in its turn: its reaction stays until the next ones take the turn over."""
    p = Project(g, 'abandoned')
    _, n = p.branch('feature', files(1))
    for who in ('ci', 'stranger'):
        g.call(who, 'POST', '/repos/ci/abandoned/issues/%d/reactions' % n, {'content': 'eyes'})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda i: p.comment(n, 'feature', '--run', str(i + 1), '--timeout', '30'), range(4)))
    events = g.watched('abandoned', n)
    slowest = max(r.seconds for r in results)
    report('a turn whose run died is taken over by one of four, in %.1f s' % slowest, [r.text for r in results if r.code or r.err] + (
        [] if [e[:2] for e in events] == [('INSERT', 1)] and 5 <= slowest < 10 else [str(events)]))
    left = g.get('ci', '/repos/ci/abandoned/issues/%d/reactions' % n)
    report("no reaction of ours stays, and the stranger's does", [] if [x['user']['login'] for x in left] == ['stranger'] else [str(left)])


def main():
    with Gitea(os.path.abspath(sys.argv[1]), sys.argv[2], os.path.join(WORK, 'gitea')) as g:
        g.watch(MARK)
        for part in (life, behaviours, refusals, hostile, at_once, abandoned, race):
            if part.__name__ not in os.environ.get('ONLY', part.__name__):
                continue
            try:
                part(g)
            except Exception as e:  # the other parts say what they can
                report(part.__name__, ['%s: %s' % (type(e).__name__, e)])
    end()


main()
