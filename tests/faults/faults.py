"""What cachepredict says when a registry misbehaves: every case states the outcome, the exit code, the requests and a bound of time. TAP.

usage: faults.py CACHEPREDICT
"""
import base64
import json
import os
import re
import subprocess
import sys
import time

import registry as reg
from place import REPO, WORK, end, leave, report, write

HELPER = os.path.abspath(sys.argv[1])


def git(*args):
    subprocess.run(['git', '-C', REPO, '-c', 'user.name=t', '-c', 'user.email=t@example.com', *args], check=True, stdout=subprocess.DEVNULL)


class Run:
    def __init__(self, *args, env=None):
        begin = time.time()
        base = {'PATH': os.environ['PATH'], 'HOME': os.path.join(WORK, 'home'), 'LC_ALL': 'C', 'CACHEPREDICT_NO_STATE': 'true'}
        if 'CACHEPREDICT_PLUGIN' in os.environ:
            base['CACHEPREDICT_PLUGIN'] = os.environ['CACHEPREDICT_PLUGIN']
        p = subprocess.run([HELPER, *args], cwd=REPO, capture_output=True, text=True, timeout=60, env={**base, **(env or {})})
        self.seconds = time.time() - begin
        self.code, self.out, self.err = p.returncode, p.stdout, p.stderr
        self.text = p.stdout + p.stderr
        try:
            self.json = json.loads(p.stdout)
        except ValueError:
            self.json = None

    def outcomes(self):
        return [s['outcome'] for s in self.json['images'][0]['steps']] if self.json and self.json.get('images') else None


def expect(run, outcomes=None, code=0, says=None, never=None, within=3.0):
    problems = []
    if outcomes and set(run.outcomes() or ['?']) != set(outcomes.split()):
        problems.append('outcomes %s, not %s' % (run.outcomes(), outcomes))
    if run.code != code:
        problems.append('exit code %d, not %d' % (run.code, code))
    if says and not re.search(says, run.text):
        problems.append('says nothing of /%s/' % says)
    if never and re.search(never, run.text):
        problems.append('says /%s/' % never)
    if run.seconds > within:
        problems.append('took %.1f s, over %.1f' % (run.seconds, within))
    if problems:
        problems.append(run.text[:3000])
    return problems


def requests(server, n, part=''):
    found = [s for s in server.seen if part in s[1]]
    return [] if len(found) == n else ['%d requests%s, not %d: %s' % (len(found), ' of ' + part if part else '', n, [s[:2] for s in found])]


def no_authorization(server):
    return ['Authorization arrived at %s%s' % (server.host, s[1]) for s in server.seen if 'Authorization' in s[2]]


server = reg.Server()
other = reg.Server(address='127.0.0.2')
store = server.store
store.index('base', '1', [(store.image('base', 'arm', ['PATH=/arm'], 'arm64'), 'arm64'), (store.image('base', 'x', ['PATH=/bin', 'FOO=bar']), 'amd64')])
os.makedirs(REPO)
git('init', '-q', '-b', 'main')
write('repo/Dockerfile', 'FROM %s/base:1\nWORKDIR /app\nCOPY a.txt .\nRUN make $FOO\n' % server.host)
write('repo/a.txt', '1\n')
write('repo/.dockerignore', '.git\n')
git('add', '.')
git('commit', '-qm', '1')
git('commit', '-q', '--allow-empty', '-m', '2')
META = os.path.join(WORK, 'images.json')
keys = Run('keys', '--save-image-metadata', META)
CONFIG = reg.cache_of(keys.json)
store.cache('cache', 'good', CONFIG)
store.cache('cache', 'index', CONFIG, True)
store.cache('cache', 'bad', CONFIG)
SAVED = dict(store.manifests)
BLOBS = dict(store.blobs)
RANGE = 'HEAD~1..HEAD'


def predict(*refs, env=None, args=()):
    """With the image known from the file: the requests are the cache's."""
    flags = [f for r in refs for f in ('--cache-from', r if '=' in r else 'type=registry,ref=%s/cache:%s' % (server.host, r))]
    return Run(RANGE, '--format', 'json', '--image-metadata', META, *flags, *args, env=env)


def fresh(*acts):
    server.reset()
    other.reset()
    store.manifests = dict(SAVED)
    store.blobs = dict(BLOBS)
    server.acts = list(acts)


# ---- what works ----

def works():
    report('keys over the network: index, manifest, config', expect(keys, says='RUN make bar') + requests(server, 3) +
           ([] if 'base:1@sha256' in keys.out else ['no digest in the step']))
    with open(META) as f:
        saved = json.load(f)
    report('what was resolved is saved', [] if list(saved) == [server.host + '/base:1'] and saved[server.host + '/base:1']['os'] == 'linux' else [saved])
    fresh()
    again = Run('keys', '--image-metadata', META, '--offline')
    report('and gives the same keys without network', ([] if again.out == keys.out else ['other keys']) + requests(server, 0))
    for form in 'good', 'index':
        fresh()
        report('a cache as %s is read' % form, expect(predict(form), 'hit', says='skip-build') + requests(server, 2))
    fresh()
    report('a relative prediction sends nothing', expect(Run(RANGE, '--format', 'json')) + requests(server, 0))
    fresh()
    report('--offline sends nothing', expect(predict('good', args=['--offline']), says='--offline') + requests(server, 0))
    fresh()
    report('a cache that is not there is an empty one', expect(predict('none'), 'miss', says='has no cache:none') + requests(server, 1))
    fresh()
    report('an image without a cache is an empty one', expect(predict('type=registry,ref=%s/base:1' % server.host), 'miss', says='image without a cache'))
    fresh()
    report('types that are not read', expect(predict('type=s3,bucket=b,region=r', 'good'), 'hit', says='not read by cachepredict'))


def inline():
    fresh()
    layers = [b'layer a', b'layer b']
    records = [{k: v for k, v in r.items() if k != 'layers'} for r in CONFIG['records']]
    for i, r in enumerate(r for r in records if r.get('inputs')):
        r['layers'] = [{'layer': min(i, 1), 'createdAt': '2026-01-01T00:00:00Z'}]
    config = reg.encode({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [reg.digest(x) for x in layers]},
                         'moby.buildkit.cache.v0': base64.b64encode(reg.encode(records)).decode()})
    value = {'schemaVersion': 2, 'mediaType': reg.MANIFEST, 'config': {'digest': store.blob(config), 'size': len(config)},
             'layers': [{'digest': store.blob(x), 'size': len(x)} for x in layers]}
    child = store.manifest('app', '1', value, reg.MANIFEST)
    store.index('app', 'multi', [(store.image('app', 'arm', [], 'arm64'), 'arm64'), (child, 'amd64')])
    report('the cache in an image', expect(predict('type=registry,ref=%s/app:1' % server.host), 'hit') + requests(server, 2))
    report('the cache in an image of an index', expect(predict('type=inline,ref=%s/app:multi' % server.host), 'hit'))
    bad = dict(value, layers=value['layers'][:1])
    store.manifest('app', 'bad', bad, reg.MANIFEST)
    report('an image whose layers are not those of its config', expect(predict('type=registry,ref=%s/app:bad' % server.host), 'miss'))


# ---- servers that fail ----

def connections():
    gone = reg.Server()
    gone.stop()
    fresh()
    run = predict('type=registry,ref=%s/cache:1' % gone.host, args=['--strict'])
    report('a registry that refuses: unknown, exit 6 with --strict', expect(run, 'unknown', 6, 'refuses the connection'))
    fresh()
    report('a bad one beside a good one', expect(predict('type=registry,ref=%s/cache:1' % gone.host, 'good'), 'hit', says='refuses the connection'))
    fresh(('/cache/manifests/bad', reg.hang))
    report('a registry that hangs: in bounded time', expect(predict('bad', args=['--timeout', '2']), 'unknown', says='in time', within=2.6) + requests(server, 1))
    server.stopped_hanging = True
    time.sleep(0.1)
    server.stopped_hanging = False
    fresh(('/cache/manifests/bad', reg.half))
    report('half a body', expect(predict('bad'), 'unknown', says='before it is complete') + requests(server, 4))
    fresh(('/cache/manifests/bad', reg.first(2, reg.half)))
    report('half a body twice, then whole', expect(predict('bad'), 'hit') + requests(server, 4))
    fresh(('/cache/manifests/bad', reg.garbage))
    report('an answer that is not HTTP', expect(predict('bad'), 'unknown', says='127.0.0.1'))
    for announced in True, False:
        server.sent = 0
        fresh(('/cache/manifests/bad', reg.endless(announced)))
        problems = expect(predict('bad'), 'miss', says='more than the limit')
        if server.sent > 40 << 20:
            problems.append('%d bytes were sent' % server.sent)
        report('10 GB, %s' % ('announced' if announced else 'streamed'), problems)


def statuses():
    for code in 401, 403:
        fresh(('/cache/manifests/bad', reg.status(code)))
        report('%d' % code, expect(predict('bad', 'good'), 'hit', says=r'does not let us read cache \(%d\)' % code) + requests(server, 1, 'bad'))
    fresh(('/cache/manifests/bad', reg.status(403)))
    report('403 alone is unknown', expect(predict('bad'), 'unknown'))
    fresh(('/cache/manifests/bad', reg.status(404)))
    report('404', expect(predict('bad'), 'miss') + requests(server, 1))
    fresh(('/cache/manifests/bad', reg.first(2, reg.status(429, [('Retry-After', '0')]))))
    report('429 twice, then 200', expect(predict('bad'), 'hit') + requests(server, 4))
    fresh(('/cache/manifests/bad', reg.first(1, reg.status(429, [('Retry-After', '1')]))))
    report('429 with Retry-After is waited for', (lambda r: expect(r, 'hit') + ([] if r.seconds > 1 else ['it did not wait']))(predict('bad')))
    fresh(('/cache/manifests/bad', reg.status(429, [('Retry-After', '3600')])))
    report('429 with an hour to wait is not', expect(predict('bad'), 'unknown', says='wait for 3600 s', within=1) + requests(server, 1))
    fresh(('/cache/manifests/bad', reg.first(2, reg.status(503))))
    report('503 twice, then 200', expect(predict('bad'), 'hit') + requests(server, 4))
    fresh(('/cache/manifests/bad', reg.status(500)))
    report('500 for ever', expect(predict('bad'), 'unknown', says='answers 500') + requests(server, 4))
    fresh(('/base/', reg.status(500)))
    report('an image that cannot be had: unknown, with the reason',
           expect(Run(RANGE, '--format', 'json', '--resolve-images'), says='answers 500 for base:1') + requests(server, 4))


def redirects():
    fresh(('/cache/manifests/bad', reg.redirect(lambda h: '/v2/cache/manifests/bad2')), ('/bad2', reg.redirect('/v2/cache/manifests/bad')))
    report('redirects in a circle', expect(predict('bad'), 'unknown', says='circle') + requests(server, 2))
    fresh(('/cache/manifests/bad', reg.redirect(lambda h: h.path + 'x')))
    report('redirects without end', expect(predict('bad'), 'unknown', says='more than 5 times') + requests(server, 6))
    for url in 'ftp://127.0.0.1/x', 'file:///etc/passwd', 'gopher://127.0.0.1/', 'http://user:pw@127.0.0.1/x':
        fresh(('/cache/manifests/bad', reg.redirect(url)))
        report('redirect to %s' % url, expect(predict('bad'), 'unknown', never='root:|user:pw') + requests(server, 1))
    config = write('auth/config.json', json.dumps({'auths': {server.host: {'auth': base64.b64encode(b'u:secret').decode()}}}))
    env = {'DOCKER_CONFIG': os.path.dirname(config)}
    other.store.manifests, other.store.blobs = dict(SAVED), dict(BLOBS)
    fresh(('/blobs/', lambda h: reg.basic('u', 'secret')(h) or reg.redirect('http://%s%s' % (other.host, h.path))(h)), ('', reg.basic('u', 'secret')))
    problems = expect(predict('good', env=env), 'hit', never='secret') + no_authorization(other) + requests(other, 1)
    report('a redirect to another host takes no credentials along', problems)
    fresh(('/cache/manifests', reg.redirect(lambda h: 'http://%s%s' % (other.host, h.path))))
    other.acts = [('', reg.basic('u', 'secret'))]
    report('nor when the other host asks for them', expect(predict('good', env=env), 'unknown', never='secret') + no_authorization(other))


# ---- credentials ----

def credentials():
    secret = base64.b64encode(b'u:secret').decode()
    env = {'DOCKER_CONFIG': os.path.dirname(write('auth/config.json', json.dumps({'auths': {'http://%s/v1/' % server.host: {'auth': secret}}})))}
    fresh(('', reg.basic('u', 'secret')))
    report('Basic', expect(predict('good', env=env), 'hit', never='secret') + requests(server, 3))
    fresh(('', reg.basic('u', 'other')))
    report('Basic, refused', expect(predict('good', env=env), 'unknown', never='secret', says='401') + requests(server, 2))
    fresh(('', reg.basic('u', 'secret')))
    report('Basic, nobody known', expect(predict('good'), 'unknown', says='401') + requests(server, 1))

    def token(h):
        return h.path.startswith('/token') and (h.answer(200, reg.encode({'token': 'tok-123', 'expires_in': 300})) or True)
    fresh(('/token', token), ('', reg.bearer('tok-123', 'http://%s/token' % server.host)))
    report('Bearer, anonymous', expect(predict('good'), 'hit', never='tok-123') + requests(server, 4) + requests(server, 1, '/token?service=test&scope=repository%3Ax%3Apull'))
    fresh(('/token', token), ('', reg.bearer('tok-123', 'http://%s/token' % server.host)))
    run = predict('good', env=env)
    sent = [s[2].get('Authorization') for s in server.seen if '/token' in s[1]]
    report('Bearer, with a password', expect(run, 'hit', never='tok-123|secret') + ([] if sent == ['Basic ' + secret] else [sent]))
    other.acts = []
    fresh(('', reg.bearer('tok-123', 'http://%s/token' % other.host)))
    other.acts = [('/token', token)]
    report('a token server on another host sees no password', expect(predict('good', env=env), 'hit') + no_authorization(other) + requests(other, 1))
    for name, body in (('no JSON', b'<html>'), ('no token', b'{}'), ('a token with a line end', b'{"token":"a\\r\\nX: y"}'), ('a number', b'{"token":7}')):
        fresh(('/token', reg.body(body)), ('', reg.bearer('tok-123', 'http://%s/token' % server.host)))
        report('a token server that lies: %s' % name, expect(predict('good'), 'unknown', says='token server') + requests(server, 2))
    fresh(('', reg.bearer('tok-123', 'file:///etc/passwd')))
    report('a realm that is a file', expect(predict('good', env=env), 'unknown', never='root:') + requests(server, 1))
    fresh(('', reg.bearer('tok-123', 'http://registry.invalid/token')))
    report('a realm without TLS elsewhere', expect(predict('good', env=env), 'unknown', says='without https', never='secret') + requests(server, 1))
    helper = write('bin/docker-credential-test', '#!/bin/sh\nread host\n[ "$host" = %s ] && [ "$1" = get ] && echo \'{"Username":"u","Secret":"secret"}\'\n' % server.host)
    os.chmod(helper, 0o755)
    for member in {'credsStore': 'test'}, {'credHelpers': {server.host: 'test'}}:
        write('helper/config.json', json.dumps(member))
        fresh(('', reg.basic('u', 'secret')))
        env = {'DOCKER_CONFIG': os.path.join(WORK, 'helper'), 'PATH': os.path.join(WORK, 'bin') + ':' + os.environ['PATH']}
        report('credentials of %s' % list(member)[0], expect(predict('good', env=env), 'hit', never='secret') + requests(server, 3))
    write('repo/docker-credential-test', '#!/bin/sh\ntouch %s/ran\n' % WORK)
    os.chmod(os.path.join(REPO, 'docker-credential-test'), 0o755)
    fresh(('', reg.basic('u', 'secret')))
    run = predict('good', env={'DOCKER_CONFIG': os.path.join(WORK, 'helper'), 'PATH': '.::' + os.environ['PATH']})
    os.remove(os.path.join(REPO, 'docker-credential-test'))
    report('nothing of the repository is run', expect(run, 'unknown') + (['it ran'] if os.path.exists(os.path.join(WORK, 'ran')) else []))
    for text in '{"auths":7,"credHelpers":[],"credsStore":{}}', '[]':
        write('odd/config.json', text)
        fresh()
        report('an odd config.json: %s' % text, expect(predict('good', env={'DOCKER_CONFIG': os.path.join(WORK, 'odd')}), 'hit'))
    write('odd/config.json', '{"auths": {"h": {"auth": "c2VjcmV0"')
    report('a broken config.json names itself, not what it holds', expect(predict('good', env={'DOCKER_CONFIG': os.path.join(WORK, 'odd')}), code=4, says='config.json', never='c2Vj'))


# ---- bytes that lie ----

def contents():
    fresh(('/blobs/', lambda h: reg.body(b'{"layers":[],"records":[]}')(h)))
    report('a body of another digest', expect(predict('good'), 'unknown', says='sends other bytes') + requests(server, 2))
    cases = {
        'invalid JSON': b'{"layers":[',
        'JSON 10,000 deep': b'{"records":' + b'[' * 10000 + b']' * 10000 + b'}',
        'a link out of range': reg.encode({'layers': [], 'records': [{'digest': reg.digest(b'x'), 'inputs': [[{'link': 7}]]}]}),
        'a layer out of range': reg.encode({'layers': [], 'records': [{'digest': reg.digest(b'x'), 'layers': [{'layer': 3}]}]}),
        'layers in a circle': reg.encode({'layers': [{'blob': reg.digest(b'a'), 'parent': 1}, {'blob': reg.digest(b'b'), 'parent': 0}],
                                          'records': [{'digest': reg.digest(b'x'), 'layers': [{'layer': 0}]}]}),
        'records in a circle': reg.encode({'layers': [], 'records': [{'digest': reg.digest(b'x'), 'inputs': [[{'link': 1}]]},
                                                                     {'digest': reg.digest(b'y'), 'inputs': [[{'link': 0}]]}]}),
        'no object': b'7',
        'empty': b'',
    }
    for name, data in cases.items():
        fresh()
        store.cache('cache', 'bad', data)
        report('a cacheconfig: %s' % name, expect(predict('bad'), 'miss') + requests(server, 2))
        fresh()
        store.cache('cache', 'bad', data)
        report('beside a good one: %s' % name, expect(predict('bad', 'good'), 'hit'))
    for name, data in (('invalid JSON', b'{"a":'), ('10,000 deep', b'[' * 10000), ('both forms', b'{"config":{},"manifests":[]}'), ('a string', b'"x"')):
        fresh(('/cache/manifests/bad', reg.body(data)))
        report('a manifest: %s' % name, expect(predict('bad'), 'miss') + requests(server, 1))
    fresh(('/base/manifests/1', reg.body(b'{"schemaVersion":2,"manifests":[{"digest":"sha256:zz","platform":{"os":"linux","architecture":"amd64"}}]}')))
    report('an index whose digests are none', expect(Run(RANGE, '--format', 'json', '--resolve-images'), says='without a sha256 digest') + requests(server, 1))
    fresh()
    store.index('base', '1', [(store.image('base', 'arm', [], 'arm64'), 'arm64')])
    report('an index without the platform', expect(Run(RANGE, '--format', 'json', '--resolve-images'), says='has no image for linux/amd64') + requests(server, 1))


# ---- whom we ask ----

def trust():
    branch = ['checkout', '-q', '-b', 'stranger', 'main']
    git(*branch)
    write('repo/Dockerfile', 'FROM %s/base:1\nWORKDIR /app\n' % other.host)
    git('commit', '-qam', 'an address of the network of the builder')
    other.store.manifests, other.store.blobs = dict(SAVED), dict(BLOBS)
    fresh()
    report('a registry that only this commit names is not asked',
           expect(Run(RANGE, '--format', 'json', '--resolve-images'), says='only files of this commit name it') + requests(other, 0))
    fresh()
    report('nor for keys', expect(Run('keys'), says='only files of this commit name it') + requests(other, 0))
    fresh()
    report('unless the command line names it', expect(Run('keys', '--registry', other.host), says='base:1@sha256') + requests(other, 3))
    write('repo/compose.yaml', 'services:\n  app:\n    build:\n      context: .\n      cache_from:\n        - type=registry,ref=%s/cache:good\n'
          '        - type=gha,url=http://%s/,token=t\n' % (other.host, other.host))
    git('add', '.')
    git('commit', '-qam', 'compose')
    fresh()
    report('nor when a compose file of this commit names it', expect(Run('main..HEAD', '--format', 'json', '--compose', 'compose.yaml')) + requests(other, 0))
    git('checkout', '-q', 'main')


def moved():
    fresh()
    run = Run(RANGE, '--format', 'json', '--resolve-images', '--base-image-metadata', META)
    report('a tag that stays', expect(run, 'hit') + requests(server, 3))
    store.index('base', '1', [(store.image('base', 'x', ['PATH=/bin', 'FOO=bar', 'NEW=1']), 'amd64')])
    old = json.load(open(META))[server.host + '/base:1']['digest']
    new = store.manifests['base', '1'][1]
    run = Run(RANGE, '--format', 'json', '--resolve-images', '--base-image-metadata', META)
    report('a tag that moved is named, with both digests',
           expect(run, 'miss', says='base-image-changed') + [d for d in (old, reg.digest(new)) if d not in run.out])


# ---- how hosts are configured ----

def settings():
    other.store.manifests, other.store.blobs = dict(SAVED), dict(BLOBS)
    mirror = '%s=http://%s' % (server.host, other.host)
    fresh()
    report('a mirror is asked first', expect(predict('good', args=['--registry-mirror', mirror]), 'hit') + requests(other, 2, 'ns=') + requests(server, 0))
    fresh()
    other.acts = [('', reg.status(404))]
    report('and the registry when it has nothing', expect(predict('good', args=['--registry-mirror', mirror]), 'hit') + requests(other, 2) + requests(server, 2))
    toml = write('buildkitd.toml', '# settings\ndebug = true\n[registry."%s"]\n  mirrors = [\n    "%s", # one\n  ]\n[registry."%s"]\nhttp = true\n[worker.oci]\n  gckeepstorage = 9_000\n'
                 % (server.host, other.host, other.host))
    fresh()
    report('a mirror of buildkitd.toml', expect(predict('good', args=['--buildkitd-config', toml]), 'hit') + requests(other, 2) + requests(server, 0))
    toml = write('bad.toml', 'debug = true\n[registry."x"\n')
    report('a broken buildkitd.toml: file and line', expect(predict('good', args=['--buildkitd-config', toml]), code=4, says='bad.toml:2'))
    report('a mirror without URL', expect(predict('good', args=['--registry-mirror', 'x']), code=2))


def remembered():
    state = {'CACHEPREDICT_NO_STATE': 'false', 'CACHEPREDICT_STATE': os.path.join(WORK, 'state')}
    fresh()
    cold = Run('keys', env=state)
    report('keys, nothing remembered', expect(cold, says='base:1@sha256') + requests(server, 3))
    fresh()
    warm = Run('keys', env=state)
    report('keys again: only whether the tag has moved is asked', ([] if warm.out == cold.out else ['other keys']) + expect(warm) + requests(server, 1))
    fresh()
    report('a cache', expect(Run(RANGE, '--format', 'json', '--cache-from', 'type=registry,ref=%s/cache:good' % server.host, env=state), 'hit') + requests(server, 3))
    fresh()
    report('and again: its tag, and the image\'s', expect(Run(RANGE, '--format', 'json', '--cache-from', 'type=registry,ref=%s/cache:good' % server.host, env=state), 'hit') + requests(server, 2))
    fresh()
    store.index('base', '1', [(store.image('base', 'x', ['PATH=/bin', 'FOO=new']), 'amd64')])
    report('a tag that moved', expect(Run('keys', env=state), says='RUN make new') + requests(server, 3))
    fresh()
    store.index('base', '1', [(store.image('base', 'x', ['PATH=/bin', 'FOO=bar', 'NEW=1']), 'amd64')])
    Run('keys', env=state)
    old = json.load(open(META))[server.host + '/base:1']['digest']
    fresh()
    report('and back', expect(Run(RANGE, '--format', 'json', '--cache-from', 'type=registry,ref=%s/cache:good' % server.host, env=state), 'hit'))
    store.index('base', '1', [(store.image('base', 'x', ['PATH=/bin', 'FOO=bar', 'NEW=1']), 'amd64')])
    run = Run(RANGE, '--format', 'json', '--cache-from', 'type=registry,ref=%s/cache:good' % server.host, env=state)
    report('a cache from before it moved: which image it was written with',
           expect(run, 'miss', says='at %s, and it is %s' % (old, reg.digest(store.manifests['base', '1'][1]))))


def proxy():
    fresh()
    env = {'HTTP_PROXY': 'http://' + other.host, 'http_proxy': 'http://' + other.host}
    report('no proxy for this machine', expect(predict('good', env=env), 'hit') + requests(other, 0))
    fresh()
    run = predict('type=registry,ref=registry.invalid/cache:1', env=env, args=['--registry-http', 'registry.invalid'])
    report('a proxy of the environment', expect(run, 'miss') + requests(other, 1, 'http://registry.invalid/v2/cache/manifests/1'))
    fresh()
    run = predict('type=registry,ref=registry.invalid/cache:1', env={**env, 'NO_PROXY': '.invalid'}, args=['--registry-http', 'registry.invalid', '--timeout', '3'])
    report('NO_PROXY', expect(run, 'unknown', within=5) + requests(other, 0))


# ---- the cache service of GitHub Actions ----

def gha():
    def jwt(scopes, ends=None):
        claims = {'ac': json.dumps([{'Scope': s, 'Permission': 3} for s in scopes]), 'exp': ends or int(time.time()) + 1000, 'nbf': 1}
        return '.'.join(base64.urlsafe_b64encode(x).decode().rstrip('=') for x in (b'{"alg":"none"}', reg.encode(claims), b'sig'))
    data = dict(CONFIG, layers=[dict(layer, annotations={'size': 10, 'diffID': layer['blob'], 'mediaType': 'x'}) for layer in CONFIG['layers']])
    version = reg.digest(b'|go-actionscache-1.0')[7:]
    key = 'index-buildkit-1-' + reg.digest(b'refs/heads/main')[7:15]

    def v1(h):
        if 'keys=%s&version=%s' % (key, version) not in h.path or h.headers.get('Authorization') != 'Bearer ' + token:
            return h.answer(204) or True
        return h.answer(200, reg.encode({'cacheKey': key + '#1', 'archiveLocation': 'http://%s/archive' % other.host})) or True

    def v2(h):
        asked = json.loads(h.posted)
        ok = asked['key'] == key and asked['version'] == version and h.headers.get('Authorization') == 'Bearer ' + token
        return h.answer(200, reg.encode({'ok': ok, 'signed_download_url': 'http://%s/archive?sig=1' % other.host if ok else ''})) or True
    token = jwt(['refs/heads/other', 'refs/heads/main'])
    env = {'ACTIONS_CACHE_URL': 'http://%s/abc/' % server.host, 'ACTIONS_RUNTIME_TOKEN': token}
    fresh(('/abc/_apis/artifactcache/cache?', v1))
    other.acts = [('/archive', reg.body(reg.encode(data)))]
    report('gha, version 1', expect(predict('type=gha', env=env), 'hit', never=token) + no_authorization(other) + requests(server, 2) + requests(other, 1))
    fresh(('/twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL', v2))
    other.acts = [('/archive', reg.body(reg.encode(data)))]
    env2 = dict(env, ACTIONS_CACHE_SERVICE_V2='true', ACTIONS_RESULTS_URL='http://%s/' % server.host)
    report('gha, version 2', expect(predict('type=gha', env=env2), 'hit', never=token) + no_authorization(other) + requests(server, 2) + requests(other, 1))
    fresh(('/abc/_apis', v1))
    report('gha, another scope', expect(predict('type=gha,scope=x', env=env), 'miss'))
    fresh()
    report('gha without a token', expect(predict('type=gha'), 'unknown', says='ACTIONS_RUNTIME_TOKEN') + requests(server, 0))
    report('gha with a token that ended', expect(predict('type=gha', env=dict(env, ACTIONS_RUNTIME_TOKEN=jwt(['x'], 5))), 'unknown', says='expired') + requests(server, 0))
    report('gha with a token that is none', expect(predict('type=gha', env=dict(env, ACTIONS_RUNTIME_TOKEN='a.b')), 'unknown', never='a\\.b'))


def layers():
    """advise --image: the layers of an image that was built, as its registry has them."""
    created = ['test', 'WORKDIR /app', 'COPY a.txt . # buildkit', 'RUN /bin/sh -c make $FOO # buildkit']

    def push(tag, sizes, config_of=created):
        ids = [reg.digest(b'layer of base amd64')] + [reg.digest(b'%d' % i) for i in range(len(config_of) - 1)]
        config = reg.encode({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': ids},
                             'history': [{'created_by': c} for c in config_of]})
        store.manifest('agent', tag, {'schemaVersion': 2, 'mediaType': reg.MANIFEST, 'config': {
            'mediaType': 'application/vnd.oci.image.config.v1+json', 'digest': store.blob(config), 'size': len(config)}, 'layers': [
                {'mediaType': 'application/vnd.oci.image.layer.v1.tar+gzip', 'digest': reg.digest(b'blob %d' % i), 'size': n} for i, n in enumerate(sizes)]}, reg.MANIFEST)
        return '%s/agent:%s' % (server.host, tag)

    def ask(*images, more=()):
        args = [a for image in images for a in ('--image', image)]
        return Run('advise', *args, '--registry-http', server.host, '--timeout', '2', '--format', 'json', *more)

    def scan(run):
        return [(s['compressed_size'], s['base_proved'], [(x['from'], x['line'], x['compressed_size']) for x in s['layers']]) for s in run.json['images'][0].get('scans', [])]

    def same(found, wanted):
        return [] if found == wanted else ['%r, not %r' % (found, wanted)]

    def over(run):
        return [f['message'] for f in run.json['images'][0]['findings'] if f['rule'] == 'image-size']

    fresh()
    run = ask(push('1', [600000000, 100, 200, 700000000]))
    report('the layers of an image', expect(run) + requests(server, 5) + same(scan(run), [(1300000300, True, [('base', 1, 600000000), ('step', 2, 100), ('step', 3, 200), ('step', 4, 700000000)])]) +
           same(over(run), ['the image is 1.30 GB compressed, and larger on disk: line 4 with 700.0 MB, the base image %s/base:1 with 600.0 MB' % server.host]))
    run = ask(push('2', [600000000, 100, 200, 70000000]))
    report('under 1 GB', expect(run) + same(over(run), []))
    run = ask(push('3', [1 << 62] * 4))
    report('sizes that no number holds', expect(run) + same(len(over(run)), 1))
    run = ask(push('4', [1, 2]))
    report('a manifest with other layers than its config', expect(run) + same(scan(run)[0][0], None))
    run = ask(push('5', [], config_of=[]))
    report('without layers', expect(run, says='names no layers|matched'))
    fresh()
    run = ask('%s/gone:1' % server.host, more=['--pretty'])
    report('one that is not there', expect(run, says='has no gone:1'))
    report('and with --strict', expect(ask('%s/gone:1' % server.host, more=['--strict']), code=6))
    fresh(('/v2/', reg.hang))
    report('a registry that hangs', expect(ask('%s/agent:1' % server.host), within=4))
    fresh()
    report('--offline', expect(ask('%s/agent:1' % server.host, more=['--offline']), says='network is not used') + requests(server, 0))
    report('no reference', expect(ask('A B'), says='is no image reference'))


try:
    for part in layers, works, inline, connections, statuses, redirects, credentials, contents, trust, moved, settings, remembered, proxy, gha:
        part()
finally:
    server.stopped_hanging = True
    leave()
end()
