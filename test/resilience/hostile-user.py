"""A user of a host who tries for SECONDS to make root write through planted files. Runs on the host, as that user.

It writes in every directory that it can: symbolic links, FIFOs, directories and hard links under each name that a deployment
could use there. It exchanges directories for links and locks each file that it can open. Prints counts as JSON.
"""

import fcntl
import json
import os
import random
import shutil
import subprocess
import sys
import time

SECONDS = float(sys.argv[1])
PRECIOUS = ["/etc/precious", "/etc/shadow", "/root/precious"]
NAMES = ["config.toml", "hosts", "key", "precious", "sub"]
SKIPPED = ("/proc", "/sys", "/dev/fd", "/dev/pts", "/run/user")

counts = {}


def counted(action, *arguments):
    try:
        action(*arguments)
        counts[action.__name__] = counts.get(action.__name__, 0) + 1
    except OSError:
        counts["refused"] = counts.get("refused", 0) + 1


def writable_directories():
    for top, directories, _ in os.walk("/"):
        directories[:] = [name for name in directories if not os.path.join(top, name).startswith(SKIPPED)]
        if os.access(top, os.W_OK | os.X_OK):
            yield top


def remove(path):
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
    else:
        shutil.rmtree(path)


def link(path):
    os.symlink(random.choice(PRECIOUS), path)


def hard_link(path):
    os.link(random.choice(PRECIOUS), path)


def fifo(path):
    os.mkfifo(path)


def directory(path):
    os.mkdir(path)


def directory_link(path):
    os.symlink(random.choice(["/etc", "/root", "/etc/systemd/system", "/var/lib/pulumi-portable"]), path)


def lock(path, held=[]):
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    held.append(file)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    while len(held) > 50:
        os.close(held.pop(0))


def swap(path):
    """Exchanges a directory for a link to /etc, or back."""
    spare = path + ".spare"
    if os.path.islink(path):
        os.unlink(path)
        os.rename(spare, path)
    else:
        os.rename(path, spare)
        os.symlink("/etc", path)


def take_over(top):
    """Replaces each entry that root made in this directory with a link."""
    for entry in os.scandir(top):
        if entry.stat(follow_symlinks=False).st_uid == 0:
            os.unlink(entry.path)
            os.symlink(random.choice(PRECIOUS), entry.path)
            counts["taken over"] = counts.get("taken over", 0) + 1


begun = time.monotonic()
places = list(writable_directories())
lockable = ["/", "/etc", "/etc/systemd/system", "/run", "/var/lib", "/var/lib/private", "/var/lib/pulumi-portable"]
lockable += subprocess.run(["find", "/run", "/var/lib", "/etc/systemd", "-maxdepth", "2"], capture_output=True, text=True).stdout.split()
while time.monotonic() - begun < SECONDS:
    top = random.choice(places)
    name = random.choice(NAMES)
    path = os.path.join(top, random.choice([name, f".{name}.pulumi-portable", f".pulumi-portable.{random.random()}"]))
    if os.path.lexists(path) and random.random() < 0.7:
        counted(remove, path)
    counted(random.choice([link, hard_link, fifo, directory, directory_link]), path)
    counted(take_over, top)
    counted(swap, "/srv/mallory/app")
    counted(lock, random.choice(lockable))
print(json.dumps({"places": len(places), **counts}))
