#!/bin/sh
# A repository with two commits and a Dockerfile, always the same. usage: repository.sh FOLDER
set -eu
rm -rf "$1"
mkdir -p "$1/src"
cd "$1"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.test GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.test
export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
git init -q -b main .
cat >Dockerfile <<'D'
FROM python:3.12-slim AS builder
WORKDIR /build
COPY requirements.txt .
RUN pip install --prefix=/install -r requirements.txt

FROM python:3.12-slim
WORKDIR /app
COPY --from=builder /install /usr/local
COPY src/ ./src/
CMD ["python", "-m", "src"]
D
echo .git >.dockerignore
echo 'fastapi==0.115.0' >requirements.txt
echo 'print(1)' >src/__main__.py
git add .
git commit -q -m one
echo 'print(2)' >src/__main__.py
git commit -q -a -m two
