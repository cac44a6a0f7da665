"""cachepredict against Debian's docker-registry: open, with htpasswd, over TLS, with client certificates. TAP.

usage: real.py CACHEPREDICT
"""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import registry as reg
from place import REPO, WORK, end, leave, report, write

HELPER = os.path.abspath(sys.argv[1])
# the password is "secret"
HTPASSWD = 'user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n'


class Registry:
    def __init__(self, name, options='', tls=''):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.host = '127.0.0.1:%d' % s.getsockname()[1]
        config = write(name + '.yml', 'version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: %s\n'
                       'http:\n  addr: %s\n%s%s' % (os.path.join(WORK, 'data'), self.host, tls, options))
        self.log = open(os.path.join(WORK, name + '.log'), 'w')
        self.process = subprocess.Popen(['docker-registry', 'serve', config], stdout=self.log, stderr=self.log)
        end = time.time() + 20
        while time.time() < end:
            try:
                socket.create_connection(tuple([self.host.split(':')[0], int(self.host.split(':')[1])]), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit('docker-registry does not start')

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def push(host, repository, store):
    """What the store has, into one repository."""
    def send(method, url, data=None, kind='application/octet-stream'):
        q = urllib.request.Request(url, data=data, method=method, headers={'Content-Type': kind})
        return urllib.request.urlopen(q, timeout=10)
    for digest, data in store.blobs.items():
        where = send('POST', 'http://%s/v2/%s/blobs/uploads/' % (host, repository), b'').headers['Location']
        send('PUT', where + ('&' if '?' in where else '?') + 'digest=' + digest, data)
    for (_, tag), (kind, data) in sorted(store.manifests.items(), key=lambda x: not x[0][1].startswith('sha256:')):
        send('PUT', 'http://%s/v2/%s/manifests/%s' % (host, repository, tag), data, kind)


def run(*args, env=None):
    base = {'PATH': os.environ['PATH'], 'HOME': os.path.join(WORK, 'home'), 'LC_ALL': 'C'}
    if 'CACHEPREDICT_PLUGIN' in os.environ:
        base['CACHEPREDICT_PLUGIN'] = os.environ['CACHEPREDICT_PLUGIN']
    return subprocess.run([HELPER, *args], cwd=REPO, capture_output=True, text=True, timeout=60, env={**base, **(env or {})})


def hits(p):
    try:
        steps = json.loads(p.stdout)['images'][0]['steps']
    except (ValueError, KeyError):
        return ['no prediction', p.stdout + p.stderr]
    outcomes = [s['outcome'] for s in steps]
    return [] if set(outcomes) == {'hit'} and p.returncode == 0 else [outcomes, p.stdout + p.stderr]


def certificates():
    def openssl(*args):
        subprocess.run(['openssl', *args], check=True, cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    write('san', 'subjectAltName=IP:127.0.0.1\n')
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test')
    for name in 'server', 'client':
        openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', name + '.key', '-out', name + '.csr', '-subj', '/CN=' + name)
        openssl('x509', '-req', '-in', name + '.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', name + '.pem', '-days', '2', '-extfile', 'san')


def main():
    opened = Registry('open')
    os.makedirs(REPO)

    def git(*args):
        subprocess.run(['git', '-C', REPO, '-c', 'user.name=t', '-c', 'user.email=t@example.com', *args], check=True, stdout=subprocess.DEVNULL)
    git('init', '-q', '-b', 'main')
    write('repo/Dockerfile', 'ARG BASE\nFROM ${BASE}\nCOPY a.txt .\nRUN make $FOO\n')
    write('repo/a.txt', '1\n')
    write('repo/.dockerignore', '.git\n')
    git('add', '.')
    git('commit', '-qm', '1')
    git('commit', '-q', '--allow-empty', '-m', '2')
    images = reg.Store()
    images.index('x', 'base', [(images.image('x', 'arm', ['PATH=/arm'], 'arm64'), 'arm64'), (images.image('x', 'amd', ['PATH=/bin', 'FOO=bar']), 'amd64')])
    push(opened.host, 'app', images)
    base = opened.host + '/app:base'
    keys = run('keys', '--build-arg', 'BASE=' + base)
    report('keys', [] if keys.returncode == 0 and 'RUN make bar' in keys.stdout else [keys.stdout + keys.stderr])
    caches = reg.Store()
    config = reg.cache_of(json.loads(keys.stdout))
    for layer in config['layers']:
        layer['blob'] = caches.blob(layer['blob'].encode())
    caches.cache('x', 'cache', config)
    caches.cache('x', 'index', config, True)
    push(opened.host, 'app', caches)

    def predict(host, tag='cache', *args, env=None):
        return run('HEAD~1..HEAD', '--format', 'json', '--build-arg', 'BASE=%s/app:base' % host, '--cache-from',
                   'type=registry,ref=%s/app:%s' % (host, tag), *args, env=env)
    for tag in 'cache', 'index':
        report('a cache as %s' % tag, hits(predict(opened.host, tag)))

    closed = Registry('htpasswd', 'auth:\n  htpasswd:\n    realm: test\n    path: %s\n' % write('htpasswd', HTPASSWD))
    p = predict(closed.host)
    report('htpasswd, nobody known', [] if 'does not let us read' in p.stdout else [p.stdout + p.stderr])
    docker = write('docker/config.json', json.dumps({'auths': {closed.host: {'auth': base64.b64encode(b'user:secret').decode()}}}))
    report('htpasswd', hits(predict(closed.host, env={'DOCKER_CONFIG': os.path.dirname(docker)})))
    closed.stop()

    certificates()
    files = {name: os.path.join(WORK, name) for name in ('ca.pem', 'server.pem', 'server.key', 'client.pem', 'client.key')}
    tls = '  tls:\n    certificate: %(server.pem)s\n    key: %(server.key)s\n' % files
    secure = Registry('tls', tls=tls)
    https = write('https.toml', '[registry."%s"]\nhttp = false\n' % secure.host)
    p = predict(secure.host, 'cache', '--buildkitd-config', https)
    report('an authority that nobody knows', [] if 'certificate' in p.stdout and hits(p) else [p.stdout + p.stderr])
    report('--registry-ca', hits(predict(secure.host, 'cache', '--buildkitd-config', https, '--registry-ca', files['ca.pem'])))
    report('SSL_CERT_FILE', hits(predict(secure.host, 'cache', '--buildkitd-config', https, env={'SSL_CERT_FILE': files['ca.pem']})))
    both = write('ca.toml', '[registry."%s"]\nhttp = false\nca = ["%s"]\n' % (secure.host, files['ca.pem']))
    report('the authority of buildkitd.toml', hits(predict(secure.host, 'cache', '--buildkitd-config', both)))
    insecure = write('insecure.toml', '[registry."%s"]\nhttp = false\ninsecure = true\n' % secure.host)
    report('insecure of buildkitd.toml', hits(predict(secure.host, 'cache', '--buildkitd-config', insecure)))
    secure.stop()

    mutual = Registry('mutual', tls=tls + '    clientcas:\n      - %(ca.pem)s\n' % files)
    anyone = write('anyone.toml', '[registry."%s"]\nhttp = false\nca = ["%s"]\n' % (mutual.host, files['ca.pem']))
    p = predict(mutual.host, 'cache', '--buildkitd-config', anyone)
    # the alert and the end of the connection race: the reason is one of both
    report('a client certificate is asked for', [] if mutual.host in p.stdout and hits(p) and p.returncode == 0 else [p.stdout + p.stderr])
    pair = write('pair.toml', '[registry."%s"]\nhttp = false\nca = ["%s"]\n[[registry."%s".keypair]]\nkey = "%s"\ncert = "%s"\n' % (mutual.host, files['ca.pem'], mutual.host, files['client.key'], files['client.pem']))
    report('a client certificate', hits(predict(mutual.host, 'cache', '--buildkitd-config', pair)))
    mutual.stop()
    opened.stop()


if not shutil.which('docker-registry') or not shutil.which('openssl'):
    print('ok 1 - docker-registry # skip: it is not installed\n1..1')
    sys.exit(0)
try:
    main()
finally:
    leave()
end()
