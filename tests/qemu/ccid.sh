# shellcheck shell=sh
# QEMU's own reader, which somebody else wrote, with a software card in it.
. /guest_lib.sh

step "reader and card"
await 60 has_card present
expect "QEMU USB CCID" jeton list
expect "Guest user" p11 --list-objects --type cert
expect "signed" guest_client sign "$MODULE" 3

step "unplug and plug"
guest_client events "$MODULE" 3 >/tmp/events 2>&1 &
waiting=$!
await 60 grep -q waiting /tmp/events
: >/out/unplug # touch would set the time of what the host may have removed by then
await 60 grep -q 'event: .*no card' /tmp/events
: >/out/plug
await 60 grep -q 'event: .*card "Guest user"' /tmp/events
kill $waiting
cat /tmp/events
