import { execFileSync } from "node:child_process";
import { extract } from "tar-stream";
import { type TarHeader, TarWriter } from "../../../provider/image/pack/tar-writer";

async function archive(entries: [TarHeader, string | Buffer][]): Promise<Buffer> {
    const sent: Buffer[] = [];
    const writer = new TarWriter(async (bytes) => {
        const copy = Buffer.from(bytes);
        await new Promise((resolve) => setImmediate(resolve));
        // The writer may reuse the buffer only after this promise has resolved.
        expect(bytes.equals(copy)).toBe(true);
        sent.push(copy);
    });
    for (const [header, content] of entries) {
        await writer.header(header);
        await writer.put(Buffer.from(content));
    }
    await writer.end();
    return Buffer.concat(sent);
}

/** Reads the archive with the library tar-stream. */
async function read(bytes: Buffer) {
    const found: Record<string, unknown>[] = [];
    const reader = extract();
    reader.on("entry", ({ name, type, mode, linkname, pax, uid, gid, mtime, size }, stream, next) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk) => {
            chunks.push(chunk as Buffer);
        });
        stream.on("end", () => {
            const content = Buffer.concat(chunks).toString().slice(0, 20);
            found.push({ name, type, mode, linkname, pax, owner: `${uid}:${gid}`, time: Number(mtime), size, content });
            next();
        });
    });
    const ended = new Promise<void>((resolve, reject) => {
        reader.on("finish", () => resolve()).on("error", reject);
    });
    reader.end(bytes);
    await ended;
    return found;
}

const file = (name: string, content: string, more: Partial<TarHeader> = {}): [TarHeader, string] => [
    { name, type: "file", mode: 0o644, size: Buffer.byteLength(content), ...more },
    content,
];

test.each<[string, [TarHeader, string], Record<string, unknown>]>([
    ["a file", file("a/b", "hello"), { name: "a/b", type: "file", mode: 0o644, size: 5, content: "hello" }],
    ["an empty file", file("e", ""), { name: "e", size: 0, content: "" }],
    ["a file of whole blocks", file("w", "x".repeat(1024)), { name: "w", size: 1024 }],
    ["a set-user-ID bit", file("s", "", { mode: 0o4755 }), { mode: 0o4755 }],
    [
        "a directory",
        [{ name: "d/", type: "directory", mode: 0o1777 }, ""],
        { name: "d/", type: "directory", mode: 0o1777 },
    ],
    [
        "a link",
        [{ name: "l", type: "symlink", mode: 0o777, linkname: "../a" }, ""],
        { type: "symlink", linkname: "../a" },
    ],
    ["a long name", file(`${"long/".repeat(60)}n`, "x"), { name: `${"long/".repeat(60)}n`, content: "x" }],
    ["a name in UTF-8", file("\u00e9\u{1f600}", "x"), { name: "\u00e9\u{1f600}", content: "x" }],
    [
        "a long target",
        [{ name: "l", type: "symlink", mode: 0o777, linkname: "t".repeat(300) }, ""],
        { linkname: "t".repeat(300) },
    ],
    [
        "a record of 100 bytes and the digits",
        file("p", "x", { pax: { k: "v".repeat(94) } }),
        { pax: { k: "v".repeat(94) } },
    ],
    ["an attribute", file("x", "x", { pax: { "SCHILY.xattr.user.a": "0" } }), { pax: { "SCHILY.xattr.user.a": "0" } }],
])("%s is read as it was written", async (_, entry, expected) => {
    const [found, last] = await read(await archive([entry, file("last", "end")]));
    expect(found).toMatchObject({ ...expected, owner: "0:0", time: 0 });
    expect(last).toMatchObject({ name: "last", content: "end" });
});

test("files larger than the buffers are written completely, and tar can read them", async () => {
    const big = "0123456789abcdef".repeat(200_000);
    const bytes = await archive([file("big", big), file("small", "s"), file("big2", big)]);
    const cat = (name: string) => execFileSync("tar", ["-xO", name], { input: bytes, maxBuffer: 1e8 }).toString();
    expect(cat("big2") === big && cat("big") === big).toBe(true);
    expect(cat("small")).toBe("s");
});

test("an error of the receiver ends the writing", async () => {
    const writer = new TarWriter(() => Promise.reject(new Error("closed")));
    await writer.header({ name: "a", type: "file", mode: 0o644, size: 5_000_000 });
    await expect(writer.put(Buffer.alloc(5_000_000))).rejects.toThrow("closed");
});
