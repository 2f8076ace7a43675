import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildImage, resolveSource } from "../../provider/image/image";
import { Store } from "../../provider/image/store/store";
import { files, newStore, source } from "./small-image";
import { hello, PROGRAM, workspace } from "./workspace";

describe("failures of a build", () => {
    test("a source that changed since the preview is refused", async () => {
        const args = hello();
        const { sourceDigest } = await resolveSource(source, args);
        writeFileSync(path.join(args.programDirectory, "bin/hello"), "other\n");
        await expect(buildImage(source, { ...args, sourceDigest: sourceDigest as string }, newStore())).rejects.toThrow(
            "property source: The files of the image have changed since the preview. Run `pulumi up` again, and check its preview.",
        );
    });

    test.each([
        ["grows", PROGRAM + "a\n".repeat(300_000)],
        ["shrinks", PROGRAM],
        ["is another", PROGRAM + "b\n".repeat(200_000)],
    ])("a file that %s while it is packed", async (_, text) => {
        const args = hello();
        const file = path.join(args.programDirectory, "bin/hello");
        writeFileSync(file, PROGRAM + "a\n".repeat(200_000));
        const directory = workspace();
        // The store starts the build after all sources were hashed, so the file changes in between.
        class Late extends Store {
            override get(key: string, build: (file: string) => Promise<void>) {
                writeFileSync(file, text);
                return super.get(key, build);
            }
        }
        await expect(buildImage(source, args, new Late(directory))).rejects.toThrow(
            `'${file}' (/usr/bin/hello in the image) has changed while the image was built. Let its build finish, and run \`pulumi up\` again.`,
        );
        expect(readdirSync(path.join(directory, "building"))).toEqual([]);
        expect(existsSync(path.join(directory, "images"))).toBe(false);
    });

    test("one problem is reported with its property, several as a list", async () => {
        const args = hello();
        await expect(buildImage(files({ a: { content: "" } }), args, newStore())).rejects.toThrow(
            "property source.files.tree.a: 'a' can't be a path in the image: write it from the root, without '..', as /usr/bin/hello.",
        );
        await expect(buildImage({ files: { units: ["a", "b"] } }, args, newStore())).rejects.toThrow(
            /^The image can't be built:\n- source\.files\.units\[0\]: There is no 'a' .*\n- source\.files\.units\[1\]: There is no 'b' /,
        );
    });

    test("a cancelled build ends with the reason and leaves nothing", async () => {
        const directory = workspace();
        const args = { ...hello(), signal: AbortSignal.abort() };
        await expect(buildImage(source, args, new Store(directory))).rejects.toThrow("abort");
        expect(readdirSync(path.join(directory, "building"))).toEqual([]);
    });

    /** Builds with only this mksquashfs on PATH, in a new copy of the module, which reads the version only once. */
    async function withMksquashfs(shell: string | undefined, large = false, signal?: AbortSignal): Promise<string> {
        const bin = workspace(shell === undefined ? {} : { "bin/mksquashfs": `#!/bin/sh\n${shell}\n` });
        mkdirSync(path.join(bin, "bin"), { recursive: true });
        const { PATH } = process.env;
        process.env.PATH = path.join(bin, "bin");
        try {
            let fresh: typeof import("../../provider/image/image") | undefined;
            jest.isolateModules(() => {
                fresh = require("../../provider/image/image");
            });
            const tree: Record<string, { content: string }> = large
                ? { "/big": { content: "x".repeat(5_000_000) } }
                : {};
            return await (fresh as typeof import("../../provider/image/image"))
                .buildImage(files(tree), { ...hello(), signal }, newStore())
                .then(
                    ({ file }) => readFileSync(file, "utf8"),
                    (error: Error) => `${error.name}: ${error.message}`,
                );
        } finally {
            process.env.PATH = PATH;
        }
    }

    test("a build that is cancelled while mksquashfs runs kills it", async () => {
        const shell = '[ "$1" = -version ] && { echo "mksquashfs version 4.5.1"; exit; }; exec /bin/sleep 50';
        expect(await withMksquashfs(shell, true, AbortSignal.timeout(300))).toMatch(/^(AbortError|TimeoutError): /);
    });

    const INSTALL =
        "Install squashfs-tools 4.5 or later on the machine that runs Pulumi: `apt install squashfs-tools`, `dnf install squashfs-tools`, `brew install squashfs`, `nix profile install nixpkgs#squashfsTools`.";
    test("a missing mksquashfs is reported with the package to install", async () => {
        expect(await withMksquashfs(undefined)).toBe(
            `UserError: mksquashfs, which packs the image, is not installed. ${INSTALL}`,
        );
    });

    test("an old mksquashfs is reported, though its -version exits with 1", async () => {
        expect(await withMksquashfs("echo 'mksquashfs version 4.3 (2014/05/12)'; exit 1")).toBe(
            `UserError: mksquashfs 4.3 is too old to pack the image: it can't read a tar stream. ${INSTALL}`,
        );
    });

    test.each([false, true])(
        "a mksquashfs that fails is reported with its output, with much left to send: %p",
        async (large) => {
            const shell =
                '[ "$1" = -version ] && { echo "mksquashfs version 4.5.1"; exit; }; echo "FATAL ERROR: Write failed" >&2; exit 1';
            expect(await withMksquashfs(shell, large)).toBe(
                "UserError: mksquashfs failed with exit status 1. Look at free disk space first, and at the version of squashfs-tools. It reported: FATAL ERROR: Write failed",
            );
        },
    );
});
