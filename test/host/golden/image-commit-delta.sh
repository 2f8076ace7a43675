
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
records=/var/lib/pulumi-portable
say() { printf '@%s %s\n' abababababababab "$*"; }
block() { printf '@%s< %s\n' abababababababab "$1"; cat; printf '\n@%s>\n' abababababababab; }
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
incoming= trial=
leave() {
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir ${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
trap leave EXIT
image=/var/lib/portables/hello_2-0123456789ab.raw want="$records/images"/hello_2-0123456789ab.raw uploaded=/var/lib/pulumi-portable/incoming/AbCdEfGh/hello_2-0123456789ab.raw asked= said= wanted=0101010101010101010101010101010101010101010101010101010101010101
if [ -n "$uploaded" ]; then
    incoming=${uploaded%/*}
    say receiving
    
    old() { dd if=/var/lib/portables/hello_1-0123456789ab.raw bs=1M iflag=skip_bytes,count_bytes count="$1" skip="$2" status=none; }
    new() { timeout 86400 dd bs=256K iflag=fullblock,count_bytes count="$1" status=none <&8; }
    { old 1024 0 && new 3072; } >"$uploaded"
    [ "$(stat -c %s -- "$uploaded")" = 4096 ] || exit 1
    { chown root:root "$uploaded" && chmod 0644 "$uploaded" && sync "$uploaded"; } &
    keeping=$!
    busctl --json=short call org.freedesktop.portable1 /org/freedesktop/portable1 org.freedesktop.portable1.Manager GetImageMetadata sas "$uploaded" 1 hello >"$incoming/metadata" 2>/dev/null &
    asked=$!
    digest=$(sha256sum <"$uploaded" | cut -c 1-64)
    say digest "$digest"
    [ "$digest" = "$wanted" ] || exit 1
fi
exec 9</etc/systemd/system
if ! flock -w 1 9; then
    say step "waiting for another operation on this host"
    flock -w 600 9 || { say busy; exit 75; }
fi
trial=/run/pulumi-portable.trial
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
    for part in /var/lib/portables/.part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done
    for want in "$records"/images/*; do
        set -- "$want"/*
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" "$want/.chunks" && rmdir -- "$want" 2>/dev/null || continue
        image=/var/lib/portables/${want##*/}
        if in_use "$image"; then
            mkdir -p -m 0700 -- "$want"
            say kept "$image"
        else
            rm -f -- "$image"
        fi
    done
}
make_records images && { [ -d "$want" ] || mkdir -m 0700 -- "$want"; } || exit
if [ -n "$uploaded" ]; then
    note="$records/images"/hello_2-0123456789ab.raw/.metadata
    [ ! -e "$note" ] || rm -f -- "$note"
    : >"$note.new"
    [ -d /var/lib/portables ] || mkdir -p -m 0700 /var/lib/portables
    part=/var/lib/portables/.part-hello_2-0123456789ab.raw
    wait "$keeping" || exit
    ln -f -- "$uploaded" "$part" 2>/dev/null || { cp -p --reflink=auto -- "$uploaded" "$part" && sync "$part"; } || exit
    mv -f -- "$part" "$image" && sync /var/lib/portables || exit
else
    [ -f "$image" ] || exit 1
fi
unknown="$records/images"/hello_1-0123456789ab.raw
if [ -f /var/lib/portables/hello_1-0123456789ab.raw ] && [ ! -d "$unknown" ]; then
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown" || exit
else
    unknown=
fi
text '{"chunks":["it'\''s"]}' >"$want/.chunks"
[ -z "$unknown" ] || printf 'urn %s\nnonce %s\n' 'urn:pulumi:demo::hello::portable:index:X::it'\''s' fedcba98 >"$unknown"/0123456789abcdef || exit
printf 'urn %s\nnonce %s\n' 'urn:pulumi:demo::hello::portable:index:X::it'\''s' fedcba98 >"$want"/0123456789abcdef || exit
stays=3
while IFS= read -r kept; do
    if [ "$stays" = 0 ]; then rm -f -- "$kept"; continue; fi
    stays=$((stays - 1)) kept=${kept%/*}
    say retained /var/lib/portables/"${kept##*/}"
done <<END
$(ls -t "$records"/images/*/0123456789abcdef)
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
