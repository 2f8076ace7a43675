import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import path from "node:path";
import { buildSync } from "esbuild";
import { buildImage } from "../../provider/image/image";
import { Archive } from "../../provider/schema/values";
import { listing } from "./listing";
import { cat, files, newStore, source } from "./small-image";
import { hello, PROGRAM, workspace } from "./workspace";

test("the image has the files that portablectl and most programs require", async () => {
    const { file } = await buildImage(source, hello(), newStore());
    expect(listing(file)).toEqual([
        "drwxr-xr-x 0/0 /",
        "drwxr-xr-x 0/0 /dev",
        "drwxr-xr-x 0/0 /etc",
        "-rw-r--r-- 0/0 /etc/group",
        "drwxr-xr-x 0/0 /etc/hello",
        "-rw-r--r-- 0/0 /etc/hosts",
        "-rw-r--r-- 0/0 /etc/machine-id",
        "-rw-r--r-- 0/0 /etc/nsswitch.conf",
        "lrwxrwxrwx 0/0 /etc/os-release -> ../usr/lib/os-release",
        "-rw-r--r-- 0/0 /etc/passwd",
        "-rw-r--r-- 0/0 /etc/resolv.conf",
        "dr-xr-xr-x 0/0 /proc",
        "drwx------ 0/0 /root",
        "drwxr-xr-x 0/0 /run",
        "dr-xr-xr-x 0/0 /sys",
        "drwxrwxrwt 0/0 /tmp",
        "drwxr-xr-x 0/0 /usr",
        "drwxr-xr-x 0/0 /usr/bin",
        "-rwxr-xr-x 0/0 /usr/bin/hello",
        "drwxr-xr-x 0/0 /usr/lib",
        "-rw-r--r-- 0/0 /usr/lib/os-release",
        "drwxr-xr-x 0/0 /usr/lib/systemd",
        "drwxr-xr-x 0/0 /usr/lib/systemd/system",
        "-rw-r--r-- 0/0 /usr/lib/systemd/system/hello.service",
        "-rw-r--r-- 0/0 /usr/lib/systemd/system/hello.socket",
        "drwxr-xr-x 0/0 /var",
        "drwxr-xr-x 0/0 /var/cache",
        "drwxr-xr-x 0/0 /var/cache/hello",
        "drwxr-xr-x 0/0 /var/lib",
        "drwxr-xr-x 0/0 /var/lib/hello",
        "drwxr-xr-x 0/0 /var/log",
        "drwxr-xr-x 0/0 /var/log/hello",
        "drwxrwxrwt 0/0 /var/tmp",
    ]);
    expect(cat(file, "usr/lib/os-release")).toContain('PORTABLE_PRETTY_NAME="hello 1.0"\nPORTABLE_PREFIXES=hello\n');
    expect(cat(file, "usr/lib/systemd/system/hello.service")).toContain("ExecStart=/usr/bin/hello --port 80\n");
    expect(cat(file, "etc/machine-id")).toBe("");
    expect(cat(file, "usr/bin/hello")).toBe(PROGRAM);
});

test("the image has the mount points that its units need, as files or directories", async () => {
    const unit =
        "[Service]\nExecStart=/usr/bin/hello\nStateDirectory=a/b\nBindPaths=/srv/data\nBindReadOnlyPaths=/etc/x.conf\n";
    const { file } = await buildImage(files({}, unit), hello(), newStore());
    expect(listing(file)).toEqual(
        expect.arrayContaining([
            "drwxr-xr-x 0/0 /var/lib/a/b",
            "drwxr-xr-x 0/0 /srv/data",
            "-rw-r--r-- 0/0 /etc/x.conf",
        ]),
    );
});

test("files of the user are not overwritten, links are followed, and modes are kept", async () => {
    const tree = {
        "/etc/os-release": { content: "ID=mine\n" },
        "/etc/hosts": { content: "mine\n" },
        "/etc/hello": { content: "a file\n" },
        "/tmp": { directory: true, mode: "0700" },
        "/var/lib": { symlink: "../state" },
        "/state": { directory: true },
        "/etc/nsswitch.conf": { symlink: "/nowhere" },
        "/usr/bin/su": { content: "s", mode: "4755" },
        [`/srv/${"long/".repeat(40)}name with spaces \u00e9`]: { content: "deep" },
    };
    const { file } = await buildImage(files(tree), hello(), newStore());
    const found = listing(file);
    expect(cat(file, "etc/os-release")).toBe("ID=mine\n");
    expect(found).not.toContainEqual(expect.stringContaining("/usr/lib/os-release"));
    expect(cat(file, "etc/hosts")).toBe("mine\n");
    expect(cat(file, "etc/hello")).toBe("a file\n");
    expect(found).toEqual(
        expect.arrayContaining([
            "drwx------ 0/0 /tmp",
            "lrwxrwxrwx 0/0 /var/lib -> ../state",
            "drwxr-xr-x 0/0 /state/hello",
            "-rwsr-xr-x 0/0 /usr/bin/su",
            `-rw-r--r-- 0/0 /srv/${"long/".repeat(40)}name with spaces \u00e9`,
        ]),
    );
});

test("the same source is built once, and again for another version", async () => {
    const args = hello();
    const store = newStore();
    const progress: string[] = [];
    const onProgress = (text: string) => progress.push(text);
    const first = await buildImage(source, { ...args, onProgress }, store);
    expect(new Set(progress)).toEqual(new Set(["building 0.0/0.0 MB"]));
    progress.length = 0;
    const again = await buildImage(source, { ...args, onProgress }, store);
    expect(again).toEqual(first);
    expect(progress).toEqual([]);
    const other = await buildImage(source, { ...args, version: "1.1" }, store);
    expect(other.sourceDigest).toBe(first.sourceDigest);
    expect(other.digest).not.toBe(first.digest);
});

describe("the digest is the same", () => {
    // A separate program, which can run as another user, with another umask, time zone and locale.
    const bundle = workspace();
    const script = path.join(bundle, "build.js");
    const program = `
        import { buildImage } from "./provider/image/image";
        import { Archive, Asset } from "./provider/schema/values";
        const source = { files: {
            units: ["hello.service"],
            tree: { "/usr/bin/hello": { asset: new Asset({ path: "bin/hello" }) }, "/opt/app": { asset: new Archive({ path: "app" }) } },
        } };
        buildImage(source, { name: "hello", version: "1", programDirectory: process.argv[2]! }).then(
            ({ digest, sourceDigest }) => console.log(sourceDigest, digest),
            (error) => console.log(error.message),
        );`;
    const contents = {
        "hello.service": "[Service]\nExecStart=/usr/bin/hello\n",
        "bin/hello": Buffer.concat([Buffer.from(PROGRAM), Buffer.alloc(3_000_000, "hello, world ")]),
        ...Object.fromEntries(
            Array.from({ length: 60 }, (_, index) => [`app/d${index % 7}/f${index}`, `${index}`.repeat(999)]),
        ),
        "app/link": "-> d1/f1",
    };

    beforeAll(() => {
        buildSync({
            stdin: { contents: program, resolveDir: path.resolve(__dirname, "../.."), loader: "ts" },
            bundle: true,
            platform: "node",
            outfile: script,
        });
    });

    function run(prepare: string, environment: Record<string, string>, reversed = false): string {
        const entries = Object.entries(contents);
        const programDirectory = workspace(Object.fromEntries(reversed ? entries.reverse() : entries));
        for (const directory of [bundle, programDirectory]) chmodSync(directory, 0o755);
        const store = workspace();
        chmodSync(store, 0o777);
        const command = `${prepare} "${process.execPath}" "${script}" "${programDirectory}"`;
        const env = { PATH: process.env.PATH, PORTABLE_STORE: path.join(store, "store"), ...environment };
        return execFileSync("sh", ["-c", command], { encoding: "utf8", env }).trim();
    }

    const asNobody = process.getuid?.() === 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : "";
    test.each([
        ["in another directory, made in another order", "", {}, true],
        ["under another umask", "umask 077;", {}, false],
        ["under an open umask, in another time zone", "umask 000;", { TZ: "Pacific/Kiritimati" }, false],
        ["in another locale", "", { LC_ALL: "C.UTF-8", LANG: "de_DE.UTF-8" }, false],
        ["with SOURCE_DATE_EPOCH set", "", { SOURCE_DATE_EPOCH: "1" }, false],
        ["for another user", `umask 027; ${asNobody}`, { HOME: "/nonexistent" }, true],
        ["on one processor", "taskset 1", {}, false],
    ])("%s", (_, prepare, environment, reversed) => {
        const expected = run("", { TZ: "UTC", LC_ALL: "C" });
        expect(expected).toMatch(/^[0-9a-f]{64} [0-9a-f]{64}$/);
        expect(run(prepare, environment, reversed)).toBe(expected);
    });
});

test("a directory of many files is packed completely", async () => {
    const programDirectory = workspace(
        Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`app/${index % 20}/${index}`, `file ${index}`])),
    );
    const tree = { "/opt/app": { asset: new Archive({ path: "app" }) } };
    const { file } = await buildImage(files(tree), { ...hello(), programDirectory }, newStore());
    expect(listing(file).filter((line) => line.startsWith("-") && line.includes("/opt/app/"))).toHaveLength(500);
    expect(cat(file, "opt/app/19/499")).toBe("file 499");
});
