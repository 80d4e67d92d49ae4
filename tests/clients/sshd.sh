# shellcheck shell=bash
# A server of OpenSSH for one test; to be sourced after lib.sh. start_sshd sets $port; user_keys is its authorized_keys.
user_keys=${user_keys:-$work/authorized_keys}

start_sshd() {
    port=$(free_port)
    ssh-keygen -q -t ed25519 -N "" -f "$work/host_key"
    : >"$user_keys"
    cat >"$work/sshd_config" <<TEXT
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_key
PidFile $work/sshd.pid
AuthorizedKeysFile $user_keys
AuthenticationMethods publickey
PermitRootLogin yes
StrictModes no
UsePAM no
LogLevel VERBOSE
TEXT
    if [[ $(id -u) -eq 0 ]]; then
        mkdir -p /run/sshd # where the server drops its rights; the package's service makes it at boot
    fi
    "$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$work/sshd_config" -E "$work/sshd.log" &
    servers+=($!)
    wait_for_port "$port"
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$work/host_key.pub")" >"$work/known_hosts"
    cat >"$work/ssh_config" <<TEXT
Host server
    HostName 127.0.0.1
    Port $port
    User $(id -un)
    UserKnownHostsFile $work/known_hosts
    StrictHostKeyChecking yes
    IdentityFile none
    PreferredAuthentications publickey
TEXT
    # The PIN comes from a program, since there is no terminal.
    # shellcheck disable=SC2016
    printf '#!/bin/sh\necho "$1" >>"%s/prompts"\necho "${ASKPASS_PIN:-%s}"\n' "$work" "$PIN" >"$work/askpass"
    chmod 0700 "$work/askpass"
    export SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force
}
