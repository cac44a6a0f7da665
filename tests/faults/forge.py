"""A loopback forge that misbehaves on order. It speaks as much of GitHub, GitLab, Gitea and Bitbucket as a comment takes: pages by Link, by
`next` and by cursor, authors, the head of the pull request. Standard library only."""
import http.server
import json
import re
import threading
import time
import urllib.parse

TOKEN = 'sekret-t0ken-of-the-forge'
ME, OTHER = 11, 22
PAGE = 3  # comments a page


class Fault:
    """What is answered in place of the truth: `times` requests that `method` and `part` of the path fit."""

    def __init__(self, status=200, body=b'{"message":"no"}', method='', part='', headers=(), times=1 << 30, cut=False, wait=0.0, after=False):
        self.status, self.body, self.method, self.part, self.headers = status, body, method, part, headers
        self.times, self.cut, self.wait, self.after = times, cut, wait, after

    def fits(self, method, path):
        if self.times <= 0 or (self.method and self.method != method) or self.part not in path:
            return False
        self.times -= 1
        return True


class Forge:
    """Comments of pull request 5 of acme/api: dicts of id, author, body, hidden."""

    def __init__(self):
        self.lock = threading.RLock()
        self.comments, self.statuses, self.next_id, self.head = [], [], 100, 'f' * 40
        self.seen, self.fault, self.delay = [], None, 0.0
        self.claims, self.most = [], 0  # reactions of ours: dicts of id, name, time; most comments of ours that were there at once
        self.pulls, self.checks = [], []  # that are open; check runs
        self.stuck = False  # a claim cannot be taken away

    def add(self, author, body):
        with self.lock:
            self.next_id += 1
            self.comments.append({'id': self.next_id, 'author': author, 'body': body, 'hidden': False})
            self.most = max(self.most, len(self.mine()))
            return self.comments[-1]

    def claim(self, name):
        """The claim of that name, and was it made now?"""
        with self.lock:
            there = [c for c in self.claims if c['name'] == name]
            if there:
                return there[0], False
            self.next_id += 1
            self.claims.append({'id': self.next_id, 'name': name, 'time': '2026-01-01T00:00:%02dZ' % (self.next_id % 60)})
            return self.claims[-1], True

    def drop(self, fits):
        with self.lock:
            there = [c for c in self.claims if fits(c)]
            for c in there if not self.stuck else []:
                self.claims.remove(c)
            return bool(there)

    def find(self, number):
        return next((c for c in self.comments if c['id'] == int(number)), None)

    def mine(self):
        with self.lock:
            return [c for c in self.comments if c['author'] == ME]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, value=None, headers=(), cut=False):
        body = value if isinstance(value, bytes) else b'' if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        for name, v in headers:
            self.send_header(name, v)
        self.send_header('Content-Length', str(len(body) + (100 if cut else 0)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass
        if cut:
            self.close_connection = True

    def serve(self):
        forge = self.server.forge
        length = int(self.headers.get('Content-Length') or 0)
        self.body = self.rfile.read(length) if length else b''
        with forge.lock:
            forge.seen.append((self.command, self.path, dict(self.headers), self.body))
            fault = forge.fault if forge.fault and forge.fault.fits(self.command, self.path) else None
        if forge.delay:
            time.sleep(forge.delay)
        if fault and fault.after:  # it is done, but the answer does not say so
            self.answered = self.answer
            self.answer = lambda *a, **k: None
            self.route(forge)
            self.answer = self.answered
        if fault:
            time.sleep(fault.wait)
            return self.answer(fault.status, fault.body, fault.headers, fault.cut)
        if TOKEN not in (self.headers.get('Authorization') or ''):
            return self.answer(401, {'message': 'who?'})
        self.route(forge)

    def route(self, forge):
        with forge.lock:
            url = urllib.parse.urlparse(self.path)
            value = json.loads(self.body) if self.body else {}
            for pattern, name in ROUTES:
                m = re.fullmatch(pattern, url.path)
                if m:
                    query = urllib.parse.parse_qs(url.query)
                    return getattr(self, name)(forge, value, query, *m.groups())
        self.answer(404, {'message': 'not found'})

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = serve

    # ---- what they share ----

    def page(self, forge, query):
        n = int(query.get('page', ['1'])[0])
        return n, forge.comments[(n - 1) * PAGE:n * PAGE], len(forge.comments) > n * PAGE

    def change(self, forge, number, text, shown):
        c = forge.find(number)
        if not c:
            return self.answer(404, {'message': 'gone'})
        if c['author'] != ME:
            return self.answer(403, {'message': 'not yours'})
        if self.command == 'DELETE':
            forge.comments.remove(c)
            return self.answer(204)
        c['body'] = text
        return self.answer(200, shown(c))

    def status(self, forge, value, query, commit):
        forge.statuses.append((commit, value))
        self.answer(201, {})

    # ---- claims: GitHub and Gitea say 200 where it was there already, GitLab 404; Gitea takes it away by name ----

    def reactions(self, forge, value, query, kind):
        if self.command == 'DELETE':
            forge.drop(lambda c: c['name'] == value['content'])
            return self.answer(204)
        c, made = forge.claim(value['content'])
        shown = {'id': c['id'], 'content': c['name'], 'created_at': c['time']}
        if kind == 'gitea':
            del shown['id']
        self.answer(201 if made else 200, shown)

    def reaction(self, forge, value, query, number):
        if forge.drop(lambda c: c['id'] == int(number)):
            return self.answer(204)
        self.answer(404, {'message': 'gone'})

    def awards(self, forge, value, query):
        def shown(c):
            return {'id': c['id'], 'name': c['name'], 'user': {'id': ME}}
        if self.command == 'GET':
            return self.answer(200, [shown(c) for c in reversed(forge.claims)])
        c, made = forge.claim(value['name'])
        if not made:
            return self.answer(404, {'message': '404 Award Emoji {:name=>["has already been taken"]} Not Found'})
        self.answer(201, shown(c))

    # ---- GitHub ----

    def github_graphql(self, forge, value, query):
        v = value['variables']
        if 'minimizeComment' in value['query']:
            forge.find(v['id'][1:])['hidden'] = True
            return self.answer(200, {'data': {'minimizeComment': {'minimizedComment': {'isMinimized': True}}}})
        if (v['owner'], v['name'], v['number']) != ('acme', 'api', 5):
            return self.answer(200, {'data': {'repository': None}, 'errors': [{'type': 'NOT_FOUND', 'message': 'Could not resolve'}]})
        start = int(v.get('after') or 0)
        nodes = [{'id': 'N%d' % c['id'], 'databaseId': c['id'], 'url': 'https://x/c%d' % c['id'], 'body': c['body'], 'isMinimized': c['hidden'],
                  'viewerDidAuthor': c['author'] == ME} for c in forge.comments[start:start + PAGE]]
        self.answer(200, {'data': {'repository': {'pullRequest': {'headRefOid': forge.head, 'comments': {
            'nodes': nodes, 'pageInfo': {'hasNextPage': start + PAGE < len(forge.comments), 'endCursor': str(start + PAGE)}}}}}})

    def github_comments(self, forge, value, query):
        c = forge.add(ME, value['body'])
        self.answer(201, {'id': c['id'], 'node_id': 'N%d' % c['id'], 'html_url': 'https://x/c%d' % c['id']})

    def github_checks(self, forge, value, query):
        forge.checks.append(value)
        self.answer(201, {'id': len(forge.checks), 'html_url': 'https://x/runs/1'})

    def github_check(self, forge, value, query, number):
        c = forge.checks[int(number) - 1]
        if not value.get('output', {}).get('title') or not value['output'].get('summary'):
            return self.answer(422, {'message': 'title and summary are needed'})
        c['output']['annotations'] += value['output'].get('annotations', [])
        self.answer(200, {'id': int(number)})

    def github_comment(self, forge, value, query, number):
        self.change(forge, number, value.get('body'), lambda c: {'id': c['id']})

    # ---- Gitea: all comments in one answer ----

    def gitea_user(self, forge, value, query):
        self.answer(200, {'id': ME, 'login': 'me'})

    def pulls(self, forge, value, query):
        self.answer(200, forge.pulls)

    def gitea_pull(self, forge, value, query):
        self.answer(200, {'head': {'sha': forge.head}})

    @staticmethod
    def gitea_shown(c):
        return {'id': c['id'], 'html_url': 'https://x/c%d' % c['id'], 'body': c['body'], 'user': {'id': c['author']}}

    def gitea_comments(self, forge, value, query):
        if self.command == 'POST':
            return self.answer(201, self.gitea_shown(forge.add(ME, value['body'])))
        self.answer(200, [self.gitea_shown(c) for c in forge.comments])

    def gitea_comment(self, forge, value, query, number):
        self.change(forge, number, value.get('body'), self.gitea_shown)

    # ---- GitLab: pages by Link ----

    def gitlab_user(self, forge, value, query):
        self.answer(200, {'id': ME, 'username': 'me'})

    def gitlab_request(self, forge, value, query):
        self.answer(200, {'sha': forge.head, 'web_url': 'https://x/mr/5'})

    @staticmethod
    def gitlab_shown(c):
        return {'id': c['id'], 'body': c['body'], 'author': {'id': c['author']}}

    def gitlab_notes(self, forge, value, query):
        if self.command == 'POST':
            return self.answer(201, self.gitlab_shown(forge.add(ME, value['body'])))
        n, page, more = self.page(forge, query)
        here = 'http://%s%s' % (self.headers['Host'], urllib.parse.urlparse(self.path).path)
        link = '<%s?page=1>; rel="first"' % here + (', <%s?page=%d>; rel="next"' % (here, n + 1) if more else '')
        self.answer(200, [self.gitlab_shown(c) for c in page], [('Link', link)])

    def gitlab_note(self, forge, value, query, number):
        self.change(forge, number, value.get('body'), self.gitlab_shown)

    # ---- Bitbucket: pages by `next` ----

    def bitbucket_user(self, forge, value, query):
        self.answer(200, {'uuid': '{%d}' % ME})

    def bitbucket_pull(self, forge, value, query):
        self.answer(200, {'source': {'commit': {'hash': forge.head[:12]}}})

    @staticmethod
    def bitbucket_shown(c):
        return {'id': c['id'], 'content': {'raw': c['body']}, 'user': {'uuid': '{%d}' % c['author']}, 'deleted': False,
                'links': {'html': {'href': 'https://x/c%d' % c['id']}}}

    def bitbucket_comments(self, forge, value, query):
        if self.command == 'POST':
            return self.answer(201, self.bitbucket_shown(forge.add(ME, value['content']['raw'])))
        n, page, more = self.page(forge, query)
        here = 'http://%s%s' % (self.headers['Host'], urllib.parse.urlparse(self.path).path)
        self.answer(200, {'values': [self.bitbucket_shown(c) for c in page], **({'next': '%s?page=%d' % (here, n + 1)} if more else {})})

    def bitbucket_comment(self, forge, value, query, number):
        self.change(forge, number, value.get('content', {}).get('raw'), self.bitbucket_shown)


ROUTES = [
    (r'/github/repos/acme/api/check-runs', 'github_checks'),
    (r'/github/repos/acme/api/check-runs/(\d+)', 'github_check'),
    (r'/(?:github|gitea)/repos/acme/api/pulls', 'pulls'),
    (r'/(github|gitea)/repos/acme/api/issues/5/reactions', 'reactions'),
    (r'/github/repos/acme/api/issues/5/reactions/(\d+)', 'reaction'),
    (r'/gitlab/projects/acme%2Fapi/merge_requests/5/award_emoji', 'awards'),
    (r'/gitlab/projects/acme%2Fapi/merge_requests/5/award_emoji/(\d+)', 'reaction'),
    (r'/github/graphql', 'github_graphql'),
    (r'/github/repos/acme/api/issues/5/comments', 'github_comments'),
    (r'/github/repos/acme/api/issues/comments/(\d+)', 'github_comment'),
    (r'/(?:github|gitea)/repos/acme/api/statuses/([0-9a-f]+)', 'status'),
    (r'/gitea/user', 'gitea_user'),
    (r'/gitea/repos/acme/api/pulls/5', 'gitea_pull'),
    (r'/gitea/repos/acme/api/issues/5/comments', 'gitea_comments'),
    (r'/gitea/repos/acme/api/issues/comments/(\d+)', 'gitea_comment'),
    (r'/gitlab/user', 'gitlab_user'),
    (r'/gitlab/projects/acme%2Fapi/merge_requests/5', 'gitlab_request'),
    (r'/gitlab/projects/acme%2Fapi/merge_requests/5/notes', 'gitlab_notes'),
    (r'/gitlab/projects/acme%2Fapi/merge_requests/5/notes/(\d+)', 'gitlab_note'),
    (r'/gitlab/projects/acme%2Fapi/statuses/([0-9a-f]+)', 'status'),
    (r'/bitbucket/user', 'bitbucket_user'),
    (r'/bitbucket/repositories/acme/api/pullrequests/5', 'bitbucket_pull'),
    (r'/bitbucket/repositories/acme/api/pullrequests/5/comments', 'bitbucket_comments'),
    (r'/bitbucket/repositories/acme/api/pullrequests/5/comments/(\d+)', 'bitbucket_comment'),
    (r'/bitbucket/repositories/acme/api/commit/([0-9a-f]+)/statuses/build', 'status'),
]


class Server:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.reset()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.forge = self.server.forge = Forge()
        return self.forge
