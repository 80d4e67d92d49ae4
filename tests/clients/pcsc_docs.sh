#!/usr/bin/env bash
# pcsc_docs.sh BUILD-DIRECTORY: the commands of docs/pcsc.md, run as a reader would, with pcscd and vpcd on the machine.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"
build=$1
here=$(realpath "$(dirname "$0")")

DESTDIR="$work/root" cmake --install "$build" >/dev/null
installed="$work/root/usr/local"
unset JETON_STATE_DIR JETON_LOG
export PATH="$installed/bin:$PATH"
start_pcscd "Virtual PCD"
/usr/bin/python3 "$here/docs_commands.py" "$(realpath "$here/../..")" "$build" "$work" "$installed" docs/pcsc.md
