import { buildImage, resolveSource } from "../../../../provider/image/image";
import type { FilesSource } from "../../../../provider/image/sources/files/schema";
import { Store } from "../../../../provider/image/store/store";
import { Asset, UNKNOWN } from "../../../../provider/schema/values";
import { type ElfParts, elfFile } from "../../elf/elf-file";
import { listing } from "../../listing";
import { placed } from "../../sentences";
import { workspace } from "../../workspace";

const LOADER = "/lib64/ld-linux-x86-64.so.2";
const library = (parts: ElfParts = {}) => elfFile(parts);
const program = (parts: ElfParts = {}) => elfFile({ interpreter: LOADER, needed: ["libc.so.6"], ...parts });

/** Files of a system with a C library, its loader, certificates and a time zone. */
const SYSTEM = {
    "os/lib64": "-> usr/lib64",
    "os/lib": "-> usr/lib",
    "os/usr/lib64/ld-linux-x86-64.so.2": "-> ../lib/x86_64-linux-gnu/ld.so",
    "os/usr/lib/x86_64-linux-gnu/ld.so": library(),
    "os/usr/lib/x86_64-linux-gnu/libc.so.6": library({
        soname: "libc.so.6",
        versions: ["libc.so.6", "GLIBC_2.2.5", "GLIBC_2.10", "GLIBC_2.9", "GLIBC_PRIVATE"],
    }),
    "os/etc/ssl/certs/ca-certificates.crt": "certificates\n",
    "os/usr/share/zoneinfo/Europe/Berlin": "zone\n",
    "os/usr/share/zoneinfo/UTC": "-> Etc/UTC",
    "os/usr/share/zoneinfo/Etc/UTC": "zone\n",
    "os/usr/share/zoneinfo/right/UTC": "leap\n",
};

function setting(files: Record<string, string | Buffer>, source: Partial<FilesSource>) {
    const programDirectory = workspace({ ...SYSTEM, ...files });
    const units = [{ name: "app.service", text: "[Service]\nExecStart=/usr/bin/app\n" }];
    return [{ files: { units, ...source } }, { name: "app", version: "1", programDirectory }] as const;
}

const app = (path = "/usr/bin/app") => ({ path, root: "os" });

/** Paths in the image, without the files that every image has. */
async function packed(files: Record<string, string | Buffer>, source: Partial<FilesSource> = { binaries: [app()] }) {
    const { file } = await buildImage(...setting(files, source), new Store(workspace()));
    return listing(file)
        .filter((line) => !line.startsWith("d") && !/ \/etc\/(?!ssl|localtime)|app\.service|os-release/.test(line))
        .map((line) =>
            line
                .replace(" 0/0", "")
                .replace(/^-rwxr-xr-x/, "x")
                .replace(/^-rw-r--r--/, "-")
                .replace(/^lrwxrwxrwx/, "l"),
        );
}

async function messages(files: Record<string, string | Buffer>, source: Partial<FilesSource> = { binaries: [app()] }) {
    const { failures, warnings } = await resolveSource(...setting(files, source));
    return placed([...failures, ...warnings]);
}

const ALWAYS = [
    "l /etc/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt",
    "- /etc/ssl/certs/ca-certificates.crt",
    "l /lib -> usr/lib",
    "l /lib64 -> usr/lib64",
    "l /usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt",
    "x /usr/lib/x86_64-linux-gnu/ld.so",
    "- /usr/lib/x86_64-linux-gnu/libc.so.6",
    "l /usr/lib64/ld-linux-x86-64.so.2 -> ../lib/x86_64-linux-gnu/ld.so",
    "- /usr/share/zoneinfo/Etc/UTC",
    "- /usr/share/zoneinfo/Europe/Berlin",
    "- /usr/share/zoneinfo/UTC",
];

const sorted = (lines: string[]) => lines.sort((a, b) => ((a.split(" ")[1] ?? "") < (b.split(" ")[1] ?? "") ? -1 : 1));

test("a program is added with its loader, libraries, certificates and time zones, and links are kept", async () => {
    expect(await packed({ "os/usr/bin/app": program() })).toEqual(sorted([...ALWAYS, "x /usr/bin/app"]));
});

describe("libraries are found as the loader finds them", () => {
    test.each<[string, ElfParts, Record<string, Buffer | string>, string[]]>([
        [
            "by a run path from where the program lies, and of what these need",
            { needed: ["liba.so.1", "libc.so.6"], runPath: "/nowhere:$ORIGIN/../lib/app" },
            {
                "os/usr/lib/app/liba.so.1": "-> liba.so.1.2",
                "os/usr/lib/app/liba.so.1.2": library({ needed: ["libb.so.1"] }),
                "os/usr/lib/x86_64-linux-gnu/libb.so.1": library(),
            },
            [
                "l /usr/lib/app/liba.so.1 -> liba.so.1.2",
                "- /usr/lib/app/liba.so.1.2",
                "- /usr/lib/x86_64-linux-gnu/libb.so.1",
            ],
        ],
        [
            "by DT_RPATH of the program, for what its libraries need too",
            { needed: ["liba.so.1", "libc.so.6"], rpath: "/opt/x" },
            { "os/opt/x/liba.so.1": library({ needed: ["libb.so.1"] }), "os/opt/x/libb.so.1": library() },
            ["- /opt/x/liba.so.1", "- /opt/x/libb.so.1"],
        ],
        [
            "by the system's configuration, which the image doesn't have: then a link stands where every loader looks",
            { needed: ["liba.so.1", "libc.so.6"] },
            {
                "os/etc/ld.so.conf": "# comment\ninclude /etc/ld.so.conf.d/*.conf\n",
                "os/etc/ld.so.conf.d/x.conf": "/opt/x/\n",
                "os/etc/ld.so.conf.d/y.old": "/opt/y\n",
                "os/opt/x/liba.so.1": library(),
                "os/opt/y/liba.so.1": library(),
            },
            ["- /opt/x/liba.so.1", "l /usr/lib/x86_64-linux-gnu/liba.so.1 -> /opt/x/liba.so.1"],
        ],
        [
            "past those for another architecture",
            { needed: ["liba.so.1", "libc.so.6"] },
            {
                "os/usr/lib/x86_64-linux-gnu/liba.so.1": library({ machine: 183 }),
                "os/usr/lib64/liba.so.1": library(),
            },
            ["- /usr/lib64/liba.so.1"],
        ],
        [
            "and what the C library opens later, where it is a file of its own",
            {},
            { "os/usr/lib/x86_64-linux-gnu/libgcc_s.so.1": library() },
            ["- /usr/lib/x86_64-linux-gnu/libgcc_s.so.1"],
        ],
    ])("%s", async (_, parts, files, more) => {
        expect(await packed({ "os/usr/bin/app": program(parts), ...files })).toEqual(
            sorted([...ALWAYS, "x /usr/bin/app", ...more]),
        );
    });
});

test("scripts are added with their interpreters, including those that env finds", async () => {
    const files = {
        "os/usr/bin/app": "#!/usr/bin/env tool\n",
        "os/usr/bin/env": program(),
        "os/usr/local/bin/tool": "#! /usr/bin/sh -e\n",
        "os/usr/bin/sh": "-> dash",
        "os/usr/bin/dash": program(),
    };
    expect(await packed(files)).toEqual(
        sorted([
            ...ALWAYS,
            "x /usr/bin/app",
            "x /usr/bin/dash",
            "x /usr/bin/env",
            "l /usr/bin/sh -> dash",
            "x /usr/local/bin/tool",
        ]),
    );
});

test("a directory is added completely, with the libraries of its modules", async () => {
    const files = {
        "os/usr/bin/app": program(),
        "os/usr/lib/app/module.so": library({ needed: ["liba.so.1"] }),
        "os/usr/lib/app/foreign.so": library({ machine: 183, needed: ["libnone.so"] }),
        "os/usr/lib/app/deep/site.py": "-> /etc/ssl/site.py",
        "os/usr/lib/app/deep/__pycache__/site.pyc": "cache",
        "os/etc/ssl/site.py": "x\n",
        "os/usr/lib/x86_64-linux-gnu/liba.so.1": library(),
    };
    expect(await packed(files, { binaries: [app(), app("/usr/lib/app")] })).toEqual(
        sorted([
            ...ALWAYS,
            "- /etc/ssl/site.py",
            "x /usr/bin/app",
            "l /usr/lib/app/deep/site.py -> /etc/ssl/site.py",
            "- /usr/lib/app/foreign.so",
            "- /usr/lib/app/module.so",
            "- /usr/lib/x86_64-linux-gnu/liba.so.1",
        ]),
    );
});

test("a program of `tree` can be one of `binaries`, and its libraries come from the root", async () => {
    const tree = {
        "/usr/bin/app": { asset: new Asset({ path: "bin/app" }) },
        "/etc/ssl/certs/ca-certificates.crt": { content: "mine" },
        "/usr/share/zoneinfo": { directory: true },
    };
    const found = await packed({ "bin/app": program() }, { tree, binaries: [app()] });
    expect(found).toEqual([
        "- /etc/ssl/certs/ca-certificates.crt",
        ...sorted([...ALWAYS, "x /usr/bin/app"]).filter((line) => !/ssl|zoneinfo/.test(line)),
    ]);
});

describe("missing and unusable files are reported", () => {
    const property = "source.files.binaries[0]";
    test.each<[string, Record<string, Buffer | string>, string[]]>([
        [
            "no such program",
            {},
            [
                `${property}: There is no /usr/bin/app in /os. Install the package that brings it there, or correct the path.`,
            ],
        ],
        [
            "a dangling link",
            { "os/usr/bin/app": "-> gone" },
            [expect.stringContaining("There is no /usr/bin/app in /os.")],
        ],
        [
            "a library",
            { "os/usr/bin/app": program({ needed: ["liba.so.1"] }) },
            [
                `${property}: /usr/bin/app needs the library liba.so.1, and there is none in /os. Install the package that brings it there.`,
            ],
        ],
        [
            "a library of a library",
            {
                "os/usr/bin/app": program({ needed: ["liba.so.1"] }),
                "os/usr/lib64/liba.so.1": library({ needed: ["libb.so.1"] }),
            },
            [
                expect.stringContaining(
                    "/usr/bin/app needs the library libb.so.1 for /lib64/liba.so.1, and there is none",
                ),
            ],
        ],
        [
            "a library for another architecture",
            {
                "os/usr/bin/app": program({ needed: ["liba.so.1"] }),
                "os/usr/lib64/liba.so.1": library({ machine: 183 }),
            },
            [
                `${property}: /usr/bin/app needs the library liba.so.1, and only one for another architecture than x86-64 is in /os. Install it there for x86-64.`,
            ],
        ],
        [
            "the loader of another system",
            { "os/usr/bin/app": elfFile({ interpreter: "/lib/ld-musl-x86_64.so.1" }) },
            [
                `${property}: /usr/bin/app is started by the loader /lib/ld-musl-x86_64.so.1, and there is none in /os: it was built for another system. Build it there or statically, or give the \`root\` of its system.`,
            ],
        ],
        [
            "a newer C library",
            { "os/usr/bin/app": program({ neededVersions: { "libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.38"] } }) },
            [
                `${property}: /usr/bin/app needs GLIBC_2.38 of libc.so.6, and /lib/x86_64-linux-gnu/libc.so.6 in /os is older, up to GLIBC_2.10. Build it on that system, or give the \`root\` of a newer one.`,
            ],
        ],
        [
            "a script's interpreter",
            { "os/usr/bin/app": "#!/usr/bin/python3\n" },
            [
                `${property}: The script /usr/bin/app is run by /usr/bin/python3, and there is none in /os. Install it there.`,
            ],
        ],
        [
            "what env would find",
            { "os/usr/bin/app": "#!/usr/bin/env ruby\n", "os/usr/bin/env": program() },
            [`${property}: The script /usr/bin/app is run by ruby, and there is none in /os. Install it there.`],
        ],
    ])("%s", async (_, files, expected) => {
        const sentences = await messages(files);
        expect(sentences.filter((message) => message.startsWith("source.files.binaries"))).toEqual(expected);
    });

    test("programs for two architectures are reported", async () => {
        const files = { "os/usr/bin/app": program(), "os/usr/bin/other": elfFile({ type: 2, machine: 183 }) };
        expect(await messages(files, { binaries: [app(), app("/usr/bin/other")] })).toEqual([
            "source.files.binaries[1]: /usr/bin/other is for arm64 and /usr/bin/app for x86-64: the programs of an image are for one architecture. Take them from one system.",
        ]);
    });

    test.each(["usr/bin/app", "/usr/../app", "nginx"])("the path '%s' is reported", async (path) => {
        const [first] = await messages({}, { binaries: [path] });
        expect(first).toBe(
            `source.files.binaries[0]: '${path}' is not a path from the root of a system. Write it as /usr/sbin/nginx; a program of your own goes to \`tree\`, and its path in the image here.`,
        );
    });
});

test("unknown values aren't reported as missing", async () => {
    for (const binaries of [UNKNOWN, [UNKNOWN], [{ path: UNKNOWN }]]) {
        const [source, args] = setting({}, {});
        const { failures, sourceDigest } = await resolveSource(
            { files: { ...source.files, binaries } } as Parameters<typeof resolveSource>[0],
            args,
        );
        expect(failures).toEqual([]);
        expect(sourceDigest).toBe(UNKNOWN);
    }
});
