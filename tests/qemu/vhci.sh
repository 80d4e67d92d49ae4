# shellcheck shell=sh
# Our module over libusb and a real kernel, with the emulated reader behind vhci.
. /guest_lib.sh

step "a card in a reader behind vhci"
plug
expect "Reader behind vhci" jeton list --json
expect "Guest user" p11 --list-objects --type cert

step "pkcs11-tool's own tests"
user --test >/tmp/output 2>&1 || { cat /tmp/output; fail "pkcs11-tool --test"; }
tail -n 1 /tmp/output | grep -q 'No errors' || { cat /tmp/output; fail "pkcs11-tool --test saw errors"; }

step "the trace beside usbmon's"
bus=$(cat "$(dirname "$(grep -ls 'Reader behind vhci' /sys/bus/usb/devices/*/product)")/busnum")
dumpcap -q -i "usbmon$bus" -w /tmp/usbmon.pcapng >/tmp/dumpcap 2>&1 &
capture=$!
await 60 grep -q '^File:' /tmp/dumpcap
JETON_TRACE=/tmp/jeton.pcapng expect "signed" guest_client sign "$MODULE" 3
kill -INT $capture
wait $capture || { cat /tmp/dumpcap; fail "dumpcap failed"; }
cp /tmp/usbmon.pcapng /tmp/jeton.pcapng /out

step "an event"
guest_client events "$MODULE" 1 >/tmp/events &
waiting=$!
await 60 grep -q waiting /tmp/events
unplug
await 60 grep -q event /tmp/events
wait $waiting || fail "the wait failed"
cat /tmp/events
grep -q 'event: Reader behind vhci.*no card' /tmp/events || fail "the unplugged reader was not told"

step "a reader for short APDUs"
plug --level short-apdu
expect "signed" guest_client sign "$MODULE" 3
unplug
