import { mkdirSync } from "node:fs";
import { buildImage, resolveSource } from "../../../provider/image/image";
import type { FilesSource } from "../../../provider/image/sources/files/schema";
import { Store } from "../../../provider/image/store/store";
import { placed, sentence } from "../sentences";
import { hello, workspace } from "../workspace";
import { sourceOf } from "./os-tree";

const UNIT = { name: "hello.service", text: "[Service]\nExecStart=/opt/hello\n" };
const deep = (levels: number) => Array.from({ length: levels }, () => "d".repeat(199)).join("/");
const PROGRAM = { content: "#!/opt/sh\n", mode: "0755" };

function imageOf(more: Partial<FilesSource>) {
    const { programDirectory } = hello();
    const files = { units: [UNIT], ...more, tree: { "/opt/hello": PROGRAM, ...(more.tree as object) } };
    return [{ files }, { name: "hello", version: "1", programDirectory }] as const;
}

async function messages(more: Partial<FilesSource>): Promise<string[]> {
    const { failures } = await resolveSource(...imageOf(more));
    return placed(failures).filter((message) => !message.includes("/opt/sh"));
}

const CASES: [title: string, files: Partial<FilesSource>, expected: string][] = [
    [
        "a name of 256 bytes",
        { tree: { [`/usr/${"n".repeat(256)}`]: { content: "x" } } },
        "its name has 256 bytes, and Linux takes 255. Shorten it.",
    ],
    [
        "a name of fewer characters",
        { tree: { [`/usr/${"ü".repeat(128)}`]: { content: "x" } } },
        "its name has 256 bytes, and Linux takes 255. Shorten it.",
    ],
    [
        "a path of directories within directories",
        { tree: { [`/usr/${deep(25)}`]: { content: "x" } } },
        "its path has 4204 bytes, and Linux takes 4095. Move it, or shorten names.",
    ],
    [
        "a NUL in a target",
        { tree: { "/usr/a": { symlink: "x\0y" } } },
        "/usr/a: its target holds a NUL character. Correct the target of the symbolic link.",
    ],
    [
        "a target that is too long",
        { tree: { "/usr/a": { symlink: "x".repeat(5000) } } },
        "/usr/a: its target has 5000 bytes, and Linux takes 4095. Correct the target of the symbolic link.",
    ],
    [
        "a NUL in a unit",
        { units: [{ ...UNIT, text: `${UNIT.text}#\0\n` }] },
        "hello.service:3: it holds a NUL character, where systemd ends the line. Remove it, or save the file as UTF-8.",
    ],
    [
        "a NUL in a value",
        { units: [{ ...UNIT, text: `${UNIT.text}Nice=@x@\n` }], substitutions: { x: "\0" } },
        "hello.service:3: it holds a NUL character, where systemd ends the line. Remove it, or save the file as UTF-8.",
    ],
];

test.each(CASES)("%s is reported before anything is built", async (_, files, expected) => {
    expect(await messages(files)).toEqual([expect.stringContaining(expected)]);
});

test.each(["squashfs", "erofs"] as const)("%s: names of 254 bytes and line feeds are packed", async (format) => {
    const { programDirectory, source } = await sourceOf("directory", { [`/usr/${"n".repeat(253)}\n`]: "x" });
    const args = { name: "hello", version: "1", programDirectory, format };
    expect((await buildImage(source, args, new Store(workspace()))).sizeBytes).toBeGreaterThan(0);
});

test("a name that only erofs can't store is refused by its packer", async () => {
    const { programDirectory, source } = await sourceOf("directory", { [`/usr/${"n".repeat(255)}`]: "x" });
    const args = { name: "hello", version: "1", programDirectory };
    expect((await buildImage(source, args, new Store(workspace()))).sizeBytes).toBeGreaterThan(0);
    const packed = buildImage(source, { ...args, format: "erofs" }, new Store(workspace()));
    // Later versions of mkfs.erofs accept it.
    await packed.catch((error: Error) =>
        expect(error.message).toContain(
            "is too long to be packed as erofs: mkfs.erofs takes names of up to 254 bytes.",
        ),
    );
});

test("a local directory that is deeper than PATH_MAX is reported", async () => {
    const programDirectory = workspace();
    const start = process.cwd();
    // The directory is deeper than PATH_MAX, so it is made step by step with relative paths.
    process.chdir(programDirectory);
    try {
        mkdirSync("os/etc", { recursive: true });
        for (const name of ["os", ...deep(25).split("/")]) {
            mkdirSync(name, { recursive: true });
            process.chdir(name);
        }
    } finally {
        process.chdir(start);
    }
    const { failures } = await resolveSource(
        { directory: { path: "os" } },
        { name: "hello", version: "1", programDirectory },
    );
    expect(failures.map(sentence)).toEqual([expect.stringContaining("has a path that is too long for this machine")]);
});
