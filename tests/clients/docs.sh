#!/usr/bin/env bash
# docs.sh BUILD-DIRECTORY: runs the commands of README.md and docs/*.md as a reader would, in an environment that holds what
# they take for granted: an installation, a server to log in to, an agent, a profile of Firefox. See docs_commands.py.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
user_keys="$work/checkout/card.pub"
# shellcheck source=tests/clients/sshd.sh
. "$(dirname "$0")/sshd.sh"
build=$1
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")

step "an installation, in which the documents' /usr/local is found"
export DESTDIR="$work/root"
cmake --install "$build" >/dev/null
installed="$DESTDIR/usr/local"
[[ -f "$installed/lib/pkcs11/libjeton-pkcs11.so" ]] || fail "the module was not installed where the documents say"

step "the server and the agent"
mkdir "$work/checkout"
start_sshd
unset SSH_ASKPASS SSH_ASKPASS_REQUIRE JETON_STATE_DIR JETON_LOG
ssh-agent -D -a "$work/agent" -P "$installed/lib/*" >/dev/null &
servers+=($!)
export SSH_AUTH_SOCK="$work/agent"

step "ssh finds its server; nobody is root"
mkdir "$work/bin"
printf '#!/bin/sh\nexec %s -F %s/ssh_config "$@"\n' "$(command -v ssh)" "$work" >"$work/bin/ssh"
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
chmod 0700 "$work/bin/ssh" "$work/bin/sudo"
export PATH="$work/bin:$installed/bin:/usr/bin:/bin"

step "the documents"
/usr/bin/python3 "$here/docs_commands.py" "$repository" "$build" "$work" "$installed"
