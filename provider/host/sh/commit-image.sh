want=$records/images/${image##*/} asked= said=
trap leave EXIT
set_digest() { digest=$(sha256sum <"$uploaded" | cut -c 1-64); }
check_digest() {
    say digest "$digest"
    [ "$digest" = "$wanted_digest" ] || exit 1
}
# Reads a file while it grows: its digest is there with its last byte.
receive() {
    # Of the client's word. No child of ours: one that has ended and isn't waited for yet would pass for alive.
    coming=$(timeout "$longest_upload_seconds" head -n 1 <&8 >/dev/null & echo $!)
    while [ ! -e "$uploaded" ] && kill -0 "$coming" 2>/dev/null; do sleep 0.05; done
    # It ends with that, when all is read.
    digest=$(tail -f -c +1 -s 0.01 --pid="$coming" -- "$uploaded" | sha256sum | cut -c 1-64)
    # A server that doesn't write in order leaves holes for a moment.
    [ "$digest" = "$wanted_digest" ] || set_digest
}
# Parts of a file that is put together; where one can't be had, it has another size or digest.
old() { dd if="$from" bs=1M iflag=skip_bytes,count_bytes count="$1" skip="$2" status=none; }
# Not head(1): one that buffers its input takes what is for the next.
new() { timeout "$longest_upload_seconds" dd bs=256K iflag=fullblock,count_bytes count="$1" status=none <&8; }
if [ -n "$uploaded" ]; then
    incoming=${uploaded%/*}
    say receiving
    if [ -z "$from" ]; then receive; check_digest
    else
        parts >"$uploaded"
        [ "$(stat -c %s -- "$uploaded")" = "$size_bytes" ] || exit 1
    fi
    # On the disk, and what portabled finds in it: meanwhile the digest, or what comes next.
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
    # portabled still needs it under its own name, which goes in the end.
    wait "$keeping" || exit
    # Where that is another file system, or a subvolume of its own, there is no link between them.
    ln -f -- "$uploaded" "$part" 2>/dev/null || { cp -p --reflink=auto -- "$uploaded" "$part" && sync "$part"; } || exit
    mv -f -- "$part" "$image" && sync "$images" || exit
else
    # The look has just read it whole.
    [ -f "$image" ] || exit 1
fi
adopt "$adopted" || exit
[ -z "$uploaded" ] || text "$index" >"$want/.chunks"
[ -z "$unknown" ] || printf 'urn %s\nnonce %s\n' "$urn" "$nonce" >"$unknown/$token" || exit
printf 'urn %s\nnonce %s\n' "$urn" "$nonce" >"$want/$token" || exit
# The newest wants stay, for a way back without an upload.
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
    # On a full disk busctl ends well with half of it.
    case $said in
        *"\"$uploaded\""*']}') printf '%s%s%s\n' "${said%%"$uploaded"*}" "$image" "${said#*"$uploaded"}" >"$note.new" && sync "$note.new" && mv -f -- "$note.new" "$note" ;;
    esac
    rm -f -- "$note.new"
fi
sweep
