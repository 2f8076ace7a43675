import type { Json } from "../deployment";

export interface Kind {
    /** What the unit is, and where it comes from. */
    what: string;
    unit: string;
    /** Commands that create the unit; `clean` removes it after the test. */
    make: string;
    clean: string;
    sections: Json;
    inputs?: Json;
    /** Command that prints the settings in effect; its output without and with the drop-in. */
    effect: string;
    before: string;
    after: string;
    /** Command whose output changes when processes of the unit are restarted; `restarts` is whether it must change. */
    processes: string;
    restarts: boolean;
}

export const A1 = { Service: { Environment: { A: "1" } } };
export const sleeper = (unit: string, rest = "") =>
    `printf '[Service]\\nExecStart=/bin/sleep infinity\\n${rest}' >${unit}; systemctl daemon-reload;`;
export const inEtc = (unit: string) => `/etc/systemd/system/${unit}`;
export const environmentOf = (unit: string) =>
    `tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value '${unit}')/environ | grep '^A=' || true`;
export const pidOf = (...units: string[]) =>
    units.map((unit) => `systemctl show -p MainPID,ActiveState --value '${unit}'`).join(";");
export const removed = (...units: string[]) => {
    const names = units.map((unit) => `'${unit}'`).join(" ");
    // One by one: systemd 262 stops none of them if it refuses to stop one.
    return `for unit in ${names}; do systemctl stop -- "$unit"; done; cd /etc/systemd/system && rm -f -- ${names}; systemctl daemon-reload; systemctl reset-failed`;
};

export const service = (what: string, unit: string, make: string, clean: string, rest: Partial<Kind> = {}): Kind => ({
    what,
    unit,
    make: `${make} systemctl start -- '${unit}'`,
    clean,
    sections: A1,
    effect: environmentOf(unit),
    before: "",
    after: "A=1",
    processes: pidOf(unit),
    restarts: true,
    ...rest,
});

export const KINDS: Kind[] = [
    service("a service in /etc", "s1.service", sleeper(inEtc("s1.service")), removed("s1.service")),
    service(
        "an installed service, in /usr/lib",
        "s2.service",
        sleeper("/usr/lib/systemd/system/s2.service"),
        "systemctl stop s2; rm /usr/lib/systemd/system/s2.service; systemctl daemon-reload",
    ),
    service(
        "an installed service with a full copy in /etc",
        "s3.service",
        `${sleeper("/usr/lib/systemd/system/s3.service")} ${sleeper(inEtc("s3.service"), "Environment=B=1\\n")}`,
        `${removed("s3.service")}; rm /usr/lib/systemd/system/s3.service; systemctl daemon-reload`,
    ),
    service(
        "a linked service",
        "s4.service",
        `mkdir -p /srv/s4; ${sleeper("/srv/s4/s4.service")} systemctl link -q /srv/s4/s4.service;`,
        "systemctl stop s4; rm /etc/systemd/system/s4.service; rm -r /srv/s4; systemctl daemon-reload",
    ),
    service(
        "a service of an image that is attached",
        "at1.service",
        // The image has no programs: its unit mounts /usr of the host.
        `mkdir -p /srv/at1/etc/systemd/system /srv/at1/usr /srv/at1/proc /srv/at1/sys /srv/at1/dev /srv/at1/run /srv/at1/tmp /srv/at1/var/tmp; cd /srv/at1;
            ln -s usr/bin bin; ln -s usr/lib lib; ln -s usr/lib64 lib64; cp /etc/os-release etc; touch etc/resolv.conf etc/machine-id;
            printf '[Service]\\nExecStart=/usr/bin/sleep infinity\\nBindReadOnlyPaths=/usr\\n' >etc/systemd/system/at1.service; portablectl -q attach /srv/at1;`,
        "portablectl -q detach --now /srv/at1; rm -r /srv/at1; rmdir /etc/systemd/system.attached /etc/portables; systemctl daemon-reload",
    ),
    service("a transient service", "s5.service", "systemd-run -q --unit s5 sleep infinity;", "systemctl stop s5"),
    service(
        "a service whose name has an escape",
        "s\\x2d6.service",
        sleeper("'/etc/systemd/system/s\\x2d6.service'"),
        removed("s\\x2d6.service"),
    ),
    service(
        "an alias of a service",
        "nick.service",
        `${sleeper(inEtc("s7.service"), "[Install]\\nAlias=nick.service\\n")} systemctl enable -q s7;`,
        `systemctl disable -q s7; ${removed("s7.service")}`,
    ),
    service(
        "an instance of a template",
        "t1@a.service",
        `${sleeper(inEtc("t1@.service"))} systemctl start t1@b;`,
        `systemctl stop t1@b; ${removed("t1@a.service", "t1@.service")}; systemctl stop system-t1.slice`,
    ),
    {
        ...service(
            "a template with running instances",
            "t2@.service",
            sleeper(inEtc("t2@.service")),
            "systemctl stop 't2@*'; rm /etc/systemd/system/t2@.service; systemctl daemon-reload; systemctl stop system-t2.slice",
        ),
        make: `${sleeper(inEtc("t2@.service"))} systemctl start t2@a t2@b`,
        effect: `${environmentOf("t2@a.service")}; systemctl is-active t2@c || true`,
        before: "inactive",
        after: "A=1\ninactive",
        processes: pidOf("t2@a.service"),
    },
    {
        ...service("an alias of a template", "nick3@.service", "", ""),
        make: `${sleeper(inEtc("t3@.service"), "[Install]\\nWantedBy=multi-user.target\\nDefaultInstance=a\\nAlias=nick3@.service\\n")} systemctl enable -q t3@.service; systemctl start t3@a`,
        clean: "systemctl stop 't3@*'; systemctl disable -q t3@.service; rm /etc/systemd/system/t3@.service; systemctl daemon-reload; systemctl stop system-t3.slice",
        effect: environmentOf("t3@a.service"),
        processes: pidOf("t3@a.service"),
    },
    {
        ...service("a drop-in for all services with a prefix", "p1-.service", "", ""),
        make: `${sleeper(inEtc("p1-a-b.service"))} ${sleeper(inEtc("p1.service"))} systemctl start p1-a-b p1`,
        clean: removed("p1-a-b.service", "p1.service"),
        effect: `${environmentOf("p1-a-b.service")}; ${environmentOf("p1.service")}`,
        processes: pidOf("p1-a-b.service"),
    },
    {
        ...service("a template of an Accept=yes socket, whose connections stay", "c1@.service", "", ""),
        make: `printf '[Socket]\\nListenStream=/run/c1\\nAccept=yes\\n' >${inEtc("c1.socket")}; printf '[Service]\\nExecStart=/bin/cat\\nStandardInput=socket\\n' >${inEtc("c1@.service")};
            systemctl daemon-reload; systemctl start c1.socket; systemd-run -q --unit c1client python3 -c 'import socket,time; s=socket.socket(socket.AF_UNIX); s.connect("/run/c1"); time.sleep(10000)';
            for try in 1 2 3 4 5 6 7 8 9; do systemctl list-units 'c1@*' | grep -q running && break; sleep 0.2; done`,
        clean: `systemctl stop c1client c1.socket 'c1@*'; ${removed("c1.socket", "c1@.service")}; rm -f /run/c1; systemctl stop system-c1.slice`,
        effect: "systemctl show -p Environment --value c1@x",
        processes: "systemctl show -p MainPID,ActiveState --value 'c1@*'",
        restarts: false,
    },
    {
        ...service("a slice with a service in it", "apps.slice", "", ""),
        make: `printf '[Slice]\\nTasksMax=100\\n' >${inEtc("apps.slice")}; ${sleeper(inEtc("in1.service"), "Slice=apps.slice\\n")} systemctl start in1`,
        clean: `${removed("in1.service", "apps.slice")}`,
        sections: { Slice: { TasksMax: 50 } },
        effect: "systemctl show -p TasksMax --value apps.slice",
        before: "100",
        after: "50",
        processes: pidOf("in1.service"),
        restarts: false,
    },
    {
        ...service("a drop-in for all slices with a prefix", "apps-.slice", "", ""),
        make: `${sleeper(inEtc("in2.service"), "Slice=apps-a.slice\\nTasksAccounting=yes\\n")} systemctl start in2`,
        clean: `${removed("in2.service")}; systemctl stop apps-a.slice apps.slice`,
        sections: { Slice: { TasksMax: 50 } },
        effect: "systemctl show -p TasksMax --value apps-a.slice",
        before: "infinity",
        after: "50",
        processes: pidOf("in2.service"),
        restarts: false,
    },
    {
        ...service("the root slice", "-.slice", "true;", "true"),
        make: "true",
        sections: { Unit: { Description: "A root" } },
        effect: "systemctl show -p Description --value -- -.slice",
        before: "Root Slice",
        after: "A root",
        processes: pidOf("ssh.service", "dbus.service"),
        restarts: false,
    },
    {
        ...service("a scope", "sc1.scope", "", ""),
        make: "systemd-run -q --scope --unit sc1 sleep infinity >/dev/null 2>&1 & sleep 0.5",
        clean: "systemctl stop sc1.scope",
        sections: { Scope: { TasksMax: 50 } },
        effect: "systemctl show -p TasksMax --value sc1.scope | sed 's/^[0-9][0-9][0-9]*[0-9]$/&/'; systemctl is-active sc1.scope",
        before: expect.stringMatching(/^(?!50\n).*\nactive$/) as unknown as string,
        after: "50\nactive",
        processes:
            "cat /sys/fs/cgroup/*/system.slice/sc1.scope/cgroup.procs /sys/fs/cgroup/system.slice/sc1.scope/cgroup.procs 2>/dev/null | sort -u",
        restarts: false,
    },
    {
        ...service("a timer, whose service isn't started", "ti1.timer", "", ""),
        make: `printf '[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/ti1\\n' >${inEtc("ti1.service")}; printf '[Timer]\\nOnCalendar=2090-01-01\\nOnBootSec=1\\n' >${inEtc("ti1.timer")}; systemctl daemon-reload; systemctl start ti1.timer; sleep 1; rm -f /run/ti1`,
        clean: `${removed("ti1.timer", "ti1.service")}; rm -f /run/ti1`,
        sections: { Timer: { OnCalendar: ["", "2091-02-03"], OnBootSec: 2 } },
        effect: "systemctl show -p NextElapseUSecRealtime --value ti1.timer; ls /run/ti1 2>/dev/null || true",
        before: "Sun 2090-01-01 00:00:00 UTC",
        after: "Sat 2091-02-03 00:00:00 UTC",
        processes: "systemctl show -p ActiveEnterTimestampMonotonic --value ti1.timer",
        restarts: false,
    },
    {
        ...service("a timer that has elapsed for the last time", "ti2.timer", "", ""),
        make: `printf '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n' >${inEtc("ti2.service")}; printf '[Timer]\\nOnActiveSec=1ms\\nAccuracySec=1ms\\nRemainAfterElapse=yes\\n' >${inEtc("ti2.timer")}; systemctl daemon-reload; systemctl start ti2.timer; sleep 1`,
        clean: removed("ti2.timer", "ti2.service"),
        sections: { Timer: { OnCalendar: "2091-02-03" } },
        effect: "systemctl show -p NextElapseUSecRealtime --value ti2.timer",
        before: "",
        after: "Sat 2091-02-03 00:00:00 UTC",
        processes: "true",
        restarts: false,
    },
    {
        ...service("a path", "pa1.path", "", ""),
        make: `printf '[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/pa1-ran\\n' >${inEtc("pa1.service")}; printf '[Path]\\nPathChanged=/run/pa1-old\\n' >${inEtc("pa1.path")}; systemctl daemon-reload; systemctl start pa1.path`,
        clean: `${removed("pa1.path", "pa1.service")}; rm -f /run/pa1-*`,
        sections: { Path: { PathChanged: ["", "/run/pa1-new"] } },
        effect: `touch_and() { echo x >"$1"; sleep 0.4; ls /run/pa1-ran 2>/dev/null; rm -f /run/pa1-*; sleep 0.4; rm -f /run/pa1-*; }; echo old $(touch_and /run/pa1-old) new $(touch_and /run/pa1-new)`,
        before: "old /run/pa1-ran new",
        after: "old new /run/pa1-ran",
        processes: "true",
        restarts: false,
    },
    {
        ...service("a mount", "srv-m1.mount", "", ""),
        make: `mkdir -p /srv/m1; printf '[Mount]\\nWhat=tmpfs\\nWhere=/srv/m1\\nType=tmpfs\\nOptions=size=1M\\n' >${inEtc("srv-m1.mount")}; printf '[Unit]\\nRequiresMountsFor=/srv/m1\\n[Service]\\nExecStart=/bin/sleep infinity\\n' >${inEtc("onm1.service")}; systemctl daemon-reload; systemctl start onm1`,
        clean: `${removed("onm1.service", "srv-m1.mount")}; rmdir /srv/m1`,
        sections: { Mount: { Options: "size=2M,noexec" } },
        effect: "systemctl show -p Options --value srv-m1.mount",
        before: expect.stringMatching(/^rw,relatime,size=1024k/) as unknown as string,
        after: expect.stringMatching(/^rw,noexec,relatime,size=2048k/) as unknown as string,
        processes: pidOf("onm1.service"),
        restarts: false,
    },
    {
        ...service("a mount generated from /etc/fstab", "srv-m2.mount", "", ""),
        make: "mkdir -p /srv/m2; cp -a /etc/fstab /root/fstab 2>/dev/null; echo 'tmpfs /srv/m2 tmpfs size=1M 0 0' >>/etc/fstab; systemctl daemon-reload; systemctl start srv-m2.mount",
        clean: "systemctl stop srv-m2.mount; rm /etc/fstab; mv /root/fstab /etc/fstab 2>/dev/null; systemctl daemon-reload; rmdir /srv/m2",
        sections: { Mount: { Options: "size=2M,noexec" } },
        effect: "systemctl show -p Options --value srv-m2.mount",
        before: expect.stringMatching(/^rw,relatime,size=1024k/) as unknown as string,
        after: expect.stringMatching(/^rw,noexec,relatime,size=2048k/) as unknown as string,
        processes: "true",
        restarts: false,
    },
    {
        ...service("a target, whose units aren't restarted", "ta1.target", "", ""),
        make: `printf '[Unit]\\nDescription=old\\n' >${inEtc("ta1.target")}; printf '[Unit]\\nPartOf=ta1.target\\n[Service]\\nExecStart=/bin/sleep infinity\\n' >${inEtc("ofta1.service")}; systemctl daemon-reload; systemctl start ta1.target ofta1`,
        clean: removed("ofta1.service", "ta1.target"),
        sections: { Unit: { Description: "new" } },
        effect: "systemctl show -p Description --value ta1.target",
        before: "old",
        after: "new",
        processes: pidOf("ofta1.service"),
        restarts: false,
    },
    // A container supports neither automounts nor swaps, so only the settings that systemd read are compared.
    {
        ...service("an automount that isn't active", "srv-am1.automount", "", ""),
        make: `printf '[Automount]\\nWhere=/srv/am1\\nTimeoutIdleSec=10\\n' >${inEtc("srv-am1.automount")}; printf '[Mount]\\nWhat=tmpfs\\nType=tmpfs\\nWhere=/srv/am1\\n' >${inEtc("srv-am1.mount")}; systemctl daemon-reload`,
        clean: removed("srv-am1.automount", "srv-am1.mount"),
        sections: { Automount: { TimeoutIdleSec: 20 } },
        effect: "systemctl show -p TimeoutIdleUSec,ActiveState --value srv-am1.automount | sort",
        before: "10s\ninactive",
        after: "20s\ninactive",
        processes: "true",
        restarts: false,
    },
    {
        ...service("a swap that isn't active", "srv-sw1.swap", "", ""),
        make: `printf '[Swap]\\nWhat=/srv/sw1\\nPriority=1\\n' >${inEtc("srv-sw1.swap")}; systemctl daemon-reload`,
        clean: removed("srv-sw1.swap"),
        sections: { Swap: { Priority: 2 } },
        effect: "systemctl show -p Priority,ActiveState --value srv-sw1.swap | sort",
        before: "1\ninactive",
        after: "2\ninactive",
        processes: "true",
        restarts: false,
    },
];
