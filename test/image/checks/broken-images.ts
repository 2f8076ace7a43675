import { elfFile } from "../elf/elf-file";
import { dynamic, type Kind, LIBRARIES, LOADER, type Part, UNITS } from "./os-tree";

const unit = (text: string, name = "hello.service") => ({ [`${UNITS}/${name}`]: text });
const service = (lines: string) => unit(`[Service]\nExecStart=/usr/bin/hello\n${lines}\n`);
export const program = (content: Part) => ({ "/usr/bin/hello": content });
/** Sources with a complete system; `files` adds missing files of it by itself. */
const OWN: Kind[] = ["directory", "oci", "raw", "erofs"];
const STATIC =
    "Link the program statically, or add the loader and the libraries: `binaries` of the source `files` brings them";
const LIBRARY = "Add it, or link the program statically: `binaries` of the source `files` brings libraries along";

/** What is wrong, the change to a complete image, the expected finding, and the sources that report it (default: all). */
export const BROKEN: [string, Record<string, Part | undefined>, string, Kind[]?][] = [
    [
        "no os-release",
        { "/usr/lib/os-release": undefined },
        "/usr/lib/os-release: the image has no os-release, and portablectl refuses it. Add /usr/lib/os-release with ID= and VERSION_ID=, as os-release(5) says.",
        ["raw", "erofs"],
    ],
    [
        "an os-release for other units",
        {
            "/usr/lib/os-release": 'ID=test\nPORTABLE_PREFIXES="web db"\n',
            "/etc/os-release": "-> ../usr/lib/os-release",
        },
        "/etc/os-release:2: PORTABLE_PREFIXES=web db doesn't have 'hello', so portablectl refuses to attach units of that prefix. Add 'hello' to it, or give the image the `name` 'web' or 'db'.",
        OWN,
    ],
    [
        "no machine-id",
        { "/etc/machine-id": undefined },
        "/etc/machine-id: it isn't in the image, and the profiles of systemd bind the host's there: a service would end with 226/NAMESPACE. Add an empty file /etc/machine-id.",
        ["raw", "erofs"],
    ],
    [
        "no directory for processes",
        { "/proc": undefined },
        "/proc: it isn't in the image, and systemd mounts over it: a service would end with 226/NAMESPACE. Add the directory /proc.",
        ["raw", "erofs"],
    ],
    [
        "no mount point for the state",
        service("StateDirectory=hello/data"),
        "hello.service:3: /var/lib/hello/data isn't in the image, and StateDirectory= needs it: a service would end with 226/NAMESPACE. Add the directory /var/lib/hello/data.",
        ["raw", "erofs"],
    ],
    [
        "no mount point for configuration",
        service("BindReadOnlyPaths=/etc/hello.conf"),
        "hello.service:3: /etc/hello.conf isn't in the image, and BindReadOnlyPaths= needs it: a service would end with 226/NAMESPACE. Add an empty file /etc/hello.conf.",
        ["raw", "erofs"],
    ],
    [
        "a file in place of the state's directory",
        { ...service("StateDirectory=hello"), "/var/lib/hello": "x" },
        "hello.service:3: StateDirectory= needs the directory /var/lib/hello, and in the image that is a file. Remove the file, or choose another directory.",
    ],
    [
        "a root that others can't enter",
        { "/": { content: "/", mode: 0o700 } },
        "/: the root directory has mode 0700, so a service that isn't root's can't enter it (200/CHDIR). Give it mode 0755.",
        ["raw", "erofs"],
    ],
    [
        "no unit of the name",
        { ...unit("[Service]\nExecStart=/usr/bin/hello\n", "web.service"), [`${UNITS}/hello.service`]: undefined },
        "The image has no unit of 'hello', so there is nothing to attach: it has web.service. Name a unit hello.service or hello-*.service, or set the image's `name`.",
        ["raw", "erofs"],
    ],
    [
        "a line that is no setting",
        unit("[Service]\nExecStart=/usr/bin/hello\nRestart\n"),
        "hello.service:3: 'Restart' is not an assignment KEY=VALUE, so systemd skips the line. Correct the line.",
    ],
    [
        "no [Service]",
        unit("[Unit]\nDescription=hello\n"),
        "hello.service: it has no [Service] section, so systemd refuses it. Add the section, with ExecStart=.",
    ],
    [
        "nothing to start",
        unit("[Service]\nType=simple\n"),
        "hello.service: it has no ExecStart=, so systemd refuses it. Add ExecStart= with the program to run.",
    ],
    [
        "two programs at once",
        service("ExecStart=/usr/bin/hello --again"),
        "hello.service:3: it has 2 commands in ExecStart=, and only Type=oneshot may have more than one: systemd refuses it. Keep one, move the others to ExecStartPre=, or set Type=oneshot.",
    ],
    [
        "a quote that isn't closed",
        unit('[Service]\nExecStart=/usr/bin/hello "a\n'),
        "hello.service:2: ExecStart= has a quote that isn't closed, so systemd skips the line. Close the quote.",
    ],
    [
        "a relative program",
        unit("[Service]\nExecStart=bin/hello\n"),
        "hello.service:2: ExecStart= has 'bin/hello', neither an absolute path nor a name without a slash: systemd skips the line. Write the path in the image, as /usr/bin/hello.",
        OWN,
    ],
    [
        "an image of its own",
        service("RootDirectory=/srv/root"),
        "hello.service:3: RootDirectory= takes the place of the image that portablectl attaches the unit with. Remove it.",
    ],
    [
        "D-Bus without a name",
        service("Type=dbus"),
        "hello.service:3: Type=dbus needs BusName=, so systemd refuses it. Add BusName=, or use another Type=.",
    ],
    [
        "no program",
        program(undefined as unknown as Part),
        "hello.service:2: ExecStart= runs /usr/bin/hello, and the image has no such file. Add it, or correct the path.",
        OWN,
    ],
    [
        "a program that may not be executed",
        program({ content: elfFile(), mode: 0o644 }),
        "hello.service:2: ExecStart= runs /usr/bin/hello, which may not be executed: it has mode 0644. Give it mode 0755.",
        OWN,
    ],
    [
        "an empty program",
        program({ content: "", mode: 0o755 }),
        "hello.service:2: ExecStart= runs /usr/bin/hello, an empty file. Build it again.",
    ],
    [
        "a script without its first line",
        program({ content: "echo hello\n", mode: 0o755 }),
        "hello.service:2: ExecStart= runs /usr/bin/hello, neither a program (ELF) nor a script: its first line has no #!, the mark of one. Start a script with #! and its interpreter, as #!/bin/sh.",
    ],
    [
        "a script without its interpreter",
        program({ content: "#!/bin/bash\n", mode: 0o755 }),
        "hello.service:2: ExecStart= runs /usr/bin/hello, a script for /bin/bash, and the image has no such file. Add it, or correct the path.",
    ],
    [
        "a script whose env finds nothing",
        { ...program({ content: "#!/usr/bin/env -S python3 -u\n", mode: 0o755 }), "/usr/bin/env": elfFile() },
        "hello.service:2: ExecStart= runs /usr/bin/hello, a script for python3, and the image has no such file. Add it, or correct the path.",
    ],
    [
        "a script from Windows",
        program({ content: "#!/bin/sh\r\necho\r\n", mode: 0o755 }),
        "hello.service:2: ExecStart= runs /usr/bin/hello, a script whose lines end in CR LF: its interpreter's name would end in a CR. Save it with the line ends of Unix (LF).",
    ],
    [
        "an object file",
        program({ content: elfFile({ type: 1 }), mode: 0o755 }),
        "hello.service:2: ExecStart= runs /usr/bin/hello, which isn't a program: an object file, or damaged. Link it, or build it again.",
    ],
    [
        "half a program",
        program({ content: elfFile().subarray(0, 250), mode: 0o755 }),
        `hello.service:2: ExecStart= runs /usr/bin/hello, which is cut short: 250 of ${elfFile().length} bytes are there. Copy or build it again.`,
    ],
    [
        "a program without its loader",
        program({ content: dynamic(), mode: 0o755 }),
        `hello.service:2: ExecStart= runs /usr/bin/hello, a program whose loader is ${LOADER}, and the image has no such file (systemd would only say that hello isn't there). ${STATIC}.`,
    ],
    [
        "a program without a library",
        { ...LIBRARIES, ...program({ content: dynamic({ needed: ["libssl.so.3", "libc.so.6"] }), mode: 0o755 }) },
        `hello.service:2: ExecStart= runs /usr/bin/hello, and it needs libssl.so.3, which isn't in the image. ${LIBRARY}.`,
    ],
    [
        "a library without a library",
        {
            ...LIBRARIES,
            ...program({ content: dynamic({ needed: ["liba.so"], runPath: "$ORIGIN/../lib/hello" }), mode: 0o755 }),
            "/usr/lib/hello/liba.so": elfFile({ soname: "liba.so", needed: ["libb.so", "libc.so.6"] }),
        },
        `hello.service:2: ExecStart= runs /usr/bin/hello, and liba.so needs libb.so, which isn't in the image. ${LIBRARY}.`,
    ],
    [
        "a library for another processor",
        {
            ...LIBRARIES,
            ...program({ content: dynamic({ needed: ["libz.so.1"] }), mode: 0o755 }),
            "/usr/lib/libz.so.1": elfFile({ soname: "libz.so.1", machine: 183 }),
        },
        `hello.service:2: ExecStart= runs /usr/bin/hello, and it needs libz.so.1, /usr/lib/libz.so.1 is for arm64, and the program for x86-64. ${LIBRARY}.`,
    ],
    [
        "a C library that is too old",
        {
            ...LIBRARIES,
            ...program({
                content: dynamic({ neededVersions: { "libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.38"] } }),
                mode: 0o755,
            }),
        },
        "hello.service:2: ExecStart= runs /usr/bin/hello, and it needs GLIBC_2.38 of libc.so.6, and the image's goes up to GLIBC_2.36. Take libc.so.6 from the system where the program was built, or build the program on an older one.",
    ],
    [
        "programs for two processors",
        {
            ...unit("[Service]\nExecStart=/usr/bin/worker\n", "hello-worker.service"),
            "/usr/bin/worker": elfFile({ machine: 183 }),
        },
        "hello.service:2: ExecStart= runs /usr/bin/hello, which is for x86-64, while /usr/bin/worker is for arm64. Build both for the architecture of the host.",
    ],
    [
        "a socket without its service",
        unit("[Socket]\nListenStream=80\n", "hello-web.socket"),
        "hello-web.socket: it starts hello-web.service, and the image has no such unit. Add hello-web.service, or name another with Service=.",
    ],
    [
        "a socket for a service that isn't there",
        unit("[Socket]\nListenStream=80\nService=hello-web.service\n", "hello.socket"),
        "hello.socket:3: Service= names hello-web.service, and the image has no such unit. Add hello-web.service, or correct the name.",
    ],
    [
        "a socket for each connection, without the template",
        unit("[Socket]\nListenStream=80\nAccept=yes\n", "hello.socket"),
        "hello.socket:3: Accept=yes starts hello@.service for each connection, and the image has no such template, only hello.service. Name that hello@.service, or set Accept=no.",
    ],
    [
        "a socket that listens nowhere",
        unit("[Socket]\nAccept=no\n", "hello.socket"),
        "hello.socket: it listens nowhere, so systemd refuses it. Add a [Socket] section with ListenStream=.",
    ],
    [
        "a timer without a time",
        unit("[Timer]\nPersistent=yes\n", "hello.timer"),
        "hello.timer: it never starts anything, so systemd refuses it. Add a [Timer] section with a time, as OnCalendar=.",
    ],
    [
        "a path unit without its service",
        unit("[Path]\nPathExists=/run/x\n", "hello-look.path"),
        "hello-look.path: it starts hello-look.service, and the image has no such unit. Add hello-look.service, or name another with Unit=.",
    ],
];
