# Reports `lacks NAME` for each missing program that updates need, and `room KIBIBYTES` of /var/lib.
for program in flock findmnt sha256sum dd tail stat mktemp sync systemd-run; do
    command -v "$program" >/dev/null 2>&1 || say lacks "$program"
done
room=$(df -Pk /var/lib 2>/dev/null | while read -r _ _ _ free _; do echo "$free"; done)
say room "${room##*
}"
