#!/bin/sh
# The helper binary against a plugin that echoes its request: what a command line and the environment become, errors as people read
# them, exit codes, rpc. Speaks TAP.
# usage: cli.sh CACHEPREDICT ECHO_PLUGIN
set -u
bin=$(realpath "$1")
echo_plugin=$(realpath "$2")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset $(env | sed -n 's/^\(CACHEPREDICT_[A-Z_]*\)=.*/\1/p') NO_COLOR
export CACHEPREDICT_PLUGIN="$echo_plugin"
mkdir -p "$tmp/repo/.git" "$tmp/repo/sub/dir" "$tmp/repo/main..HEAD-folder"
cd "$tmp/repo" || exit 1
n=0
bad=0

same() { # name, found, expected
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "expected: $3" "found:    $2" | sed 's/^/#   /'
		bad=1
	fi
}

style='"style":{"color":false,"width":0}}'
# request EXPECTED ARGUMENTS...: the request without its style
request() {
	expected=$1
	shift
	found=$("$bin" "$@" 2>&1 | sed -n 's/^ "request":\(.*\)}$/\1/p')
	same "cachepredict $*" "$found" "$expected,$style"
}
# fails CODE 'TEXT' ARGUMENTS...: exit code and the whole of stderr; nothing on stdout
fails() {
	code=$1 expected=$2
	shift 2
	"$bin" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	found="$? $(cat "$tmp/err")$(cat "$tmp/out")"
	same "cachepredict $*" "$found" "$code $expected"
}

r='{"repository":"."'
t='"format":"table"'
request "$r,$t"
request "$r,$t" predict
request "$r,\"base\":\"main\",\"head\":\"HEAD\",$t" main..HEAD
request "$r,\"base\":\"main\",\"head\":\"HEAD\",$t" predict main..
request "$r,\"base\":\"HEAD\",\"head\":\"topic\",$t" ..topic
request "$r,\"base\":\"origin/main...HEAD\",\"head\":\"HEAD\",$t" origin/main...HEAD
request "$r,\"base\":\"v1.0\",\"head\":\"v1.1\",$t,\"image\":{\"context\":\"sub\"}" v1.0..v1.1 sub
request "$r,$t,\"image\":{\"context\":\"..\"}" ..
request "$r,$t,\"image\":{\"context\":\"../repo\"}" ../repo
request "$r,$t,\"image\":{\"context\":\"sub/../sub\"}" sub/../sub
request "$r,$t,\"image\":{\"context\":\"main..HEAD-folder\"}" main..HEAD-folder
request "$r,\"head\":\":index\",$t" --index
request "$r,\"head\":\":worktree\",$t" --work-tree
request "$r,\"base\":\"a\",\"head\":\"b\",$t" --base a --head=b
request "$r,\"format\":\"list\"" paths
request "$r,\"check\":\"wf.yml\",\"format\":\"list\"" paths --check wf.yml
request "$r,\"preimage\":true,\"format\":\"json\"" keys --preimage
request "$r,\"format\":\"dot\"" graph --format dot
request "$r,\"base\":\"a\",\"head\":\"b\",$t,\"explain\":\"builder 3/4\"" explain 'builder 3/4' a..b
request "$r,$t,\"explain\":\"src/a..b.py\"" explain src/a..b.py
request "$r,\"bake\":\"bake.json\",\"only\":[\"api\",\"web\"],$t" --bake bake.json --only api,web
request "$r,\"compose\":[\"a.yml\",\"b.yml\"],$t" --compose a.yml --compose b.yml
request "$r,\"config\":null,$t" --config none
request "$r,\"config\":\"x.json\",$t" --config x.json
request "$r,\"context_from\":\"export\",\"image_metadata\":\"m.json\",$t" --context-from export --image-metadata m.json
request "$r,$t,\"image\":{\"target\":\"a\"}" --target a
request "$r,$t,\"targets\":[\"a\",\"b\"],\"image\":{}" --target a --target b
request "$r,$t,\"image\":{\"context\":\".\",\"dockerfile\":\"d/Dockerfile\",\"build_args\":{\"B\":null,\"A\":\"2=x\",\"C\":\"\"},\"build_contexts\":{\"lib\":\"../lib\"},\"platforms\":[\"linux/amd64\",\"linux/arm64\"],\"no_cache\":true,\"no_cache_filter\":[\"a\",\"b\"],\"pull\":false,\"cache_from\":[\"type=registry,ref=r\"],\"cache_to\":[\"type=inline\"],\"add_hosts\":[\"h:1.2.3.4\"],\"network\":\"host\",\"ulimits\":[\"nofile=1:2\"],\"shm_size\":\"64m\",\"cgroup_parent\":\"p\",\"secrets\":[\"id=a,src=b\"],\"ssh\":[\"default\"],\"labels\":{\"k\":\"v\"},\"tags\":[\"x:1\",\"y:2\"]}" \
	-fd/Dockerfile --build-arg A=1 --build-arg B --build-arg A=2=x --build-arg C= --build-context lib=../lib --platform linux/amd64,linux/arm64 \
	--no-cache --no-cache-filter a,b --pull=false --cache-from type=registry,ref=r --cache-to type=inline --add-host h:1.2.3.4 --network host \
	--ulimit nofile=1:2 --shm-size 64m --cgroup-parent p --secret id=a,src=b --ssh default --label k=v -t x:1 --tag=y:2 .
request "$r,$t,\"image\":{\"dockerfile\":\"a\\u0001\\\"\\\\b�\"}" "-f=$(printf 'a\001"\\b\377')"
request "$r,\"base\":\"A\",\"head\":\"B\",$t,\"image\":{\"context\":\"ctx\",\"dockerfile\":\"d/D\",\"target\":\"y\",\"tags\":[\"a:b\"]}" \
	A..B -- DOCKER_BUILDKIT=1 sudo -E docker --context x buildx --builder b build --push -qt a:b --target=x --target y --progress plain -o type=docker -f d/D --check ctx
request "$r,$t,\"image\":{\"context\":\".\",\"no_cache\":true}" --no-cache -- docker build .
request '{"repository":"'"$tmp/repo/sub"'",'"$t"',"image":{"context":".","dockerfile":"'"$tmp"'/repo/x.Dockerfile"}' -C / -f "$tmp/repo/x.Dockerfile" "$tmp/repo/sub"
request "$r,$t,\"image\":{\"context\":\".\"}" -C sub/dir .

CACHEPREDICT_BASE=env CACHEPREDICT_NO_CACHE=1 CACHEPREDICT_BUILD_ARG="A=1
B=2" CACHEPREDICT_PLATFORM=linux/arm64 request \
	"$r,\"base\":\"env\",$t,\"image\":{\"build_args\":{\"A\":\"1\",\"B\":\"2\"},\"platforms\":[\"linux/arm64\"],\"no_cache\":true}"
CACHEPREDICT_BASE=env CACHEPREDICT_NO_CACHE=1 CACHEPREDICT_BUILD_ARG=A=1 request \
	"$r,\"base\":\"flag\",$t,\"image\":{\"build_args\":{\"Z\":\"1\"},\"no_cache\":false}" --base flag --no-cache=false --build-arg Z=1
CACHEPREDICT_CHECK=x.yml request "$r,$t"
export CACHEPREDICT_BASE='' && request "$r,$t" && unset CACHEPREDICT_BASE

same 'colour is asked for' "$("$bin" --color always --width 100 --ascii --pretty | sed -n 's/.*"style":\({.*}\)}}/\1/p')" \
	'{"color":true,"width":100,"ascii":true,"pretty":true}'
same 'colour is refused' "$("$bin" --color never | sed -n 's/.*"color":\([a-z]*\).*/\1/p')" false
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then # a terminal of its own, where the machine has some
	terminal() { script -qec "stty cols 90; $1" /dev/null </dev/null 2>/dev/null | tr -d '\r' | sed -n 's/.*"style":\({.*}\)}}/\1/p'; }
	same 'a terminal has colour and a width' "$(TERM=xterm terminal "$bin")" '{"color":true,"width":90,"pretty":true}'
	same 'NO_COLOR' "$(NO_COLOR=1 TERM=xterm terminal "$bin")" '{"color":false,"width":90,"pretty":true}'
	same 'an empty NO_COLOR says nothing' "$(NO_COLOR='' TERM=xterm terminal "$bin --width 70")" '{"color":true,"width":70,"pretty":true}'
	same 'a dumb terminal' "$(TERM=dumb terminal "$bin")" '{"color":false,"width":90,"pretty":true}'
else
	echo '# no pseudo-terminals here'
fi

c='cachepredict: '
fails 2 "${c}unknown flag --bsae
hint: did you mean --base?" --bsae x
fails 2 "${c}unknown flag --zzzzzzzz" --zzzzzzzz
fails 2 "${c}unknown flag -x
hint: cachepredict --help lists the flags" -x
fails 2 "${c}unknown flag --push
hint: it changes no step; give the whole command instead: cachepredict -- docker buildx build ..." --push
fails 2 "${c}--base needs a value: REV" --base
fails 2 "${c}--no-cache is true or false, not \"x\"" --no-cache=x
fails 2 "${c}--width is a number from 0 to 10000, not \"1e3\"" --width 1e3
fails 2 "${c}--fail-on cannot be \"mis\"
hint: one of miss|depends|unknown" --fail-on depends,mis
fails 2 "${c}--color cannot be \"maybe\"
hint: one of auto|always|never" --color maybe
CACHEPREDICT_COLOR=maybe fails 2 "${c}CACHEPREDICT_COLOR cannot be \"maybe\"
hint: one of auto|always|never"
fails 2 "${c}unknown command predcit
hint: did you mean predict? (a folder of that name is ./predcit)" predcit
fails 2 "${c}sub: there is a context already, ." . sub
fails 2 "${c}only one of A..B, --head, --index and --work-tree" a..b --index
fails 2 "${c}only one of A..B and --base" a..b --base c
fails 2 "${c}--no-cache cannot change the images of --bake
hint: set it in the bake or compose file" --bake b.json --no-cache
fails 2 "${c}a context (.) cannot change the images of --compose" --compose c.yml .
fails 2 "${c}predict does not take --check" --check x
fails 2 "${c}paths does not take --fail-on" paths --fail-on miss
request "$r,\"format\":\"sarif\",\"fail_on\":[\"pip-cache\",\"error\"],\"image\":{\"context\":\"sub\"}" advise --format sarif --fail-on pip-cache,error sub
fails 2 "${c}explain needs a step or a path
hint: cachepredict explain 3, cachepredict explain src/app.py" explain
fails 2 "${c}a context on standard input cannot be predicted: name a folder of the repository" -
fails 2 "${c}a Dockerfile on standard input cannot be predicted: name a file of the repository" -f -
fails 2 "${c}after -- comes a docker buildx build command
hint: cachepredict A..B -- docker buildx build -f Dockerfile ." -- docker run x
fails 2 "${c}a bake command is not read from the command line
hint: docker buildx bake --print > bake.json && cachepredict --bake bake.json" -- docker buildx bake
fails 2 "${c}b: docker buildx build takes one context, and there is a" -- docker build a b
fails 2 "${c}completion is for bash, zsh or fish" completion tcsh
fails 2 "${c}there is no command nothing
hint: cachepredict help lists the commands" help nothing
fails 3 "${c}cannot go to nowhere: No such file or directory" -C nowhere
fails 3 "${c}base commit 4f1c2e9 is not in this clone (depth 1)
hint: git fetch --depth=50 origin main" --base '!missing'
fails 4 "Dockerfile:12:9: unknown flag --chwon (did you mean --chown?)
   12 | COPY ä --chwon=app src/ ?[2J
      |        ^~~~~~~" --base '!parse'
fails 6 "${c}no way" --base '!network'
fails 7 "${c}our own mistake" --base '!bug'
fails 7 "${c}./none.so: cannot open shared object file: No such file or directory" --plugin ./none.so

"$bin" --fail-on miss >/dev/null 2>"$tmp/err"
same 'a gate: exit code and why' "$? $(cat "$tmp/err")" "1 ${c}a gate fired (--fail-on): of 5 steps 1 miss, 1 depends, 1 unknown"
"$bin" --strict >/dev/null 2>"$tmp/err"
same 'strict: exit code and why' "$? $(cat "$tmp/err")" "5 ${c}undecided (--strict): of 5 steps 1 unknown"
same 'log of the plugin, made plain' "$(ECHO_LOG=1 "$bin" 2>&1 >/dev/null)" 'echo: warning: a warning?with ?[31mcontrol characters'
"$bin" >/dev/full 2>"$tmp/err"
same 'a full disk' "$? $(cat "$tmp/err")" "7 ${c}cannot write the answer: No space left on device"

# where the plugin is looked for
mkdir -p "$tmp/i/bin" "$tmp/i/lib/cachepredict"
cp "$bin" "$tmp/i/bin/"
unset CACHEPREDICT_PLUGIN
"$tmp/i/bin/cachepredict" >/dev/null 2>"$tmp/err"
same 'no plugin anywhere' "$? $(head -n 1 "$tmp/err")" "7 ${c}there is no cachepredict.so beside this program or in ../lib/cachepredict"
cp "$echo_plugin" "$tmp/i/lib/cachepredict/cachepredict.so"
same 'a plugin in ../lib' "$("$tmp/i/bin/cachepredict" version | sed -n 's/.* //; 2p')" "$tmp/i/bin/../lib/cachepredict/cachepredict.so"
cp "$echo_plugin" "$tmp/i/bin/cachepredict.so"
same 'a plugin beside it comes first' "$("$tmp/i/bin/cachepredict" version | sed -n 's/.* //; 2p')" "$tmp/i/bin/cachepredict.so"
ln -s "$tmp/i/bin/cachepredict" "$tmp/link"
same 'a link to the helper' "$("$tmp/link" version | sed -n 's/.* //; 2p')" "$tmp/i/bin/cachepredict.so"
cp "$echo_plugin" here.so
same 'a plugin without a slash is here' "$("$bin" --plugin here.so version 2>&1 | sed -n 's/.* //; 2p')" "./here.so"
export CACHEPREDICT_PLUGIN="$echo_plugin"

# rpc
rpc() { printf '%b' "$1" | "$bin" rpc; }
same 'rpc: a request' "$(rpc '{"id":1,"method":"predict","params":{"base":"x"}}\n')" \
	'{"id":1,"status":0,"verdict":"undecided","result":{"method":"predict",  "request":{"base":"x"}}}'
same 'rpc: without params, without a last newline, any member order' "$(rpc '{"x":[{}],"method":"\\u0070redict","id":"\\u00e4"}')" \
	'{"id":"\u00e4","status":0,"verdict":"undecided","result":{"method":"predict",  "request":{}}}'
same 'rpc: text that is no JSON is a string of UTF-8' "$(rpc '{"id":null,"method":"graph","params":{"format":"mermaid"}}\n')" \
	'{"id":null,"status":0,"verdict":"undecided","result":"flowchart\n�"}'
same 'rpc: version' "$(rpc '{"id":0.5,"method":"version"}\n' | sed 's/,"helper.*//')" '{"id":0.5,"status":0,"result":{"name":"echo","version":"9.9","abi":"1.0"'
same 'rpc: an error of the plugin' "$(rpc '{"id":1,"method":"predict","params":{"base":"!parse"}}\n')" \
	'{"id":1,"error":{"code":-1,"name":"invalid","message":"unknown flag --chwon (did you mean --chown?)","file":"Dockerfile","line":12,"column":9,"width":7,"source":"COPY\tä --chwon=app src/ \u001b[2J","status":4}}'
same 'rpc: blank lines are nothing' "$(rpc '\n  \n\t\r\n')" ''
invalid='{"id":null,"error":{"code":-1,"name":"invalid","message":"the line is not valid JSON in UTF-8","status":4}}'
for line in '{' '{"id":1' '{"id":1}}' '{"id":1,}' '{"id":01,"method":"x"}' '{"id":"\0377","method":"x"}' '{"id":"\\ud800"}' '[1,]' 'nul' '"\\x"' '{"a":1 "b":2}' "{'id':1}" '1.' '-' '1e' '"a\0001"'; do
	same "rpc: $line" "$(rpc "$line\n")" "$invalid"
done
same 'rpc: too deep' "$(rpc "$(printf '%0200d' 0 | tr 0 '[')$(printf '%0200d' 0 | tr 0 ']')\n")" "$invalid"
same 'rpc: no object' "$(rpc '[]\n' | sed 's/.*"name":"\([a-z]*\)".*/\1/')" usage
same 'rpc: no method' "$(rpc '{"id":7,"method":1}\n' | sed 's/"message.*//')" '{"id":7,"error":{"code":-10,"name":"usage",'
same 'rpc: an id that is an object is not repeated' "$(rpc '{"id":{},"method":"predict","params":[]}\n' | sed 's/"message.*//')" '{"id":null,"error":{"code":-10,"name":"usage",'
same 'rpc: a long line is refused, the next one answered' "$({ head -c 17000000 /dev/zero | tr '\0' x; echo; echo '{"id":2,"method":"version"}'; } | "$bin" rpc | sed 's/"message.*//; s/"result.*//' | tr '\n' ' ')" \
	'{"id":null,"error":{"code":-5,"name":"limit", {"id":2,"status":0, '
same 'rpc: answers come one by one' "$(mkfifo "$tmp/in" "$tmp/from"; "$bin" rpc <"$tmp/in" >"$tmp/from" & exec 3>"$tmp/in" 4<"$tmp/from"; echo '{"id":1,"method":"version"}' >&3; read -r a <&4; echo '{"id":2,"method":"version"}' >&3; read -r b <&4; exec 3>&-; wait; echo "$a $b" | grep -o '"id":[0-9]' | tr '\n' ' ')" \
	'"id":1 "id":2 '

# help, man page and completions speak of every flag
"$bin" help >"$tmp/help" && "$bin" help man >"$tmp/man.1" && "$bin" completion bash >"$tmp/bash" && "$bin" completion zsh >"$tmp/zsh" && "$bin" completion fish >"$tmp/fish"
missing=''
for f in $(sed -n 's/^  \(-., \)\{0,1\}--\([a-z-]*\).*/\2/p' "$tmp/help"); do
	for where in man.1 bash zsh fish; do
		sed 's/\\f.//g; s/\\//g' "$tmp/$where" | grep -qE -e "(--|-l )$f\b" || missing="$missing $where:$f"
	done
done
same 'every flag is in the manual and in all completions' "$missing" ''
same 'help leaves out the flags of one command only' "$(($(grep -c '^complete -c cachepredict -l' "$tmp/fish") - $(grep -cE '^  (-., )?--[a-z]' "$tmp/help")))" 30
same 'help is 80 columns wide' "$(awk 'length > 80' "$tmp/help")" ''
for command in predict explain paths keys graph rpc version help completion; do
	same "help $command" "$("$bin" help $command | head -n 2 | tail -n 1 | awk '{ print $2 }')" $command
	[ $command = help ] || same "$command --help" "$("$bin" $command --help | head -n 1)" "$([ $command = predict ] && head -n 1 "$tmp/help" || "$bin" help $command | head -n 1)"
done
same 'bash takes its completion' "$(bash -c ". '$tmp/bash'; COMP_WORDS=(cachepredict --fail-on m); COMP_CWORD=2; _cachepredict; echo \"\${COMPREPLY[*]}\"; COMP_WORDS=(cachepredict --cache-); COMP_CWORD=1; _cachepredict; echo \"\${COMPREPLY[*]}\"" 2>&1 | tr '\n' ';')" 'miss;--cache-from --cache-to;'
for shell in zsh fish; do
	command -v $shell >/dev/null && same "$shell takes its completion" "$($shell -n "$tmp/$shell" 2>&1)" ''
done
command -v mandoc >/dev/null && same 'mandoc has no complaint' "$(mandoc -T lint -W warning "$tmp/man.1" 2>&1 | grep -v 'missing date')" ''
echo "1..$n"
exit $bad
