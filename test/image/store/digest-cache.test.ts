import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DigestCache } from "../../../provider/image/store/digest-cache";
import { workspace } from "../workspace";

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/** Status of a file as if it was written some time ago. */
function settled(file: string) {
    const status = statSync(file, { bigint: true });
    return { ...status, ctimeNs: status.ctimeNs - 10_000_000_000n };
}

/** Number of times that the cache reads the file for its digest. */
async function reads(cache: DigestCache, file: string, state = settled(file)) {
    let count = 0;
    const digest = await cache.digest(file, state, async () => {
        count++;
        return ABC;
    });
    expect(digest).toBe(ABC);
    return count;
}

test("a file that hasn't changed isn't read again, even by another process", async () => {
    const directory = workspace({ a: "abc" });
    const file = path.join(directory, "a");
    const kept = path.join(directory, "digests", "x.json");
    const first = new DigestCache(kept);
    expect(await reads(first, file)).toBe(1);
    expect(await reads(first, file)).toBe(0);
    await first.save();
    expect(await reads(new DigestCache(kept), file)).toBe(0);
    expect(readdirSync(path.dirname(kept))).toEqual(["x.json"]);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
});

test.each(["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const)(
    "a file with another %s is read again",
    async (part) => {
        const directory = workspace({ a: "abc" });
        const file = path.join(directory, "a");
        const cache = new DigestCache();
        const state = settled(file);
        await reads(cache, file, state);
        expect(await reads(cache, file, { ...state, [part]: state[part] + 1n })).toBe(1);
    },
);

test("a file that was just written is read again, as another write may get the same time", async () => {
    const directory = workspace({ a: "abc" });
    const file = path.join(directory, "a");
    const cache = new DigestCache();
    const state = statSync(file, { bigint: true });
    expect(await reads(cache, file, state)).toBe(1);
    expect(await reads(cache, file, state)).toBe(1);
});

test("a damaged record, and one of another version, are ignored", async () => {
    const directory = workspace({
        a: "abc",
        "damaged.json": '{"version":1,"fi',
        "later.json": '{"version":2,"files":[]}',
    });
    for (const name of ["damaged.json", "later.json"]) {
        expect(await reads(new DigestCache(path.join(directory, name)), path.join(directory, "a"))).toBe(1);
    }
});

test("entries that weren't used for a month are removed", async () => {
    const directory = workspace({ a: "abc", b: "abc" });
    const kept = path.join(directory, "x.json");
    const [a, b] = [path.join(directory, "a"), path.join(directory, "b")];
    const cache = new DigestCache(kept);
    await reads(cache, a);
    const now = Date.now();
    const later = jest.spyOn(Date, "now").mockReturnValue(now + 31 * 86_400_000);
    try {
        await reads(cache, b);
        await cache.save();
    } finally {
        later.mockRestore();
    }
    expect(await reads(new DigestCache(kept), a)).toBe(1);
    expect(await reads(new DigestCache(kept), b)).toBe(0);
});

test("a record that can't be written is no error", async () => {
    const directory = workspace({ a: "abc", file: "" });
    const kept = path.join(directory, "file", "x.json");
    const cache = new DigestCache(kept);
    await reads(cache, path.join(directory, "a"));
    await cache.save();
    writeFileSync(path.join(directory, "a"), "abd");
    utimesSync(path.join(directory, "a"), 1, 1);
    expect(await reads(cache, path.join(directory, "a"))).toBe(1);
});
