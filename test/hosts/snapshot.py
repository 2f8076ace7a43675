"""Prints what a host holds, one JSON pair [what, how it is] a line. Runs on the host, as root, over `hosts.sh exec`.

Left out is what changes without anybody's doing: modification times, the contents of /dev, /proc and /sys, and VOLATILE.
"""

import grp
import hashlib
import json
import os
import pwd
import re
import stat
import subprocess

ROOTS = ["/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/lib/systemd", "/usr/local", "/var"]

# fmt: off
VOLATILE = re.compile("(" + "|".join([
    # Records of logins and boots (wtmpdb: Debian 13), and of users who were shown sudo's lecture.
    r"/var/log/(journal|wtmp|btmp|lastlog)", r"/var/lib/(lastlog|wtmpdb|sudo)",
    r"/run/(log|utmp|sudo|user|motd\.dynamic|sshd\.pid)", r"/run/systemd/(journal|sessions|users|seats|transient)",
    # A link for each unit that is still loaded: the units themselves are compared.
    r"/run/systemd/units",
    # Sandboxes of systemd's own services, which D-Bus and timers start.
    r"/run/(credentials|systemd/propagate)/(systemd-.*|polkit\.service)",
    r"/(tmp|var/tmp)/systemd-private-[0-9a-f]+-(systemd-[a-z]+|polkit)\.service-[^/]*",
    # State of systemd's own services that persists between boots.
    r"/var/lib/systemd/(random-seed|timers|timesync|catalog)",
]) + ")(/.*)?")
# systemd makes these directories when a service first needs them and keeps them. Their contents are compared.
VOLATILE_DIRECTORIES = {"/run/systemd/dynamic-uid", "/run/systemd/unit-private-tmp", "/run/systemd/propagate"}
# Services that D-Bus or timers start and that exit by themselves, services that ran once at boot, and logins.
VOLATILE_UNIT = re.compile(
    r"(systemd-[a-z-]+|polkit|ldconfig|user@\d+|user-runtime-dir@\d+)\.(service|socket)"
    r"|run-(user|credentials)-.*\.mount|.*\.(scope|slice|device|target)"
)
# fmt: on


def owner(status):
    return f"{name_of(pwd.getpwuid, status.st_uid)}:{name_of(grp.getgrgid, status.st_gid)}"


def name_of(look_up, number):
    try:
        return look_up(number)[0]
    except KeyError:
        return number


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files():
    for root in ROOTS:
        yield from tree(root)


def tree(path):
    if VOLATILE.fullmatch(path):
        return
    try:
        status = os.lstat(path)
        mode = f"{stat.S_IMODE(status.st_mode):04o} {owner(status)}"
        if stat.S_ISDIR(status.st_mode):
            if path not in VOLATILE_DIRECTORIES:
                yield "directory " + path, mode
            # Mounts are compared as such; the content of a mounted image isn't the host's.
            if not path.startswith("/run/") or not os.path.ismount(path):
                for name in sorted(os.listdir(path)):
                    yield from tree(os.path.join(path, name))
        elif stat.S_ISLNK(status.st_mode):
            yield "link " + path, f"{owner(status)} -> {os.readlink(path)}"
        elif stat.S_ISREG(status.st_mode):
            yield "file " + path, f"{mode} {status.st_size} bytes sha256:{digest(path)}"
        else:
            yield f"special file {path}", f"{stat.filemode(status.st_mode)} {owner(status)} {status.st_rdev}"
    except FileNotFoundError:  # gone while we looked
        return


def mounts():
    for line in open("/proc/self/mountinfo"):
        before, after = line.split(" - ")
        path, options = before.split()[4:6]
        kind, source = after.split()[:2]
        if not VOLATILE.fullmatch(path):
            yield "mount " + path, f"{kind} from {re.sub(r'loop[0-9]+', 'a loop device', source)}, {options}"


def loop_devices():
    """Those whose image is on a file system of this host: the kernel shows each host the devices of all."""
    own = {line.split()[2] for line in open("/proc/self/mountinfo")}
    columns = "BACK-MAJ:MIN,RO,AUTOCLEAR,BACK-FILE"
    rows = subprocess.run(
        ["losetup", "--list", "--noheadings", "--raw", "--output", columns], capture_output=True, text=True, check=True
    ).stdout
    for row in rows.splitlines():
        device, read_only, autoclear, image = row.split(" ", 3)
        if device.replace(r"\x20", "") in own:  # padding, escaped in systems before util-linux 2.39
            yield "loop device of " + image, f"read-only {read_only}, autoclear {autoclear}"


def units():
    rows = subprocess.run(
        ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager"], capture_output=True, text=True, check=True
    ).stdout
    for row in rows.splitlines():
        unit, load, active, sub = row.split()[:4]
        if active != "inactive" and not VOLATILE_UNIT.fullmatch(unit):
            yield "unit " + unit, f"{load}, {active} ({sub})"


def accounts():
    for user in pwd.getpwall():
        yield "user " + user.pw_name, ":".join(map(str, user[2:]))
    for group in grp.getgrall():
        yield "group " + group.gr_name, f"{group.gr_gid}:{','.join(group.gr_mem)}"


for source in (files, mounts, loop_devices, units, accounts):
    for entry in source():
        print(json.dumps(entry))
