"""A real Gitea on loopback: accounts, a repository with pull requests, comments, its own rendering of Markdown.

usage: with Gitea(BINARY, STATIC, FOLDER) as g: ...
"""
import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

from place import DOCKERFILE, Repository

INI = '''RUN_USER = root
RUN_MODE = prod
WORK_PATH = {work}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {static}
[database]
DB_TYPE = sqlite3
PATH = {work}/gitea.db
SQLITE_JOURNAL_MODE = WAL
[security]
INSTALL_LOCK = true
SECRET_KEY = k
INTERNAL_TOKEN = {internal}
[oauth2]
JWT_SECRET = {jwt}
[repository]
ROOT = {work}/repos
[webhook]
ALLOWED_HOST_LIST = loopback
[log]
LEVEL = Error
[cron]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
'''


TRIGGER = '''CREATE TRIGGER watch_{what} AFTER {event} ON comment WHEN {row}.type = 0 AND substr({row}.content, 1, {n}) = '{start}' BEGIN
INSERT INTO watched (issue, what, there, content) VALUES ({row}.issue_id, '{what}', (SELECT count(*) FROM comment WHERE type = 0
AND issue_id = {row}.issue_id AND poster_id = {row}.poster_id AND substr(content, 1, {n}) = '{start}'), substr({row}.content, 1, 250)); END'''


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Gitea:
    def __init__(self, binary, static, work):
        self.binary, self.static, self.work = binary, static, work
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        self.api = self.url + '/api/v1'
        self.tokens = {}

    def run(self, *args):
        p = subprocess.run([self.binary, '-c', self.ini, *args], capture_output=True, text=True,
                           env={'PATH': os.environ['PATH'], 'HOME': self.work, 'USER': 'root'})
        if p.returncode:
            raise RuntimeError('gitea %s: %s' % (' '.join(args), p.stdout + p.stderr))
        return p.stdout.strip()

    def __enter__(self):
        os.makedirs(self.work, exist_ok=True)
        self.ini = os.path.join(self.work, 'app.ini')
        open(self.ini, 'w').close()
        secrets = [self.run('generate', 'secret', s).splitlines()[-1] for s in ('INTERNAL_TOKEN', 'JWT_SECRET')]
        with open(self.ini, 'w') as f:
            f.write(INI.format(work=self.work, port=self.port, static=self.static, internal=secrets[0], jwt=secrets[1]))
        self.run('migrate')
        self.log = open(os.path.join(self.work, 'web.log'), 'w')
        self.process = subprocess.Popen([self.binary, '-c', self.ini, 'web'], stdout=self.log, stderr=subprocess.STDOUT,
                                        env={'PATH': os.environ['PATH'], 'HOME': self.work, 'USER': 'root'})
        try:
            for name in ('ci', 'stranger'):
                self.account(name)
            self.wait(lambda: self.get(None, self.url + '/api/healthz'))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def account(self, name, *args):
        self.run('admin', 'user', 'create', '--username', name, '--password', name + '-password1', '--email', name + '@example.test',
                 '--must-change-password=false', *args)
        self.tokens[name] = self.token(name, 'all')

    def token(self, name, scopes):
        said = self.run('admin', 'user', 'generate-access-token', '--username', name, '--token-name', 't%d' % time.monotonic_ns(),
                        '--scopes', scopes, '--raw')
        return re.search(r'^[0-9a-f]{40}$', said, flags=re.M).group()  # among lines of its log

    @staticmethod
    def wait(what, seconds=60):
        end = time.time() + seconds
        while True:
            try:
                value = what()
                if value or time.time() > end:
                    return value
            except OSError:
                if time.time() > end:
                    raise
            time.sleep(0.05)

    def call(self, who, method, url, body=None):
        q = urllib.request.Request(url if url.startswith('http') else self.api + url, method=method,
                                   data=None if body is None else json.dumps(body).encode())
        q.add_header('Content-Type', 'application/json')
        if who:
            q.add_header('Authorization', 'token ' + self.tokens[who])
        with urllib.request.urlopen(q, timeout=30) as r:
            text = r.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text

    def get(self, who, url):
        return self.call(who, 'GET', url)

    def repository(self, name):
        self.call('ci', 'POST', '/user/repos', {'name': name, 'default_branch': 'main'})
        return 'http://ci:%s@127.0.0.1:%d/ci/%s.git' % (self.tokens['ci'], self.port, name)

    def pull_request(self, name, branch):
        """A pushed branch reaches Gitea's tables a moment later."""
        def is_there():
            try:
                return self.get('ci', '/repos/ci/%s/branches/%s' % (name, branch))
            except urllib.error.HTTPError:
                return None
        self.wait(is_there)
        return self.call('ci', 'POST', '/repos/ci/%s/pulls' % name, {'head': branch, 'base': 'main', 'title': branch})['number']

    def project(self, name, extra=None):
        """A repository there, its clone with `feature` checked out, the head of that, and the number of its pull request."""
        repo = Repository(name)
        repo.commit({'Dockerfile': DOCKERFILE, 'requirements.txt': 'a==1\n', 'src/a.py': '1\n', '.dockerignore': '.git\ntools\n', **(extra or {})})
        repo.git('remote', 'add', 'origin', self.repository(name))
        repo.git('push', '-q', 'origin', 'main')
        repo.git('checkout', '-q', '-b', 'feature')
        head = repo.commit({'requirements.txt': 'a==2\n'})
        repo.git('push', '-q', 'origin', 'feature')
        return repo, head, self.pull_request(name, 'feature')

    def comments(self, name, number):
        return self.get('ci', '/repos/ci/%s/issues/%d/comments' % (name, number))

    def watch(self, start):
        """Everything that happens from now on to comments that begin with `start`, written down by Gitea's own database."""
        with contextlib.closing(self.database()) as d:
            d.execute('CREATE TABLE watched (n INTEGER PRIMARY KEY, issue INTEGER, what TEXT, there INTEGER, content TEXT)')
            for event, row in (('INSERT', 'NEW'), ('UPDATE OF content', 'NEW'), ('DELETE', 'OLD')):
                d.execute(TRIGGER.format(event=event, what=event[:6], row=row, start=start, n=len(start)))
            d.commit()

    def watched(self, name, number):
        """[(INSERT, UPDATE or DELETE, how many that account had there then, how the text begins), ...] of a pull request."""
        with contextlib.closing(self.database()) as d:
            return d.execute('SELECT what, there, content FROM watched WHERE issue = (SELECT i.id FROM issue i JOIN repository r ON r.id = i.repo_id '
                             "WHERE r.owner_name = 'ci' AND r.name = ? AND i.\"index\" = ?) ORDER BY n", (name, number)).fetchall()

    def database(self):
        return sqlite3.connect(os.path.join(self.work, 'gitea.db'), timeout=60)

    def render(self, text, context):
        """Gitea's own Markdown, as it shows a comment."""
        q = urllib.request.Request(self.api + '/markup', method='POST', data=json.dumps(
            {'Text': text, 'Mode': 'comment', 'Context': '/' + context, 'FilePath': ''}).encode())
        q.add_header('Content-Type', 'application/json')
        q.add_header('Authorization', 'token ' + self.tokens['ci'])
        with urllib.request.urlopen(q, timeout=30) as r:
            return r.read().decode()
