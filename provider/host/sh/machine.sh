IFS= read -r machine </etc/machine-id
say machine-id "$machine"
say os "$(. /etc/os-release; echo "$ID ${ID_LIKE:-}")"
command -v portablectl >/dev/null 2>&1 && say portablectl "$(command -v portablectl)"
portabled=not-found
for directory in /lib /usr/lib /usr/local/lib /run /etc; do
    # A masked unit is a link to /dev/null (systemctl(1), mask).
    if [ -c "$directory/systemd/system/systemd-portabled.service" ]; then portabled=masked
    elif [ -e "$directory/systemd/system/systemd-portabled.service" ]; then portabled=loaded
    fi
done
say portabled "$portabled"
