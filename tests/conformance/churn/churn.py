"""How requirement files of public repositories move, and how much of their later changes a split would have kept out of the cold part.

usage: churn.py DRIVER MIRROR      MIRROR/owner+name/repo is a git directory; files.txt says which
exit 1: our partition is not better than the ranking by number of changes on at least 8 of 10 files

A change is a first-parent commit that changes a package. Both partitions are chosen on the first 70 % of the changes and have as many
packages in the hot file, 20 % or 40 % of those in the file then. Kept: changes of the last 30 % that leave the cold file untouched, a
new package going to the hot one. By number: the packages that changed most often are hot, names decide between equals.
"""
import collections
import json
import math
import os
import struct
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))


def packed(data):
    return struct.pack("<I", len(data)) + data


def versions(repo, path):
    """The texts of a file along the first parents, the oldest first."""
    git = ["git", "-C", repo]
    log = subprocess.run([*git, "log", "--first-parent", "--reverse", "--format=%H", "--", path], stdout=subprocess.PIPE, check=True)
    commits = log.stdout.decode().split()
    names = "".join("%s:%s\n" % (c, path) for c in commits)
    out = subprocess.run([*git, "cat-file", "--batch"], input=names.encode(), stdout=subprocess.PIPE, check=True).stdout
    at, texts = 0, []
    while at < len(out):
        end = out.index(b"\n", at)
        head = out[at:end].split()
        at = end + 1
        if len(head) == 3 and head[1] == b"blob":
            texts.append(out[at:at + int(head[2])])
            at += int(head[2]) + 1
    return texts


def wanted_files():
    with open(os.path.join(here, "files.txt")) as f:
        return [line.split() for line in f if not line.startswith("#")]


def at_cut(churn, events, n):
    """Packages in the file behind the first n changes, and all seen until then."""
    present = {i for i, born in enumerate(churn["born"]) if born == 0}
    seen = set(present)
    for event in events[:n]:
        for package, there in event:
            seen.add(package)
            (present.add if there else present.discard)(package)
    return present, seen


def kept(events, hot, seen):
    return sum(all(i in hot or i not in seen for i, _ in e) for e in events) / len(events)


class Row:
    def __init__(self, name, churn):
        self.name, self.churn = name, churn
        self.events = [e for e in churn["events"] if e]
        self.sizes = [len(e) for e in self.events]
        self.counts = collections.Counter(i for e in self.events for i, _ in e)
        # the C side cuts all events, those of comments only with them
        self.n_train = sum(bool(e) for e in churn["events"][:len(churn["events"]) * 7 // 10])
        self.rest = self.events[self.n_train:]
        self.present, self.seen = at_cut(churn, self.events, self.n_train)

    def top(self, share):
        n = math.ceil(len(self.churn["names"]) * share)
        return sum(v for _, v in self.counts.most_common(n)) / sum(self.sizes)

    def pair(self, percent):
        """Kept by the number of changes, and by ours."""
        names = self.churn["names"]
        counts = collections.Counter(i for e in self.events[:self.n_train] for i, _ in e)
        order = sorted(self.present, key=lambda i: (-counts[i], names[i]))
        ours = {i for i in self.present if self.churn[percent]["layer_of"][i] == 1}
        return kept(self.rest, set(order[:len(ours)]), self.seen), kept(self.rest, ours, self.seen)

    def print(self):
        n, pairs = len(self.events), [self.pair("20"), self.pair("40")]
        chosen = self.churn["chosen"]
        verdict = "%d layers save %3.0f %%, surely %3.0f %%" % (chosen["layers"], 100 - 100 * chosen["cost"], 100 - 100 * chosen["bound"])
        print("%-62s %5d %4d %5d %4.1f %3.0f %3.0f %3.0f %3.0f   %s   %s" % (
            self.name, n, len(self.churn["names"]), sum(self.sizes), sum(self.sizes) / n, 100 * self.sizes.count(1) / n,
            100 * sum(s >= 10 for s in self.sizes) / n, 100 * self.top(0.1), 100 * self.top(0.2),
            "   ".join("%3.0f %3.0f" % (100 * a, 100 * b) for a, b in pairs), verdict))
        return pairs


def main():
    driver, mirror = os.path.abspath(sys.argv[1]), sys.argv[2]
    print("%-62s %5s %4s %5s %4s %3s %3s %3s %3s   %s   %s   %s" % (
        "file", "n", "seen", "all", "mean", "1", "10+", "t10", "t20", "hot 20%", "hot 40%", "the split that is found"))
    better = equal = files = 0
    for name, path in wanted_files():
        repo = os.path.join(mirror, name.replace("/", "+"), "repo")
        if not os.path.isdir(repo):
            print("%s %s: not there" % (name, path))
            continue
        given = packed(b"".join(map(packed, versions(repo, path))))
        out = subprocess.run([driver], input=given, stdout=subprocess.PIPE, check=True).stdout
        pairs = Row("%s %s" % (name, path), json.loads(out)).print()
        files += 1
        better += sum(b for _, b in pairs) > sum(a for a, _ in pairs)
        equal += sum(b for _, b in pairs) == sum(a for a, _ in pairs)
    print("%d files: kept more of both shares together on %d, as much on %d" % (files, better, equal))
    return files == 0 or better < 0.8 * files


if __name__ == "__main__":
    sys.exit(main())
