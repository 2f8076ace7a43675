import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { sha256 } from "../../../provider/digest";
import { resolveSource } from "../../../provider/image/image";
import { withReadyTree } from "../../../provider/image/pack/unpack";
import type { Tree } from "../../../provider/image/tree/tree";
import { sourceOf } from "../checks/os-tree";
import { workspace } from "../workspace";

/** Entries by path: a file's text, `-> TARGET` for a symbolic link, `= PATH` for a hard link, or "/" for a directory. */
type Parts = Record<string, string>;

/** Packs the parts as a squashfs and reads its listing: by path, `-> TARGET`, the digest of a file, or "/". */
async function readBack(parts: Parts): Promise<Record<string, string>> {
    const directory = workspace();
    const [root, image] = [path.join(directory, "os"), path.join(directory, "image.raw")];
    mkdirSync(root);
    for (const [name, part] of Object.entries(parts)) {
        const file = path.join(root, name);
        mkdirSync(path.dirname(file), { recursive: true });
        if (part === "/") mkdirSync(file, { recursive: true });
        else if (part.startsWith("-> ")) symlinkSync(part.slice(3), file);
        else if (part.startsWith("= ")) linkSync(path.join(root, part.slice(2)), file);
        else writeFileSync(file, part);
    }
    execFileSync("mksquashfs", [root, image, "-all-root", "-quiet", "-no-progress"]);
    const read = await withReadyTree(image, async (tree) => shown(tree));
    if ("unread" in read) throw new Error(read.unread.what);
    return read.found;
}

function shown(tree: Tree): Record<string, string> {
    const found = tree.sorted().map(([name, entry]): [string, string] => {
        if (entry.kind === "symlink") return [name, `-> ${entry.target}`];
        return [name, entry.kind === "directory" ? "/" : entry.sha256];
    });
    return Object.fromEntries(found.filter(([name, what]) => name !== "/" && what !== "/"));
}

test("names and link targets in a squashfs may have line feeds, spaces, quotes and backslashes", async () => {
    const parts = {
        "new\nline": "a",
        'sp ace"q\\b': "b",
        "tab\tx\x01": "c",
        "d\n/in\nside": "d",
        "ha rd\n2": "e",
        hard: "= ha rd\n2",
        "hard\n3": "= ha rd\n2",
        "li\nnk": "-> a b",
        link: "-> tar\nget x\\y",
        "\n": "f",
        [`${"n".repeat(254)}\n`]: "g",
    };
    expect(await readBack(parts)).toEqual({
        "/new\nline": sha256("a"),
        '/sp ace"q\\b': sha256("b"),
        "/tab\tx\x01": sha256("c"),
        "/d\n/in\nside": sha256("d"),
        "/ha rd\n2": sha256("e"),
        "/hard": sha256("e"),
        "/hard\n3": sha256("e"),
        "/li\nnk": "-> a b",
        "/link": "-> tar\nget x\\y",
        "/\n": sha256("f"),
        [`/${"n".repeat(254)}\n`]: sha256("g"),
    });
});

test("any names are read correctly, or the image is refused", async () => {
    const name = fc.string({
        unit: fc.constantFrom("a", "b", " ", "\n", "\\", '"', "'", "L", "R", "1"),
        minLength: 1,
        maxLength: 8,
    });
    const target = fc.string({ unit: fc.constantFrom("a", " ", "\n", "\\", "R", "7"), minLength: 1, maxLength: 8 });
    await fc.assert(
        fc.asyncProperty(
            fc.dictionary(
                name,
                fc.oneof(
                    fc.constant("x"),
                    target.map((target) => `-> ${target}`),
                ),
                { maxKeys: 5 },
            ),
            async (parts) => {
                const expected = Object.entries(parts).map(([key, part]) => [
                    `/${key}`,
                    part === "x" ? sha256("x") : part,
                ]);
                const read = await readBack(parts).catch((error: Error) => error.message);
                if (typeof read === "string") expect(read).toContain("doesn't list clearly");
                else expect(read).toEqual(Object.fromEntries(expected));
            },
        ),
        { numRuns: 25, endOnFailure: true },
    );
});

test("a link target that looks like another entry of the listing isn't taken for one", async () => {
    const read = readBack({ a: "-> x\nfake R 1 644 0 0 5 0", b: "12345" });
    await expect(read).rejects.toThrow("it has names of files that unsquashfs doesn't list clearly");
});

test.each(["directory", "raw", "erofs"] as const)(
    "%s: an image with a line feed in a name can be used",
    async (kind) => {
        const { programDirectory, source } = await sourceOf(kind, { "/usr/share/a\nb/c\nd": "x" });
        const resolved = await resolveSource(source, { name: "hello", version: "1", programDirectory });
        expect(resolved.failures).toEqual([]);
        expect(Object.keys(resolved.contents as Record<string, string>)).toContain("/usr/share/a\\nb/c\\nd");
    },
);
