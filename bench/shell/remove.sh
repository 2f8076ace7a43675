# remove.sh: runs on the host, as root.
image=$(systemctl show -p RootImage --value hello.service)
systemctl stop hello.socket hello.service
systemctl disable hello.socket hello.service
portablectl -q detach "$image"
rm -rf /etc/systemd/system/hello.service.d
rm -f /var/lib/portables/hello*.raw /etc/systemd/system.attached/*.wants/hello.*
systemctl daemon-reload
