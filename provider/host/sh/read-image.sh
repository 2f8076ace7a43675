say_machine
say_version
[ ! -f "$image" ] || say present "$(sha256sum <"$image" | cut -c 1-64)" "$(stat -c %s "$image")"
[ ! -f "$records/images/${image##*/}/$token" ] || say wanted
