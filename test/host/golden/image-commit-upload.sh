
report_mark=@abababababababab
records=/var/lib/pulumi-portable
images=/var/lib/portables
units_directory=/etc/systemd/system
attached_directories='/etc/systemd/system.attached /run/systemd/system.attached'
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
say() { printf '%s %s\n' "$report_mark" "$*"; }
block() { printf '%s< %s\n' "$report_mark" "$1"; cat; printf '\n%s>\n' "$report_mark"; }
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
image=/var/lib/portables/hello_2-0123456789ab.raw
wanted_digest=0101010101010101010101010101010101010101010101010101010101010101
size_bytes=4096
uploaded=/var/lib/pulumi-portable/incoming/AbCdEfGh/hello_2-0123456789ab.raw
from=''
index='{"chunks":[]}'
token=0123456789abcdef
nonce=fedcba98
urn='urn:pulumi:demo::hello::portable:index:X::it'\''s'
retain=2
adopted=''
longest_upload_seconds=86400
parts() {
:
}
incoming= trial=
leave() {
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir ${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
take_lock() {
    trap leave EXIT
    exec 9<"$units_directory"
    if ! flock -w 1 9; then
        say step "waiting for another operation on this host"
        flock -w 600 9 || { say busy; exit 75; }
    fi
    trial=/run/pulumi-portable.trial
}
in_use() {
    grep -qsFx -- "RootImage=$1" /etc/systemd/system.attached/*.d/*.conf /run/systemd/system.attached/*.d/*.conf && return 0
    for link in /etc/portables/* /run/portables/*; do
        [ "$(readlink -f -- "$link")" != "$1" ] || return 0
    done
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mounted "$1" || return 1
        sleep 0.1
    done
}
mounted() {
    [ -e "$1" ] && losetup --associated "$1" 2>/dev/null | grep -q .
}
sweep() {
    for part in "$images"/.part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done
    for want in "$records"/images/*; do
        set -- "$want"/*
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" "$want/.chunks" && rmdir -- "$want" 2>/dev/null || continue
        swept=$images/${want##*/}
        if in_use "$swept"; then
            mkdir -p -m 0700 -- "$want"
            say kept "$swept"
        else
            rm -f -- "$swept"
        fi
    done
}
adopt() {
    unknown=
    case ${1#"$images"/} in "$1"|''|*/*) return ;; esac
    [ -f "$1" ] && [ ! -d "$records/images/${1##*/}" ] || return 0
    unknown=$records/images/${1##*/}
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown"
}
name=hello
ask_for_metadata() {
    manager='org.freedesktop.portable1 /org/freedesktop/portable1 org.freedesktop.portable1.Manager'
    if [ $# = 1 ]; then busctl --json=short call $manager GetImageMetadata sas "$1" 1 "$name"; return; fi
    described=$1; shift
    busctl --json=short call $manager GetImageMetadataWithExtensions sasast "$described" $# "$@" 1 "$name" 0
}
note_of() {
    note=/dev/null
    [ "${1#"$images"/}" = "$1" ] || note=$records/images/${1#"$images"/}/.metadata
}
await_note() {
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -e "$note.new" ] && [ ! -e "$note" ] && ! flock -n "$units_directory" true || break
        sleep 0.02
    done
}
want=$records/images/${image##*/} asked= said=
trap leave EXIT
set_digest() { digest=$(sha256sum <"$uploaded" | cut -c 1-64); }
check_digest() {
    say digest "$digest"
    [ "$digest" = "$wanted_digest" ] || exit 1
}
receive() {
    coming=$(timeout "$longest_upload_seconds" head -n 1 <&8 >/dev/null & echo $!)
    while [ ! -e "$uploaded" ] && kill -0 "$coming" 2>/dev/null; do sleep 0.05; done
    digest=$(tail -f -c +1 -s 0.01 --pid="$coming" -- "$uploaded" | sha256sum | cut -c 1-64)
    [ "$digest" = "$wanted_digest" ] || set_digest
}
old() { dd if="$from" bs=1M iflag=skip_bytes,count_bytes count="$1" skip="$2" status=none; }
new() { timeout "$longest_upload_seconds" dd bs=256K iflag=fullblock,count_bytes count="$1" status=none <&8; }
if [ -n "$uploaded" ]; then
    incoming=${uploaded%/*}
    say receiving
    if [ -z "$from" ]; then receive; check_digest
    else
        parts >"$uploaded"
        [ "$(stat -c %s -- "$uploaded")" = "$size_bytes" ] || exit 1
    fi
    { chown root:root "$uploaded" && chmod 0644 "$uploaded" && sync "$uploaded"; } &
    keeping=$!
    ask_for_metadata "$uploaded" >"$incoming/metadata" 2>/dev/null &
    asked=$!
    [ -z "$from" ] || { set_digest; check_digest; }
fi
take_lock
make_records images && { [ -d "$want" ] || mkdir -m 0700 -- "$want"; } || exit
if [ -n "$uploaded" ]; then
    note_of "$image"
    [ ! -e "$note" ] || rm -f -- "$note"
    : >"$note.new"
    [ -d "$images" ] || mkdir -p -m 0700 "$images"
    part=$images/.part-${image##*/}
    wait "$keeping" || exit
    ln -f -- "$uploaded" "$part" 2>/dev/null || { cp -p --reflink=auto -- "$uploaded" "$part" && sync "$part"; } || exit
    mv -f -- "$part" "$image" && sync "$images" || exit
else
    [ -f "$image" ] || exit 1
fi
adopt "$adopted" || exit
[ -z "$uploaded" ] || text "$index" >"$want/.chunks"
[ -z "$unknown" ] || printf 'urn %s\nnonce %s\n' "$urn" "$nonce" >"$unknown/$token" || exit
printf 'urn %s\nnonce %s\n' "$urn" "$nonce" >"$want/$token" || exit
stays=$retain
while IFS= read -r kept; do
    if [ "$stays" = 0 ]; then rm -f -- "$kept"; continue; fi
    stays=$((stays - 1)) kept=${kept%/*}
    say retained "$images/${kept##*/}"
done <<END
$(ls -t "$records"/images/*/"$token")
END
say done
if [ -n "$asked" ]; then
    wait "$asked" && said=$(cat "$incoming/metadata")
    case $said in
        *"\"$uploaded\""*']}') printf '%s%s%s\n' "${said%%"$uploaded"*}" "$image" "${said#*"$uploaded"}" >"$note.new" && sync "$note.new" && mv -f -- "$note.new" "$note" ;;
    esac
    rm -f -- "$note.new"
fi
sweep
}
main "$@"
