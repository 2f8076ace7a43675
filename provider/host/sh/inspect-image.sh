say_machine
{ say_version; say machine "$(uname -m)"; } &
version_pid=$!
if [ -f "$image" ]; then
    present=$(sha256sum <"$image" | cut -c 1-64)
    say present "$present"
    [ "$present" != "$digest" ] || { wait "$version_pid"; exit 0; }
fi
command -v portablectl >/dev/null 2>&1 || { wait "$version_pid"; exit 0; }
free=$(df -B 1 --output=avail /var/lib) free=${free##*[!0-9]}
say free "$free"
[ ! -d "$records/incoming" ] || find "$records/incoming" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
[ "$free" -gt "$size_bytes" ] || { wait "$version_pid"; exit 0; }
# portabled is asked about the image as soon as that has arrived. It stops by itself when it isn't used.
systemctl start --no-block systemd-portabled.service >/dev/null 2>&1 &
# An operation that ends at the same time removes empty directories: try again.
for try in 1 2 3 4 5; do
    [ -d "$records/incoming" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0711 "$records/incoming"; }
    incoming=$(mktemp -d "$records/incoming/XXXXXXXX") && break
done
if [ -d "$incoming" ] && { [ -z "${SUDO_UID-}" ] || chown -- "$SUDO_UID" "$incoming"; }; then say incoming "$incoming"
else rmdir "$records/incoming" "$records" 2>/dev/null; fi
# The version must not be reported in the middle of the block below.
wait "$version_pid"
chunks=$records/images/${before##*/}/.chunks
[ -z "$before" ] || [ ! -f "$before" ] || [ ! -f "$chunks" ] || block chunks <"$chunks"
