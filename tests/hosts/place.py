"""What the programs of this folder share: a scratch folder, repositories, runs of the helper, and TAP."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.environ.get('BUILD', os.path.join(ROOT, 'build'))
HELPER = os.path.join(BUILD, 'cachepredict')
PLUGIN = os.path.join(BUILD, 'cachepredict.so')
HOSTS = os.path.join(ROOT, 'build', 'hosts')
WORK = tempfile.mkdtemp(prefix='hosts-')
count = failures = 0
DOCKERFILE = '''FROM python:3.12-slim AS builder
WORKDIR /build
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM python:3.12-slim
COPY --from=builder /build /build
COPY src/ src/
'''


def report(name, problems):
    """problems: a list, or a truth that should hold."""
    global count, failures
    if isinstance(problems, bool):
        problems = [] if problems else ['it is not so']
    count += 1
    failures += bool(problems)
    print('%sok %d - %s' % ('not ' if problems else '', count, name))
    for p in problems:
        print('#   ' + str(p).replace('\n', '\n#   '))
    sys.stdout.flush()


def end():
    shutil.rmtree(WORK, ignore_errors=True)
    print('1..%d' % count)
    sys.exit(failures > 0)


class Repository:
    def __init__(self, name):
        self.path = os.path.join(WORK, name)
        os.makedirs(self.path)
        self.git('init', '-q', '-b', 'main')

    def git(self, *args):
        env = {'PATH': os.environ['PATH'], 'HOME': WORK, 'GIT_CONFIG_NOSYSTEM': '1'}
        p = subprocess.run(['git', '-C', self.path, '-c', 'user.name=t', '-c', 'user.email=t@example.com', *args], env=env,
                           capture_output=True, text=True)
        if p.returncode:
            raise RuntimeError('git %s: %s' % (' '.join(args), p.stderr))
        return p.stdout.strip()

    def write(self, path, text):
        path = os.path.join(self.path, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)

    def commit(self, files, message='change'):
        for path, text in files.items():
            self.write(path, text)
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', message)
        return self.git('rev-parse', 'HEAD')


class Run:
    def __init__(self, *args, cwd, env=None):
        base = {'PATH': os.environ['PATH'], 'HOME': WORK, 'LC_ALL': 'C', 'CACHEPREDICT_PLUGIN': PLUGIN, 'CACHEPREDICT_NO_STATE': 'true'}
        begin = time.time()
        p = subprocess.run([HELPER, *args], cwd=cwd, env={**base, **(env or {})}, capture_output=True, text=True, timeout=120)
        self.seconds = time.time() - begin
        self.code, self.out, self.err = p.returncode, p.stdout, p.stderr
        self.text = p.stdout + p.stderr

    def check(self, code=0, says=''):
        problems = []
        if self.code != code:
            problems.append('exit code %d, not %d' % (self.code, code))
        if says not in self.text:
            problems.append('says nothing of "%s"' % says)
        return problems + [self.text[:2000]] if problems else []
