"""What the programs of this folder share: a scratch folder with a repository's place in it, and TAP."""
import os
import shutil
import sys
import tempfile

WORK = tempfile.mkdtemp()
REPO = os.path.join(WORK, 'repo')
count = failures = 0


def report(name, problems):
    global count, failures
    count += 1
    failures += bool(problems)
    print('%sok %d - %s' % ('not ' if problems else '', count, name))
    for p in problems:
        print('#   ' + str(p).replace('\n', '\n#   '))
    sys.stdout.flush()


def write(path, text):
    path = os.path.join(WORK, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text)
    return path


def leave():
    shutil.rmtree(WORK, ignore_errors=True)


def end():
    print('1..%d' % count)
    sys.exit(failures > 0)
