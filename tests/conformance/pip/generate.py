"""Sets of requirement files: what people write, what few write, and what pip refuses."""
import codecs

NAMES = ["flask", "Flask", "zope.interface", "a", "my_pkg", "My-Pkg", "typing_extensions", "x--y", "b2", "PyYAML"]
EXTRAS = ["", "", "", "[a]", "[ b , A ]", "[]", "[a_b,a-b]", "[b,a]", "[a.b]"]
VERSIONS = ["1", "1.0", "1.2.3", "2.0rc1", "1.0.post1", "1.0.dev3", "1!2.0", "v1.0", "1.0a-", "1.0-1", "1.0.0a1.dev1", "01.2", "1.0RC1", "1.0rev2",
            "1.0preview", "2024.1"]
LOCAL = ["1.0+local", "1.0+l.1-b", "1.*", "1.2.*"]
MARKER_VARS = ["python_version", "os_name", "os.name", "sys_platform", "platform_system", "platform_machine", "platform.python_implementation",
               "python_implementation", "implementation_name", "python_full_version", "extra", "sys.platform", "platform_release"]
MARKER_TEXTS = ["'3.8'", '"3.8"', "'linux'", '"a b"', "'it\"s'", "'Foo_Bar'", '""', "'a;b'", "'\\x41'", "'#'"]
MARKER_OPS = ["<", "<=", "==", "!=", ">=", ">", "~=", "===", " in ", " not in ", " not  in "]
URLS = ["https://h/x/pkg-1.0.tar.gz", "https://h/w_w-1.0-py3-none-any.whl", "git+https://h/r.git@v1#egg=repo", "git+ssh://git@h/r.git@%s" % ("a" * 40),
        "https://h/a.zip#sha256=ab", "http://u:p@h/p.zip#egg=p&subdirectory=d", "hg+http://h/r#egg=r", "ftp://h/x-2.tar.bz2", "file:///srv/x-1.zip",
        "https://h/w_w-1.0%2Bl-1b-cp311.cp312-abi3-manylinux_2_17_x86_64.whl", "https://h/x?y=1#egg=x.y", "HTTPS://h/X.whl.zip", "svn+svn://h/r#egg=r_r"]
PATHS = ["./lib", "lib/sub", ".", "./lib[a,b]", "./wheels/w_w-1.0-py3-none-any.whl", "dist/pkg-1.0.tar.gz", "./x.ZIP", "name-2.zip", "../w-3.tgz"]
BAD = ["a=1", "a =", "a==", "a>=1 <2", "-x", "--nonsense", "a~=1", "a~=1.*", "a>=1.*", "a>1.0+l", "a[", "a[b", "a[b c]", "a; x", "a; os_name", "a; os_name ==",
       "a; os_name == 'x", "a; (os_name == 'x'", "a; os_name == 'x')", "a; os_name == 'x' and", "a; os_name in", "a; os_name notin 'x'", "a @", "a @ ",
       "@ https://h/x", "==1", "a b", "a,b", "a;;", "a==1;os_name=='x' #y'", "--hash=md5:abc", "a --hash=md5:ab", "a --hash", "a --hash=sha256", "a --hash 'x",
       "--index-url", "--no-index=1", "--no", "--e x", "-e", "-e https://h/x.zip", "-e git+https://h/r", "-e 'git+https://h/r#egg=a b'", "a\\b", "é", "aé==1",
       "s3:x", "git+foo://h/x#egg=x", "https://h/x.whl", "https://h/a-1-py3-none.whl", "https://h/a-x-py3-none-any.whl", "https://h/a__b-1-py3-none-any.whl",
       "https://h/x#egg=a[b]", "https://h/x; os_nam == 'x'", "a @ https://h/x y", "a @ https://h/x#egg=-", "-r", "-c", "--requirement=", "a==1..2",
       "a==1.0.*.*", "a!=1.0a1.*", "[a]", "a()x", "a (>=1", "a >=1)", "a==1,,b", "a,", "--no-binary=-x", "--use-feature=x", "a --config-settings=x", "a -Cx",
       "--pre=1", "a ; python_version < '3' '4'", "a ; '\\' == os_name", "a; '\\x4' == os_name", "'a'", "\"a\"", "a==1 -e", "a-", "-", "a ==1 --no-such", "a$b", "a==$V",
       "file://host/x.zip", "./x.whl", "a ; os_name == 'x' or", "a; os.name_ == 'x'", "a<1>", "a===1 2", "a==1 , ", "git:x", "-e git:x", "-e hg:x#egg=x", "a/../../b>1"]
ODD = ["a==1,", "a (>=1,<2)", "a()", "a ( == 1 )", "a===anything-at-all!", "a===", "a>=1,>=1", "a>=1,<2", "a<2,>=1", "a >= 1 , < 2", "a==1;", "a ; ", "a==1 ;os_name=='x'",
       "a;(os_name=='x')", "a;((os_name=='x'))", "a;((os_name=='x' and os_name=='y'))", "a;(os_name=='x'and os_name=='y')or extra=='A_b'",
       "a; 'x' in os_name", "a; os_name == 'x' and (os_name == 'y' or os_name == 'z')", "a @ https://h/x;os_name=='x'", "a@https://h/a.zip", "a[b]@ https://h/a.zip ; os_name == 'x'",
       "https://h/x.zip; os_name == 'x'", "https://h/x;os_name.zip", "-r b.txt -r c.txt", "-c k.txt -r b.txt", "-r b.txt --no-index", "-e ./lib -r b.txt", "-e ./lib --no-binary a",
       "a --no-binary a", "a --index-url https://h/s", "-f one -f two", "-i x -i y", "--extra-index-url x --extra-index-url y --pre", "--find-link=x", "--extra 'a b'",
       "--trusted-host h --trusted-host=g", "--pypi-url=x", "--no-binary :all: --only-binary a,b", "--only-binary=:none:", "--all-releases a --only-final=:all:",
       "--prefer", "--require-hashes", "--no-require-hashes", "--use-feature=truststore", "--no-index foo bar", "-- -x", "--pre -- --nonsense", "a -- -x", "-i ''", "--index-url=",
       "-f \"a b\"", "-f 'a\"b'", "-f a\\ b", "-f \"a\\b\"", "-f \"a\\\"b\"", "--hash=sha256:ab", "a --hash sha256:ab --hash=sha512:cd", "a -C k=v --config-settings 'x=y z'", "a -Ck=v -C k=w",
       "-e git+https://h/r@v#egg=r", "-e 'r @ git+https://h/r ; os_name == \"x\"'", "-e \"r[x]@git+https://h/r\"", "-e ./lib[a]", "-e ./lib[b,a] --hash=sha256:a", "-e git://h/r#egg=r", "-e svn+svn://h#egg=q", "-e file:./lib#egg=l",
       "-e lib", "./lib --hash=sha256:ab", "a==1 # comment", "a==1# no comment", "a==1\t# comment", "a#b", "https://h/x.zip#egg=x # c", "# only", "   # only", "a\t==\t1", "${A}", "--index-url https://${USER_1}:${P}@h",
       "a == 1\u00a0", "\u00a0a", "a\u00a0# c", "a\u2003==1", "a==\u00a01", "-rb.txt", "-f=x", "a -fx", "b.zip @ https://h/b.zip", "a @ file:///x.zip", "a @ ./x.zip", "a @ git+https://h/r@%s" % ("0" * 40)]
INCLUDES = ["b.txt", "sub/c.txt", "k.txt", "../b.txt", "requirements.txt", "../../out.txt", "gone.txt", "https://h/r.txt", "/abs/r.txt", "./sub/../b.txt", "sub/d.txt", "c.txt", "file:r.txt",
            "../requirements.txt"]
FILES = ["b.txt", "sub/c.txt", "k.txt", "sub/d.txt"]
# what the paths above name, so that pip finds them
FOLDERS = ["lib", "lib/sub", "sub", "sub/lib"]


class Generator:
    def __init__(self, random):
        self.r = random

    def blank(self):
        return self.r.choice(["", "", "", " ", "  ", "\t"])

    def version(self):
        op = self.r.choice(["==", "==", "==", ">=", "<", "~=", "!=", "<=", ">", "==="])
        some = VERSIONS + LOCAL if self.r.random() < 0.3 else VERSIONS[:3]
        return op + self.blank() + self.r.choice(some)

    def comparison(self):
        sides = [self.r.choice(MARKER_VARS), self.r.choice(MARKER_TEXTS)]
        if self.r.random() < 0.2:
            sides.reverse()
        return sides[0] + self.blank() + self.r.choice(MARKER_OPS) + self.blank() + sides[1]

    def marker(self, depth=0):
        x = self.r.random()
        if depth > 3 or x < 0.6:
            return self.comparison()
        if x < 0.75:
            return "(" + self.blank() + self.marker(depth + 1) + self.blank() + ")"
        return self.marker(depth + 1) + self.r.choice([" and ", " or "]) + self.marker(depth + 1)

    def tail(self):
        x = self.r.random()
        if x < 0.2:
            return self.blank() + ";" + self.blank() + self.marker()
        if x < 0.3:
            return " --hash=%s:%x" % (self.r.choice(["sha256", "sha384", "sha512"]), self.r.randrange(1 << 16))
        return ""

    def requirement(self):
        x = self.r.random()
        if x < 0.7:
            versions = [self.version() for _ in range(self.r.choice([0, 1, 1, 1, 1, 2, 2, 3]))]
            joined = (self.blank() + "," + self.blank()).join(versions)
            if versions and self.r.random() < 0.1:
                joined = "(" + joined + ")"
            return self.r.choice(NAMES) + self.blank() + self.r.choice(EXTRAS) + self.blank() + joined + self.tail()
        if x < 0.85:
            url = self.r.choice(URLS)
            if self.r.random() < 0.4:
                url = self.r.choice(NAMES) + self.r.choice(EXTRAS) + " @ " + url
            return url + (" ; " + self.marker() if self.r.random() < 0.3 else "")
        if x < 0.95:
            return self.r.choice(PATHS) + ("; " + self.marker() if self.r.random() < 0.2 else "")
        return "-e " + self.r.choice(PATHS[:4])

    def mutate(self, line):
        at = self.r.randrange(len(line) + 1)
        x = self.r.random()
        if x < 0.4:
            return line[:at] + line[at + 1:]
        return line[:at] + self.r.choice("=<>~![](),;@ \t#-'\"\\.*+:/aé1") + line[at + (x < 0.7):]

    def line(self):
        x = self.r.random()
        if x < 0.45:
            line = self.requirement()
        elif x < 0.6:
            line = self.r.choice(ODD)
        elif x < 0.67:
            line = self.r.choice(BAD)
        elif x < 0.77:
            line = self.r.choice(["-r ", "-r", "--requirement=", "-c ", "--constraint "]) + self.r.choice(INCLUDES)
        elif x < 0.83:
            line = self.r.choice(["", "# comment", "  # via a", "#", "\\"])
        elif x < 0.9:
            line = self.mutate(self.requirement())
        else:
            line = self.requirement() + " \\\n" + self.r.choice(["", "    ", "# c\n", "   # c\\\n"]) + self.r.choice(["--hash=sha256:ab", "", ",<3", "\\", "; os_name == 'x'"])
        if self.r.random() < 0.05:
            line = self.r.choice([" ", "\t", "  "]) + line
        return line + self.r.choice(["", "", "", "", "", " ", " # c", "  #c"])

    def text(self, n):
        end = self.r.choice(["\n"] * 8 + ["\r\n", "\r", "\x0b", "\x0c", "\x1d", "\u2028", "\x85"])
        text = end.join(self.line() for _ in range(n))
        return text + (end if self.r.random() < 0.8 else "")

    def encode(self, text):
        x = self.r.random()
        if x < 0.9:
            return text.encode()
        if x < 0.95:
            mark, name = self.r.choice([(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
                                        (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")])
            data = mark + text.encode(name)
            return data[:-1] if self.r.random() < 0.1 else data
        name = self.r.choice(["utf-8", "latin-1", "ISO-8859-1", "ascii", "latin1", "UTF8"])
        head = "# -*- coding%s%s -*-\n" % (self.r.choice([":", ": ", "="]), name)
        return (head + text).encode("latin-1" if "8859" in name or "lat" in name else "utf-8", "replace" if "8859" in name or "lat" in name else "strict")

    def set(self):
        files = {"requirements.txt": self.text(self.r.choice([1, 3, 8, 20]))}
        for name in FILES:
            if self.r.random() < 0.7:
                files[name] = self.text(self.r.choice([0, 1, 2, 5]))
        return {name: self.encode(text) for name, text in files.items()}
