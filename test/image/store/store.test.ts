import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { limitsOf } from "../../../provider/image/store/limits";
import { prune } from "../../../provider/image/store/prune";
import { Store } from "../../../provider/image/store/store";
import { workspace } from "../workspace";

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const KEY = "k".repeat(64);

function counted(text = "abc") {
    const builds = { count: 0 };
    const build = async (file: string) => {
        builds.count++;
        await writeFile(file, text);
    };
    return { builds, build };
}

test("an image is built once and reused, in this process and in others", async () => {
    const directory = workspace();
    const { builds, build } = counted();
    const first = await new Store(directory).get(KEY, build);
    expect(first).toEqual({ file: path.join(directory, "images", KEY, "image.raw"), digest: ABC, sizeBytes: 3 });
    expect(await new Store(directory).get(KEY, build)).toEqual(first);
    expect(builds.count).toBe(1);
    expect(readdirSync(path.join(directory, "building"))).toEqual([]);
});

test("the store is readable for its user alone", async () => {
    const directory = path.join(workspace(), "store");
    const { file } = await new Store(directory).get(KEY, counted().build);
    for (const privateDirectory of [directory, path.join(directory, "images"), path.dirname(file)]) {
        expect(statSync(privateDirectory).mode & 0o777).toBe(0o700);
    }
});

test("concurrent callers of a process share one build", async () => {
    const store = new Store(workspace());
    const { builds, build } = counted();
    const images = await Promise.all([1, 2, 3].map(() => store.get(KEY, build)));
    expect(builds.count).toBe(1);
    expect(new Set(images.map(({ file }) => file)).size).toBe(1);
});

test("two processes that need the same image at once share one build", async () => {
    const directory = workspace();
    const { builds, build } = counted();
    const images = await Promise.all([1, 2, 3].map(() => new Store(directory).get(KEY, build)));
    expect(builds.count).toBe(1);
    for (const image of images) expect(image).toEqual(images[0]);
    expect(readdirSync(path.join(directory, "images"))).toEqual([KEY]);
    expect(readdirSync(path.join(directory, "building"))).toEqual([]);
    expect(readdirSync(path.join(directory, "locks"))).toEqual([]);
});

test("two builds of the same image in spite of the lock both succeed", async () => {
    const directory = workspace();
    const other = new Store(directory);
    const image = await new Store(directory).get(KEY, async (file) => {
        rmSync(path.join(directory, "locks", KEY));
        await other.get(KEY, counted().build);
        await writeFile(file, "abc");
    });
    expect(image).toEqual(await other.get(KEY, counted().build));
    expect(readdirSync(path.join(directory, "building"))).toEqual([]);
});

test("a lock of a killed process of this machine, or one that wasn't renewed for long, blocks no other process", async () => {
    const directory = workspace();
    const lock = path.join(directory, "locks", KEY);
    mkdirSync(path.dirname(lock));
    const endedPid = spawnSync("true").pid;
    for (const [text, age_s] of [
        [`${hostname()} ${endedPid}`, 0],
        ["another-machine 1", 200],
    ] as const) {
        writeFileSync(lock, text);
        utimesSync(lock, Date.now() / 1000 - age_s, Date.now() / 1000 - age_s);
        rmSync(path.join(directory, "images"), { recursive: true, force: true });
        expect((await new Store(directory).get(KEY, counted().build)).digest).toBe(ABC);
    }
});

test("an abort ends the wait for another process", async () => {
    const directory = workspace();
    const lock = path.join(directory, "locks", KEY);
    mkdirSync(path.dirname(lock));
    writeFileSync(lock, `${hostname()} ${process.pid}`);
    const { builds, build } = counted();
    await expect(new Store(directory).get(KEY, build, AbortSignal.timeout(250))).rejects.toThrow(/abort/i);
    expect(builds.count).toBe(0);
});

describe("pruning removes", () => {
    const DAY_S = 86_400;
    function store(images: Record<string, { bytes: number; days: number }>, leftovers: Record<string, number> = {}) {
        const directory = workspace();
        for (const [name, { bytes, days }] of Object.entries(images)) {
            const home = path.join(directory, "images", name);
            mkdirSync(home, { recursive: true });
            writeFileSync(path.join(home, "image.raw"), Buffer.alloc(bytes));
            aged(home, days * DAY_S);
        }
        mkdirSync(path.join(directory, "building"));
        for (const [name, age_s] of Object.entries(leftovers)) {
            const leftover = path.join(directory, "building", name);
            mkdirSync(leftover);
            writeFileSync(path.join(leftover, "image.raw"), "half");
            aged(leftover, age_s);
        }
        return directory;
    }
    function aged(file: string, age_s: number) {
        utimesSync(file, Date.now() / 1000 - age_s, Date.now() / 1000 - age_s);
    }
    const left = (directory: string, kind: string) => readdirSync(path.join(directory, kind)).sort();

    test("images that were not used for long", async () => {
        const directory = store({ old: { bytes: 10, days: 31 }, fresh: { bytes: 10, days: 29 } });
        await prune(directory, limitsOf({}));
        expect(left(directory, "images")).toEqual(["fresh"]);
        expect(left(directory, "building")).toEqual([]);
    });

    test("the least recently used images, until the rest is small enough", async () => {
        const image = (days: number) => ({ bytes: 4000, days });
        const directory = store({ a: image(3), b: image(1), c: image(2), d: image(4) });
        await prune(directory, { maxBytes: 9000, maxAgeMs: 1e12 });
        expect(left(directory, "images")).toEqual(["b", "c"]);
    });

    test("no image that may still be uploaded", async () => {
        const directory = store({ now: { bytes: 4000, days: 0 } });
        await prune(directory, { maxBytes: 0, maxAgeMs: 0 });
        expect(left(directory, "images")).toEqual(["now"]);
    });

    test("leftovers of killed builds, and nothing of running builds", async () => {
        const directory = store({}, { killed: 200, running: 20 });
        await prune(directory, limitsOf({}));
        expect(left(directory, "building")).toEqual(["running"]);
    });

    test("notes that weren't used for long", async () => {
        const directory = store({});
        for (const [name, days] of [
            ["inspections/old.json", 31],
            ["inspections/fresh.json", 1],
            ["digests/old.json", 31],
        ] as const) {
            const file = path.join(directory, name);
            mkdirSync(path.dirname(file), { recursive: true });
            writeFileSync(file, "{}");
            aged(file, days * DAY_S);
        }
        await prune(directory, limitsOf({}));
        expect([left(directory, "inspections"), left(directory, "digests")]).toEqual([["fresh.json"], []]);
    });

    test("unused images after a build, at most once an hour", async () => {
        const directory = store({ old: { bytes: 10, days: 31 } });
        await new Store(directory).get(KEY, counted().build);
        expect(left(directory, "images")).toEqual([KEY]);
        const again = path.join(directory, "images", "old");
        mkdirSync(again);
        aged(again, 31 * DAY_S);
        await new Store(directory).get("other", counted().build);
        expect(left(directory, "images")).toContain("old");
        aged(path.join(directory, "collected"), 3700);
        await new Store(directory).get("third", counted().build);
        expect(left(directory, "images")).not.toContain("old");
    });

    test.each([
        [{}, 10e9, 30],
        [{ PORTABLE_STORE_MAX_GB: "0.5", PORTABLE_STORE_MAX_DAYS: "7" }, 0.5e9, 7],
        [{ PORTABLE_STORE_MAX_GB: "0", PORTABLE_STORE_MAX_DAYS: "0" }, 0, 0],
        [{ PORTABLE_STORE_MAX_GB: "much", PORTABLE_STORE_MAX_DAYS: "-1" }, 10e9, 30],
        [{ PORTABLE_STORE_MAX_GB: "", PORTABLE_STORE_MAX_DAYS: " " }, 10e9, 30],
    ])("its limits with %p", (environment, maxBytes, days) => {
        expect(limitsOf(environment)).toEqual({ maxBytes, maxAgeMs: days * DAY_S * 1000 });
    });
});

test("a note is reused, and computed again if it is damaged or can't be written", async () => {
    const directory = workspace();
    let calls = 0;
    const find = async () => ({ calls: ++calls });
    const store = new Store(directory);
    expect(await store.remember("inspections", KEY, find)).toEqual({ calls: 1 });
    expect(await new Store(directory).remember("inspections", KEY, find)).toEqual({ calls: 1 });
    writeFileSync(path.join(directory, "inspections", `${KEY}.json`), "{");
    expect(await store.remember("inspections", KEY, find)).toEqual({ calls: 2 });
    expect(readdirSync(path.join(directory, "inspections"))).toEqual([`${KEY}.json`]);
    writeFileSync(path.join(directory, "file"), "");
    expect(await new Store(path.join(directory, "file")).remember("inspections", KEY, find)).toEqual({ calls: 3 });
});

test("a failed build leaves nothing, and the next one is run", async () => {
    const directory = workspace();
    const store = new Store(directory);
    await expect(store.get(KEY, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(existsSync(path.join(directory, "images"))).toBe(false);
    expect(readdirSync(path.join(directory, "building"))).toEqual([]);
    expect((await store.get(KEY, counted().build)).digest).toBe(ABC);
});

test("a truncated image is built again", async () => {
    const store = new Store(workspace());
    const { builds, build } = counted();
    const { file } = await store.get(KEY, build);
    truncateSync(file, 1);
    expect((await store.get(KEY, build)).digest).toBe(ABC);
    expect(builds.count).toBe(2);
});

test.each([
    [{ PORTABLE_STORE: "/a" }, "/a"],
    [{ XDG_CACHE_HOME: "/c", HOME: "/h" }, "/c/pulumi-portable"],
    [{ XDG_CACHE_HOME: "relative", HOME: "/h" }, "/h/.cache/pulumi-portable"],
    [{ HOME: "/h" }, "/h/.cache/pulumi-portable"],
])("its directory with %p is %s", (environment, directory) => {
    expect(Store.directoryOf(environment)).toBe(directory);
});
