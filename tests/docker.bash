# A Docker daemon for `sam local`, on a socket of its own. No image is fetched. tests/tools.bash comes first.
# shellcheck shell=bash

readonly BASE_IMAGE=public.ecr.aws/lambda/provided:al2023-x86_64
# The address of this machine for the containers, and the network of both. It is one that few use.
readonly BRIDGE_ADDRESS=172.29.253.1
readonly SOCKET_WAIT_POLLS=300

# Says why no Docker daemon of this script's own can start here. Nothing where one may.
why_no_docker() {
    if [[ $EUID != 0 ]]; then
        echo "only root can start a Docker daemon"
    elif [[ $(uname -m) != x86_64 ]]; then
        echo "its image is for x86-64"
    elif ! command -v apt-get >/dev/null; then
        echo "this is no Debian"
    elif pgrep -x dockerd >/dev/null; then
        echo "a Docker daemon that is not its own runs here, and two of them do not share a bridge"
    fi
}

install_docker() {
    local status=0 policy=/usr/sbin/policy-rc.d
    apt-get update
    # The daemon of the package itself is not to start: it is not ours to stop.
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$work_dir/policy-rc.d"
        chmod +x "$work_dir/policy-rc.d"
        ln -s "$work_dir/policy-rc.d" "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends docker.io iptables busybox-static || status=$?
    if [[ $(readlink "$policy" || true) == "$work_dir/policy-rc.d" ]]; then
        rm "$policy"
    fi
    return "$status"
}

need_docker() {
    if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null || ! command -v busybox >/dev/null; then
        step "install Docker" install_docker
    fi
}

# Starts a Docker daemon of this script's own. Fails where none starts: `no_docker` says why.
start_docker() {
    export DOCKER_HOST=unix://$work_dir/docker.sock
    mkdir "$work_dir/docker"
    dockerd --data-root "$work_dir/docker/data" --exec-root "$work_dir/docker/exec" --host "$DOCKER_HOST" \
        --pidfile "$work_dir/docker/pid" --bip "$BRIDGE_ADDRESS/24" >"$work_dir/docker.log" 2>&1 &
    running+=($!)
    local poll
    for ((poll = 0; poll < SOCKET_WAIT_POLLS; poll++)); do
        if docker info >/dev/null 2>&1; then
            return
        fi
        kill -0 "$!" 2>/dev/null || break
        sleep 0.1
    done
    no_docker="no Docker daemon starts here: $(tail -n 1 "$work_dir/docker.log")"
    stop "$!"
    unset DOCKER_HOST
    return 1
}

# A stand-in for AWS's image: a shell for the steps that the SAM CLI adds to it, and what the functions' programs need, from this machine.
make_base_image() {
    local image=$work_dir/image file
    mkdir -p "$image"/{bin,etc/ssl/certs,lib64,lib/x86_64-linux-gnu,tmp,var/task,var/rapid,opt}
    cp "$(command -v busybox)" "$image/bin/busybox"
    for file in sh mv chmod cp rm mkdir; do
        ln -s busybox "$image/bin/$file"
    done
    for file in libc.so.6 libm.so.6 libgcc_s.so.1 libdl.so.2 libpthread.so.0 librt.so.1; do
        cp -L "/lib/x86_64-linux-gnu/$file" "$image/lib/x86_64-linux-gnu/"
    done
    cp -L /lib64/ld-linux-x86-64.so.2 "$image/lib64/"
    if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
    fi
    printf 'FROM scratch\nCOPY . /\nENV PATH=/bin LD_LIBRARY_PATH=/lib/x86_64-linux-gnu LAMBDA_TASK_ROOT=/var/task\nWORKDIR /var/task\n' \
        >"$work_dir/Dockerfile"
    DOCKER_BUILDKIT=0 docker build --tag "$BASE_IMAGE" --file "$work_dir/Dockerfile" "$image"
}
