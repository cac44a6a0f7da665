#!/bin/sh
# The entry point of an image that is a plugin of Woodpecker or Drone: settings come as PLUGIN_*, and are flags.
#
#   steps:
#     - name: predict
#       image: registry.example.test/cachepredict        # FROM debian:12, make install, ENTRYPOINT this file
#       settings: {arguments: "--target runtime", token: {from_secret: cachepredict_token}}
#     - name: build
#       commands:
#         - . ./.cachepredict.env
#         - '[ "$skip" = true ] || docker buildx build .'
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -z "${PLUGIN_TOKEN:-}" ] || export CACHEPREDICT_TOKEN="$PLUGIN_TOKEN"
rm -f .cachepredict.raw
# shellcheck disable=SC2086
HOOK_OUTPUTS=.cachepredict.raw HOOK_REPORTS=${PLUGIN_REPORTS:-} HOOK_COMMENT=${PLUGIN_COMMENT:-true} sh "$here/../sh/predict.sh" ${PLUGIN_ARGUMENTS:-}
code=$?
# values are quoted, because the next step reads the file as shell
if [ -f .cachepredict.raw ]; then
	sed "s/'/'\\\\''/g; s/^\\([a-z_]*\\)=\\(.*\\)\$/\\1='\\2'/" .cachepredict.raw >.cachepredict.env
	rm -f .cachepredict.raw
fi
exit "$code"
