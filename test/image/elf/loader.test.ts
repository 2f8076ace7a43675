import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { readElf } from "../../../provider/image/elf/elf";
import { Loader } from "../../../provider/image/elf/loader";
import { readingContent } from "../../../provider/image/tree/content";
import { RootFiles } from "../../../provider/image/tree/root-files";
import { workspace } from "../workspace";
import { ARM64, a, b, GLIBC, loaded, NIX, type Row } from "./loaded";

describe("glibc's loader", () => {
    test.each<Row>([
        [
            "DT_RPATH counts for libraries of libraries",
            a({ rpath: "/x" }),
            { "/x/liba.so": b, "/x/libb.so": {} },
            ["/x/liba.so", "/x/libb.so"],
        ],
        ["DT_RUNPATH doesn't", a({ runPath: "/x" }), { "/x/liba.so": b, "/x/libb.so": {} }, ["/x/liba.so", "?libb.so"]],
        [
            "DT_RUNPATH of a library makes it forget the program's DT_RPATH",
            a({ rpath: "/x" }),
            { "/x/liba.so": { ...b, runPath: "/y" }, "/x/libb.so": {} },
            ["/x/liba.so", "?libb.so"],
        ],
        [
            "DT_RPATH beside DT_RUNPATH doesn't count",
            a({ rpath: "/x", runPath: "/y" }),
            { "/x/liba.so": {} },
            ["?liba.so"],
        ],
        [
            "DT_RPATH of a library counts for what it needs, not for others",
            { needed: ["liba.so", "libc.so"], rpath: "/x" },
            {
                "/x/liba.so": { ...b, rpath: "/y" },
                "/y/libb.so": { needed: ["libd.so"] },
                "/y/libd.so": {},
                "/y/libc.so": {},
            },
            ["/x/liba.so", "/y/libb.so", "/y/libd.so", "?libc.so"],
        ],
        [
            "DT_RPATH comes before LD_LIBRARY_PATH",
            a({ rpath: "/x" }),
            { "/x/liba.so": {}, "/l/liba.so": {} },
            ["/x/liba.so"],
            ["/l"],
        ],
        [
            "DT_RUNPATH comes after it",
            a({ runPath: "/x" }),
            { "/x/liba.so": {}, "/l/liba.so": {} },
            ["/l/liba.so"],
            ["/l"],
        ],
        [
            "the origin of the program is where its link leads",
            a({ runPath: "$ORIGIN/../lib" }),
            {
                "/usr/bin/app": "-> /opt/app/bin/app",
                "/opt/app/bin/app": { interpreter: GLIBC, ...a({ runPath: "$ORIGIN/../lib" }) },
                "/opt/app/lib/liba.so": {},
                "/usr/lib/libx.so": {},
            },
            ["/opt/app/bin/../lib/liba.so"],
        ],
        [
            "the origin of a library is where it was found",
            a(),
            {
                "/usr/lib/liba.so": "-> /opt/a/liba.so.1",
                "/opt/a/liba.so.1": { ...b, runPath: "${ORIGIN}" },
                "/opt/a/libb.so": {},
            },
            ["/usr/lib/liba.so", "?libb.so"],
        ],
        [
            "LIB is a directory of libraries",
            a({ runPath: "/x/$LIB" }),
            { "/x/lib64/liba.so": {} },
            ["/x/lib64/liba.so"],
        ],
        [
            "ld.so.conf counts through the cache, before the built-in directories",
            a(),
            {
                "/etc/ld.so.cache": "",
                "/etc/ld.so.conf": "include ld.so.conf.d/*.conf /etc/more\n",
                "/etc/ld.so.conf.d/x.conf": "/x/ # a comment\n",
                "/etc/ld.so.conf.d/y": "/y\n",
                "/etc/more": "/z=libc6\n",
                "/x/liba.so": b,
                "/usr/lib/liba.so": {},
                "/y/libb.so": {},
                "/z/libb.so": {},
            },
            ["/x/liba.so", "/z/libb.so"],
        ],
        ["not without it", a(), { "/etc/ld.so.conf": "/x\n", "/x/liba.so": {} }, ["?liba.so"]],
        ["/usr/local/lib isn't built in", a(), { "/usr/local/lib/liba.so": {} }, ["?liba.so"]],
        ["directories of its own architecture only", a(), { "/usr/lib/aarch64-linux-gnu/liba.so": {} }, ["?liba.so"]],
        [
            "the order of those that are built in",
            { needed: ["liba.so", "libb.so"] },
            {
                "/usr/lib/liba.so": {},
                "/lib/x86_64-linux-gnu/liba.so": {},
                "/usr/lib/libb.so": {},
                "/usr/lib64/libb.so": {},
            },
            ["/lib/x86_64-linux-gnu/liba.so", "/usr/lib64/libb.so"],
        ],
        [
            "files for other architectures are passed over",
            a({ runPath: "/x" }),
            { "/x/liba.so": ARM64, "/usr/lib/liba.so": {} },
            ["/usr/lib/liba.so"],
        ],
        [
            "what was loaded is known by its SONAME too",
            { needed: ["liba.so", "liba.so.1"] },
            { "/lib/liba.so": { soname: "liba.so.1" } },
            ["/lib/liba.so"],
        ],
        ["a path needs no search", { needed: ["/x/liba.so"] }, { "/x/liba.so": {} }, ["/x/liba.so"]],
        ["the loader is loaded already", { needed: ["ld-linux-x86-64.so.2"] }, {}, []],
    ])("%s", async (_, program, files, expected, libraryPath = []) => {
        expect(await loaded(GLIBC, program, files, libraryPath)).toEqual(expected);
    });

    test("in a Nix store searches only its own directory, and ignores ld.so.conf", async () => {
        const program = { needed: ["liba.so", "libb.so", "libc.so"] };
        const files = { "/lib/liba.so": {}, "/etc/ld.so.cache": "", "/etc/ld.so.conf": "/x\n", "/x/libb.so": {} };
        const own = NIX.replace(/[^/]*$/, "libc.so");
        expect(await loaded(NIX, program, { ...files, [own]: {} })).toEqual([own, "?liba.so", "?libb.so"]);
    });
});

const hasCompiler = spawnSync("cc", ["--version"]).status === 0 && process.arch === "x64";

/** Links an object that needs others, with these directories as its DT_RPATH or DT_RUNPATH. */
function compile(file: string, needed: string[], kind: "rpath" | "runpath", runPath: string[], isProgram: boolean) {
    const directory = path.dirname(file);
    mkdirSync(directory, { recursive: true });
    const shape = isProgram ? ["-no-pie", `-Wl,-I,${GLIBC}`] : ["-shared", "-fPIC"];
    const tags = kind === "rpath" ? "-Wl,--disable-new-dtags" : "-Wl,--enable-new-dtags";
    const paths = runPath.length === 0 ? [] : [`-Wl,-rpath,${runPath.join(":")}`];
    const links = needed.map((name) => `-l:${name}`);
    const options = ["-nostdlib", ...shape, tags, ...paths, "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined"];
    execFileSync(
        "cc",
        [
            "-x",
            "c",
            "-",
            "-o",
            file,
            ...options,
            `-L${directory}/../stubs`,
            "-Wl,--unresolved-symbols=ignore-all",
            ...links,
        ],
        {
            input: isProgram ? "void _start(void) {}" : "int nothing;",
        },
    );
}

(hasCompiler ? test : test.skip)(
    "the same libraries are found as by this machine's loader",
    async () => {
        const top = workspace();
        const stubs = path.join(top, "stubs");
        for (const name of ["libpta.so", "libptb.so"]) compile(path.join(stubs, name), [], "runpath", [], false);
        const directories = ["x", "y", "z"].map((name) => path.join(top, name));
        const some = fc.subarray(directories);
        const kind = fc.constantFrom("rpath" as const, "runpath" as const);
        let count = 0;
        await fc.assert(
            fc.asyncProperty(
                kind,
                some,
                kind,
                some,
                some,
                some,
                some,
                async (appKind, appPath, libraryKind, libraryPath, hasA, hasB, libraryPaths) => {
                    const run = path.join(top, `run${count++}`);
                    const inRun = (directory: string) => directory.replace(top, run);
                    mkdirSync(run);
                    execFileSync("cp", ["-r", stubs, run]);
                    const app = path.join(run, "bin/app");
                    compile(app, ["libpta.so"], appKind, appPath.map(inRun), true);
                    for (const place of hasA)
                        compile(
                            path.join(inRun(place), "libpta.so"),
                            ["libptb.so"],
                            libraryKind,
                            libraryPath.map(inRun),
                            false,
                        );
                    for (const place of hasB) compile(path.join(inRun(place), "libptb.so"), [], "runpath", [], false);
                    const env = { LD_TRACE_LOADED_OBJECTS: "1", LD_LIBRARY_PATH: libraryPaths.map(inRun).join(":") };
                    const output = spawnSync(app, { env, encoding: "utf8" }).stdout;
                    const theirs = [...output.matchAll(/(libpt.)\.so => (\S+)/g)].map(([, name, where]) =>
                        where === "not" ? `?${name}.so` : where,
                    );
                    const root = new RootFiles("/");
                    const loader = new Loader({
                        async file(written) {
                            const found = await root.find(written);
                            return found?.status.isFile()
                                ? { path: found.path, content: { localPath: found.path } }
                                : undefined;
                        },
                        elf: (file) => readingContent(file, readElf),
                        text: (written) => root.text(written),
                        names: (directory) => root.names(directory),
                        isConfigured: async () => true,
                    });
                    const elf = await readingContent({ content: { localPath: app } }, readElf);
                    if (elf === undefined) throw new Error("the compiler made no program");
                    const program = {
                        name: "app",
                        path: app,
                        file: { path: app, content: { localPath: app } },
                        elf,
                        isConfigured: false,
                    };
                    const { libraries, missing } = await loader.load(program, { libraryPath: libraryPaths.map(inRun) });
                    expect(
                        [...libraries.map((found) => found.path), ...missing.map(({ name }) => `?${name}`)].sort(),
                    ).toEqual(theirs.sort());
                },
            ),
            { numRuns: 25, endOnFailure: true },
        );
    },
    60_000,
);
