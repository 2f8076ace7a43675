want=$records/images/${image##*/} metadata_pid= output=
trap leave EXIT
set_digest() { digest=$(sha256sum <"$uploaded" | cut -c 1-64); }
check_digest() {
    say digest "$digest"
    [ "$digest" = "$wanted_digest" ] || exit 1
}
# Reads the upload while it grows, so that its digest is known with its last byte.
receive() {
    # PID of a reader that exits when the client sends its line. Started inside $(...) so that it isn't our child: as a
    # zombie it would still pass `kill -0`.
    reader_pid=$(timeout "$longest_upload_seconds" head -n 1 <&8 >/dev/null & echo $!)
    while [ ! -e "$uploaded" ] && kill -0 "$reader_pid" 2>/dev/null; do sleep 0.05; done
    # tail exits once the reader has exited and everything has been read.
    digest=$(tail -f -c +1 -s 0.01 --pid="$reader_pid" -- "$uploaded" | sha256sum | cut -c 1-64)
    # A server that doesn't write in order leaves holes for a moment: read it again.
    [ "$digest" = "$wanted_digest" ] || set_digest
}
# old LENGTH OFFSET and new LENGTH print a part of the image. If one is incomplete, size or digest will be wrong.
old() { dd if="$from" bs=1M iflag=skip_bytes,count_bytes count="$1" skip="$2" status=none; }
# head(1) isn't used, as it may buffer and so consume bytes of the next part.
new() { timeout "$longest_upload_seconds" dd bs=256K iflag=fullblock,count_bytes count="$1" status=none <&8; }
# Makes a directory that the login user may write to, on the file system of the images. If it can't, it returns 1 and sets
# $output.
make_incoming() {
    read -r pid rest </proc/self/stat
    # Another operation that ends at the same time may remove the empty directory: try again.
    for try in 1 2 3 4 5; do
        output=$(
            exec 2>&1
            [ -d "$records/incoming" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0711 "$records/incoming"; } || exit
            mktemp -d "$records/incoming/$pid-XXXXXXXX"
        ) && { incoming=$output; break; }
    done
    # Only an upload over SFTP is written by the login user.
    [ -d "$incoming" ] && { [ -z "${SUDO_UID-}" ] || [ -n "$from" ] || chown -- "$SUDO_UID" "$incoming"; }
}
if [ -n "$arrives" ]; then
    make_incoming || { say no-incoming; printf '%s\n' "$output" | block output; exit 1; }
    uploaded=$incoming/${image##*/}
    say receiving "$uploaded"
    if [ -z "$from" ]; then receive; check_digest
    else
        parts >"$uploaded"
        [ "$(stat -c %s -- "$uploaded")" = "$size_bytes" ] || exit 1
    fi
    # After this the login user can't replace the file that it has uploaded.
    chown root:root "$incoming" && chmod 0700 "$incoming" && [ -f "$uploaded" ] && [ ! -L "$uploaded" ] &&
        [ "$(stat -c %h -- "$uploaded")" = 1 ] || exit 1
    # Sync and portabled's description are slow, so they run while the digest is computed.
    { chown root:root "$uploaded" && chmod 0644 "$uploaded" && sync "$uploaded"; } &
    owned_pid=$!
    ask_for_metadata "$uploaded" >"$incoming/metadata" 2>/dev/null &
    metadata_pid=$!
    [ -z "$from" ] || { set_digest; check_digest; }
fi
take_lock
check_parents "$image" || { echo "$unsafe: an image there could be replaced" >&2; exit 1; }
make_records images && { [ -d "$want" ] || mkdir -m 0700 -- "$want"; } || exit
if [ -n "$arrives" ]; then
    note_of "$image"
    [ ! -e "$note" ] || rm -f -- "$note"
    : >"$note.new"
    [ -d "$images" ] || mkdir -p -m 0700 "$images"
    part=$images/.part-${image##*/}
    # portabled still reads it under its upload name, which is removed at the end.
    wait "$owned_pid" || exit
    # A link fails between file systems and between subvolumes: copy then.
    ln -f -- "$uploaded" "$part" 2>/dev/null || { cp -p --reflink=auto -- "$uploaded" "$part" && sync "$part"; } || exit
    mv -f -- "$part" "$image" && sync "$images" || exit
else
    # The inspection has just checked its digest.
    [ -f "$image" ] || exit 1
fi
adopt "$adopted" || exit
[ -z "$arrives" ] || text "$index" >"$want/.chunks"
[ -z "$unknown" ] || printf 'urn %s\nnonce %s\n' "$urn" "$nonce" >"$unknown/$token" || exit
printf 'urn %s\nnonce %s\n' "$urn" "$nonce" >"$want/$token" || exit
# The newest images are kept, so that a rollback to one of them needs no upload.
stays=$retain
while IFS= read -r kept; do
    if [ "$stays" = 0 ]; then rm -f -- "$kept"; continue; fi
    stays=$((stays - 1)) kept=${kept%/*}
    say retained "$images/${kept##*/}"
done <<END
$(ls -t "$records"/images/*/"$token")
END
say done
if [ -n "$metadata_pid" ]; then
    wait "$metadata_pid" && output=$(cat "$incoming/metadata")
    # On a full disk busctl exits with 0 after writing a part of its output.
    case $output in
        *"\"$uploaded\""*']}') printf '%s%s%s\n' "${output%%"$uploaded"*}" "$image" "${output#*"$uploaded"}" >"$note.new" && sync "$note.new" && mv -f -- "$note.new" "$note" ;;
    esac
    rm -f -- "$note.new"
fi
sweep
