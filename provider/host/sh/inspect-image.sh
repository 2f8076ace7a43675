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
[ "$free" -gt "$size_bytes" ] || { wait "$version_pid"; exit 0; }
# Starts portabled early, as it is asked to describe the image as soon as that has arrived. It exits by itself when idle.
systemctl start --no-block systemd-portabled.service >/dev/null 2>&1 &
# Waits, so that the version isn't reported in the middle of the block below.
wait "$version_pid"
chunks=$records/images/${before##*/}/.chunks
[ -z "$before" ] || [ ! -f "$before" ] || [ ! -f "$chunks" ] || block chunks <"$chunks"
