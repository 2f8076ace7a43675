# ask_for_metadata IMAGE EXTENSION... prints what portabled finds in them as JSON (org.freedesktop.portable1(5),
# GetImageMetadata).
ask_for_metadata() {
    manager='org.freedesktop.portable1 /org/freedesktop/portable1 org.freedesktop.portable1.Manager'
    # shellcheck disable=SC2086
    if [ $# = 1 ]; then busctl --json=short call $manager GetImageMetadata sas "$1" 1 "$name"; return; fi
    described=$1; shift
    # shellcheck disable=SC2086
    busctl --json=short call $manager GetImageMetadataWithExtensions sasast "$described" $# "$@" 1 "$name" 0
}
# units_of_metadata reads that JSON and prints the names of the units, a line each. They are the members of its last object.
# A unit's name can't have a brace or a quotation mark, but paths and names of extensions, which come before that object, can.
units_of_metadata() { sed 's/.*{//' | grep -o '"[^"]*":\[' | sed 's/^"//; s/":\[$//; s/\\\\/\\/g'; }
# note_of IMAGE sets $note to the file in the image's records where the upload stored that JSON. It stays valid, since images
# are named after their digest and never change.
note_of() {
    note=/dev/null
    [ "${1#"$images"/}" = "$1" ] || note=$records/images/${1#"$images"/}/.metadata
}
# Waits, for half a second at most, while the operation that uploaded the image is still getting that JSON.
await_note() {
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -e "$note.new" ] && [ ! -e "$note" ] && ! flock -n "$lock" true || break
        sleep 0.02
    done
}
