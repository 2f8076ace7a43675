import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { directoryInStore } from "../../../provider/image/store/directories";
import { prune } from "../../../provider/image/store/prune";
import { workspace } from "../workspace";

function counted(bytes = 5) {
    const makes = { count: 0 };
    const make = async (directory: string) => {
        makes.count++;
        await writeFile(path.join(directory, "file"), "x".repeat(bytes));
    };
    return { makes, make };
}

const HOURS_MS = 3_600_000;
const aged = (file: string, hours: number) => {
    const then = new Date(Date.now() - hours * HOURS_MS);
    utimesSync(file, then, then);
};

test("a directory is made once and then reused", async () => {
    const store = workspace();
    const { makes, make } = counted();
    const all = await Promise.all([1, 2, 3].map(() => directoryInStore(store, "layers", "abc", make)));
    expect(new Set(all)).toEqual(new Set([path.join(store, "layers/abc")]));
    aged(all[0] as string, 5);
    expect(await directoryInStore(store, "layers", "abc", make)).toBe(all[0]);
    expect(makes.count).toBe(1);
    expect(Date.now() - statSync(all[0] as string).mtimeMs).toBeLessThan(HOURS_MS);
    expect(readFileSync(path.join(all[0] as string, "file"), "utf8")).toBe("xxxxx");
    expect(readdirSync(path.join(store, "building"))).toEqual([]);
});

test("a failure leaves nothing, and the next call tries again", async () => {
    const store = workspace();
    await expect(directoryInStore(store, "runtimes", "abc", () => Promise.reject(new Error("no")))).rejects.toThrow(
        "no",
    );
    expect(existsSync(path.join(store, "runtimes"))).toBe(false);
    expect(readdirSync(path.join(store, "building"))).toEqual([]);
    await directoryInStore(store, "runtimes", "abc", counted().make);
});

test("a directory is removed if it wasn't used for long, or if the store is too large", async () => {
    const store = workspace();
    const names = ["unused", "older", "newer", "now"];
    for (const name of names) await directoryInStore(store, "downloads", name, counted(1000).make);
    const pathOf = (name: string) => path.join(store, "downloads", name);
    aged(pathOf("unused"), 100);
    aged(pathOf("older"), 3);
    aged(pathOf("newer"), 2);
    writeFileSync(path.join(store, "collected"), "");
    await prune(store, { maxBytes: 2500, maxAgeMs: 50 * HOURS_MS });
    expect(readdirSync(path.join(store, "downloads")).sort()).toEqual(["newer", "now"]);
    await prune(store, { maxBytes: 0, maxAgeMs: 50 * HOURS_MS });
    expect(readdirSync(path.join(store, "downloads"))).toEqual(["now"]);
});
