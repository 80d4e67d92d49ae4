#!/usr/bin/env bash
# valgrind.sh MISTAKES: pkcs11-tool's own tests under valgrind, in which our module must make no mistake with memory and leak
# nothing. What pkcs11-tool does wrong by itself does not count: valgrind_report.py tells by the stacks who it was. The module
# MISTAKES makes one mistake of each kind, which must be found.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
mistakes=$1
report="$(dirname "$0")/valgrind_report.py"
new_card

# watched REPORT COMMAND...: runs a command under valgrind, which writes its report; the status is the command's.
watched() {
    local report=$1
    shift
    valgrind --quiet --leak-check=full --show-leak-kinds=definite --num-callers=100 --error-limit=no --keep-debuginfo=yes \
        --xml=yes --xml-file="$report" "$@"
}

step "the mistakes of another module are found"
refuse "C_GetFunctionList failed" watched "$work/mistakes.xml" pkcs11-tool --module "$mistakes" --list-slots
for kind in InvalidRead InvalidWrite UninitCondition Leak_DefinitelyLost; do
    refuse "$kind" python3 "$report" "$work/mistakes.xml" "$mistakes"
done
step "and are not ours"
expect "0 mistakes" python3 "$report" "$work/mistakes.xml" "$MODULE"

step "keys and a certificate"
for key in rsa:2048=01 EC:prime256v1=02 rsa:2048=03; do
    new_key "${key%=*}" "${key#*=}"
done
public_key 01 "$work/public.pem"
new_authority
certify "$work/public.pem" "Card user" clientAuth "$work/user.pem"
user --write-object "$work/user.pem.der" --type cert --id 01

step "pkcs11-tool's own tests under valgrind"
expect "No errors" watched "$work/module.xml" pkcs11-tool --module "$MODULE" "${slot[@]}" --login --pin "$PIN" --test
expect "0 mistakes" python3 "$report" "$work/module.xml" "$MODULE"
