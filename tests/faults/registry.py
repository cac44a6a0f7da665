"""A loopback registry that misbehaves on order, and what it serves: images, caches, tokens. Standard library only."""
import base64
import hashlib
import http.server
import json
import socket
import threading
import time

CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0'
INDEX = 'application/vnd.oci.image.index.v1+json'
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def encode(value):
    return json.dumps(value, separators=(',', ':')).encode()


class Store:
    """Blobs and manifests by repository."""

    def __init__(self):
        self.blobs = {}
        self.manifests = {}  # (repository, tag or digest) -> (type, bytes)

    def blob(self, data):
        self.blobs[digest(data)] = data
        return digest(data)

    def manifest(self, repository, tag, value, media_type):
        data = value if isinstance(value, bytes) else encode(value)
        self.manifests[repository, tag] = self.manifests[repository, digest(data)] = (media_type, data)
        return digest(data), len(data)

    def image(self, repository, tag, env, arch='amd64', extra=None):
        layer = b'layer of %s %s' % (repository.encode(), arch.encode())
        config = {'architecture': arch, 'os': 'linux', 'config': {'Env': env}, 'rootfs': {'type': 'layers', 'diff_ids': [digest(layer)]},
                  'history': [{'created_by': 'test'}]}
        config.update(extra or {})
        data = encode(config)
        value = {'schemaVersion': 2, 'mediaType': MANIFEST,
                 'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', 'digest': self.blob(data), 'size': len(data)},
                 'layers': [{'mediaType': 'application/vnd.oci.image.layer.v1.tar+gzip', 'digest': self.blob(layer), 'size': len(layer)}]}
        return self.manifest(repository, tag, value, MANIFEST)

    def index(self, repository, tag, children):
        value = {'schemaVersion': 2, 'mediaType': INDEX, 'manifests': [
            {'mediaType': MANIFEST, 'digest': d, 'size': n, 'platform': {'os': 'linux', 'architecture': arch}} for (d, n), arch in children]}
        return self.manifest(repository, tag, value, INDEX)

    def cache(self, repository, tag, config, as_index=False):
        data = config if isinstance(config, bytes) else encode(config)
        blobs = [{'mediaType': 'application/vnd.oci.image.layer.v1.tar+gzip', 'digest': layer['blob'], 'size': 100}
                 for layer in (json.loads(data).get('layers', []) if not isinstance(config, bytes) else [])]
        descriptor = {'mediaType': CACHE_CONFIG, 'digest': self.blob(data), 'size': len(data)}
        if as_index:
            return self.manifest(repository, tag, {'schemaVersion': 2, 'mediaType': INDEX, 'manifests': blobs + [descriptor]}, INDEX)
        return self.manifest(repository, tag, {'schemaVersion': 2, 'mediaType': MANIFEST, 'config': descriptor, 'layers': blobs}, MANIFEST)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, body=b'', headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        server = self.server
        length = int(self.headers.get('Content-Length') or 0)
        self.posted = self.rfile.read(length) if length else b''
        with server.lock:
            server.seen.append((self.command, self.path, dict(self.headers.items()), self.posted))
        for part, act in server.acts:
            if part in self.path:
                if act(self):
                    return
        self.registry()

    do_GET = do_POST = do_HEAD = serve

    def registry(self):
        store = self.server.store
        path = self.path.split('?')[0]
        if '/manifests/' in path and path.startswith('/v2/'):
            repository, _, what = path[4:].partition('/manifests/')
            found = store.manifests.get((repository, what))
            if found and self.headers.get('If-None-Match') == '"%s"' % digest(found[1]):
                return self.answer(304)
            if found:
                return self.answer(200, found[1], [('Content-Type', found[0]), ('Docker-Content-Digest', digest(found[1])),
                                                    ('ETag', '"%s"' % digest(found[1]))])
        elif '/blobs/' in path:
            data = store.blobs.get(path.rpartition('/')[2])
            if data is not None:
                return self.answer(200, data, [('Content-Type', 'application/octet-stream')])
        return self.answer(404, encode({'errors': [{'code': 'MANIFEST_UNKNOWN'}]}))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, store=None, address='127.0.0.1'):
        super().__init__((address, 0), Handler)
        self.store = store or Store()
        self.acts = []  # (part of a path, function of the handler: True = it answered)
        self.seen = []  # (method, path, headers, body)
        self.sent = 0
        self.stopped_hanging = False
        self.lock = threading.Lock()
        self.host = '%s:%d' % self.server_address
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def reset(self):
        with self.lock:
            self.acts, self.seen = [], []

    def stop(self):
        self.shutdown()
        self.server_close()


# ---- acts ----

def status(code, headers=(), body=b'{}'):
    return lambda h: h.answer(code, body, headers) or True


def first(times, act):
    """The act for the first requests, then the registry itself."""
    count = [0]

    def run(h):
        with h.server.lock:
            count[0] += 1
            mine = count[0] <= times
        return mine and act(h)
    return run


def body(data, media_type=MANIFEST):
    return lambda h: h.answer(200, data, [('Content-Type', media_type)]) or True


def hang(h):
    end = time.time() + 15
    while time.time() < end and not h.server.stopped_hanging:
        time.sleep(0.02)
    h.close_connection = True
    return True


def half(h):
    h.send_response(200)
    h.send_header('Content-Length', '100000')
    h.end_headers()
    h.wfile.write(b'{"schemaVersion":2,')
    h.wfile.flush()
    h.connection.shutdown(socket.SHUT_RDWR)
    h.close_connection = True
    return True


def endless(announced):
    def run(h):
        h.send_response(200)
        if announced:
            h.send_header('Content-Length', str(10 << 30))
        else:
            h.send_header('Connection', 'close')
        h.end_headers()
        h.close_connection = True
        block = b'{"a":[' + b' ' * 65536
        try:
            for _ in range((10 << 30) // len(block)):
                h.wfile.write(block)
                h.server.sent += len(block)
        except OSError:
            pass
        return True
    return run


def garbage(h):
    h.connection.sendall(b'\x00\x01\x02 not http at all\r\n\r\n' * 4)
    h.close_connection = True
    return True


def redirect(url):
    return lambda h: h.answer(307, b'', [('Location', url(h) if callable(url) else url)]) or True


def basic(user, password):
    wanted = 'Basic ' + base64.b64encode(('%s:%s' % (user, password)).encode()).decode()
    return lambda h: h.headers.get('Authorization') != wanted and (
        h.answer(401, b'{}', [('WWW-Authenticate', 'Basic realm="registry"')]) or True)


def bearer(token, realm):
    return lambda h: h.headers.get('Authorization') != 'Bearer ' + token and (
        h.answer(401, b'{}', [('WWW-Authenticate', 'Bearer realm="%s",service="test",scope="repository:x:pull"' % realm)]) or True)


def cache_of(keys):
    """A cacheconfig from what `cachepredict keys` prints: every record that is no root has a layer."""
    records = [r for image in keys.get('images', [keys]) for r in image['records']]
    at = {}
    for r in records:
        at.setdefault(r['digest'], len(at))
    layers, out = [], []
    for d in at:
        r = next(x for x in records if x['digest'] == d)
        record = {'digest': d}
        inputs = [[dict(([('selector', link['selector'])] if link.get('selector') else []) + [('link', at[link['link']])])
                   for link in links] for links in r['inputs']]
        if inputs:
            layers.append({'blob': digest(d.encode()), 'parent': -1})
            record['layers'] = [{'layer': len(layers) - 1, 'createdAt': '2026-01-02T03:04:05Z'}]
            record['inputs'] = inputs
        out.append(record)
    return {'layers': layers, 'records': out}
