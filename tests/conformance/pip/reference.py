"""What pip makes of a set of requirement files: its own functions, line by line, so that it goes on behind a line that it rejects."""
import logging
import os

from pip._internal.cli import cmdoptions
from pip._internal.models.format_control import FormatControl
from pip._internal.req import constructors, req_file
from pip._internal.req.req_install import check_invalid_constraint_type
from pip._vendor.packaging.utils import canonicalize_name

logging.disable(logging.CRITICAL)


class Undecodable(Exception):
    pass


def identity(parsed, ireq):
    """Everything of a requirement that decides what is installed."""
    req = ireq.req
    options = parsed.options or {}
    settings = options.get("config_settings") or {}
    return (
        ireq.editable,
        canonicalize_name(ireq.name) if ireq.name else None,
        tuple(sorted({canonicalize_name(e) for e in ireq.extras})),
        tuple(sorted({str(s) for s in req.specifier})) if req else (),
        ireq.original_link.url if ireq.original_link else None,
        str(ireq.markers) if ireq.markers else None,
        tuple(sorted((a, d) for a, ds in (options.get("hashes") or {}).items() for d in ds)),
        tuple(sorted((k, v) for k, vs in settings.items() for v in (vs if isinstance(vs, list) else [vs]))),
    )


def controls(opts):
    """--no-binary and its like change one object, whatever else is on the line."""
    release = opts.release_control
    return (sorted(opts.format_control.no_binary), sorted(opts.format_control.only_binary),
            sorted(release.all_releases) if release else [], sorted(release.only_final) if release else [])


def settings(opts):
    """What handle_option_line acts on."""
    features = list(opts.features_enabled)
    return {
        "index-url": opts.index_url, "extra-index-url": opts.extra_index_urls or [], "no-index": bool(opts.no_index),
        "find-links": (opts.find_links or [])[:1], "prefer-binary": bool(opts.prefer_binary), "pre": bool(opts.pre),
        "require-hashes": bool(opts.require_hashes), "no-require-hashes": bool(opts.no_require_hashes),
        "trusted-host": opts.trusted_hosts or [], "use-feature": features,
    }


class Reader:
    """`root` is the current folder; files outside of it and URLs are named, not read."""

    def __init__(self, root):
        self.root = root
        self.files = []
        self.problems = {}  # (file, line) -> message
        self.undecodable = set()

    def relative(self, path):
        return os.path.relpath(path, self.root)

    def problem(self, path, line, why):
        self.problems.setdefault((self.relative(path), line), str(why))

    def read(self, path, constraint=False, stack=()):
        name = self.relative(path)
        with open(path, "rb") as f:
            data = f.read()
        out = {"path": name, "constraint": constraint, "read": True, "items": [], "lines": {}}
        self.files.append(out)
        try:
            text = req_file._decode_req_file(data, path)
        except (UnicodeError, LookupError) as e:
            self.undecodable.add(name)
            self.problem(path, 0, e)
            return
        parse_line = req_file.get_line_parser(None)
        for number, line in req_file.preprocess(text):
            cmdoptions.use_new_feature.keywords["default"].clear()  # one list for all lines
            try:
                args, opts = parse_line(line)
            except Exception as e:
                self.problem(path, number, getattr(e, "msg", e))
                continue
            parsed = req_file.ParsedLine(path, number, args, opts, constraint)
            self.line(parsed, out, (*stack, path))

    def line(self, parsed, out, stack):
        opts = parsed.opts
        effective = settings(opts)
        effect = {"controls": controls(opts)}
        out["lines"][parsed.lineno] = effect
        if parsed.requirement is not None:
            self.requirement(parsed, out)
        elif opts.requirements or opts.constraints:
            value = (opts.requirements or opts.constraints)[0]
            effect["include"] = value
            self.include(parsed, value, not opts.requirements, stack)
        else:
            effect["settings"] = effective

    def requirement(self, parsed, out):
        try:
            q = req_file.handle_line(parsed)
            ireq = constructors.install_req_from_parsed_requirement(q)
            why = check_invalid_constraint_type(ireq) if parsed.constraint else ""
        except Exception as e:
            self.problem(parsed.filename, parsed.lineno, e)
            if not str(e).startswith("Editable requirements are not allowed"):
                return
            # the parse goes on without the role, as for the other two of them
            q = req_file.handle_requirement_line(req_file.ParsedLine(parsed.filename, parsed.lineno, parsed.args, parsed.opts, False))
            try:
                ireq = constructors.install_req_from_parsed_requirement(q)
            except Exception as other:
                self.problems[self.relative(parsed.filename), parsed.lineno] = str(other)
                return
            why = ""
        if why:
            self.problem(parsed.filename, parsed.lineno, why)
        out["items"].append({"line": parsed.lineno, "identity": identity(q, ireq), "name": ireq.name, "link": ireq.original_link,
                             "editable": ireq.editable})

    def include(self, parsed, value, constraint, stack):
        if req_file.SCHEME_RE.search(value):
            return self.elsewhere(value, constraint)
        path = os.path.abspath(os.path.join(os.path.dirname(parsed.filename), value))
        if os.path.isabs(value) or not (path + os.sep).startswith(self.root + os.sep):
            return self.elsewhere(value, constraint)
        if path in stack:
            return self.problem(parsed.filename, parsed.lineno, "recursively references itself")
        name = self.relative(path)
        if any(f["path"] == name and f["constraint"] == constraint for f in self.files):
            return None
        if not os.path.isfile(path):
            return self.problem(parsed.filename, parsed.lineno, "Could not open requirements file")
        return self.read(path, constraint, stack)

    def elsewhere(self, value, constraint):
        self.files.append({"path": value, "constraint": constraint, "read": False})


def read_set(root, name="requirements.txt"):
    reader = Reader(root)
    reader.read(os.path.join(root, name))
    return reader


def whole(root, name="requirements.txt"):
    """pip's own loop over the same files, which ends with the first line that it rejects: identities, or the exception."""
    out = []
    try:
        for q in req_file.parse_requirements(os.path.join(root, name), session=None):
            ireq = constructors.install_req_from_parsed_requirement(q)
            why = check_invalid_constraint_type(ireq) if q.constraint else ""
            if why:
                raise ValueError(why)
            out.append((q.constraint, identity(q, ireq)))
    except Exception as e:
        return out, e
    return out, None


def apply_controls(options):
    """The state that --no-binary ... of ours leave behind, by pip's own rules."""
    no, only, releases, final = set(), set(), set(), set()
    for name, value in options:
        if name == "no-binary":
            FormatControl.handle_mutual_excludes(value, no, only)
        elif name == "only-binary":
            FormatControl.handle_mutual_excludes(value, only, no)
        elif name == "all-releases":
            FormatControl.handle_mutual_excludes(value, releases, final)
        elif name == "only-final":
            FormatControl.handle_mutual_excludes(value, final, releases)
    return (sorted(no), sorted(only), sorted(releases), sorted(final))
