import { execFileSync } from "node:child_process";
import {
    chmodSync,
    chownSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { filesLibrary, showFilesLibrary } from "../../provider/host/files";
import { type Shell, sh } from "../../provider/host/shell";
import { file, Host, owner } from "./files-in-shell";
import { shells } from "./shells";

const read = (path: string) => readFileSync(path, "utf8");

describe.each(shells)("under %s", (_name, command) => {
    const host = new Host(command);
    let directory: string;
    beforeEach(() => {
        directory = host.directory;
    });
    const run = (...body: Shell[]) => host.run(...body);
    const write = (...given: Parameters<Host["write"]>) => host.write(...given);

    describe("the directories that a path leads through", () => {
        /** Why root wouldn't write to the path; empty where it would. */
        const unsafe = (path: string) =>
            run(filesLibrary(owner), sh`check_parents ${path}; say unsafe "$unsafe"`).one("unsafe");
        const make = (path: string, { mode: wanted = 0o755, uid = 0 } = {}) => {
            mkdirSync(join(directory, path), { recursive: true });
            chmodSync(join(directory, path), wanted);
            chownSync(join(directory, path), uid, 0);
            return join(directory, path);
        };

        test("root's own are followed, through root's links too", () => {
            const here = make("srv/app dir");
            symlinkSync("srv/app dir", join(directory, "link"));
            symlinkSync(`${directory}/link/../link`, join(directory, "far"));
            expect(
                [here, `${directory}/link`, `${directory}/far`, `${directory}/new/dir`].map((each) =>
                    unsafe(`${each}/x`),
                ),
            ).toEqual(["", "", "", ""]);
        });

        test.each<[string, { mode?: number; uid?: number }, string]>([
            ["of a user", { uid: 1234 }, "the directory PATH belongs to the user 1234, not to root"],
            ["that a group can write to", { mode: 0o775 }, "others than root can write to the directory PATH"],
            ["that all can write to", { mode: 0o757 }, "others than root can write to the directory PATH"],
            ["like /tmp", { mode: 0o1777 }, "others than root can write to the directory PATH"],
            ["with setgid", { mode: 0o2755 }, ""],
            ["of root alone", { mode: 0o700 }, ""],
        ])("one %s, itself, above and behind a link", (_title, options, reason) => {
            const path = make("a/b", options);
            mkdirSync(join(path, "c"));
            symlinkSync("a/b/c", join(directory, "into"));
            const expected = reason.replace("PATH", path);
            for (const each of [`${path}/x`, `${path}/c/x`, `${path}/new/x`, `${directory}/into/x`])
                expect([each, unsafe(each)]).toEqual([each, expected]);
        });

        test("a link that a user has made isn't followed out of their directory", () => {
            const path = make("home");
            symlinkSync("/etc", join(path, "etc"));
            chownSync(path, 1234, 0);
            expect(unsafe(`${path}/etc/x`)).toBe(`the directory ${path} belongs to the user 1234, not to root`);
        });

        test("links in a circle come to an end", () => {
            symlinkSync("two", join(directory, "one"));
            symlinkSync("one", join(directory, "two"));
            expect(unsafe(`${directory}/one/x`)).toContain("is a link that leads in a circle");
        });

        test("a file in a directory of a user is refused with the reason, and nothing is touched", () => {
            const path = make("srv/app");
            writeFileSync(join(directory, "precious"), "root's\n");
            symlinkSync(join(directory, "precious"), join(path, ".config.toml.pulumi-portable"));
            chownSync(path, 1234, 0);
            const report = write([file(join(path, "config.toml"), "new", { owner: "1234" })], sh`files_commit`);
            expect(report.block(`unable ${path}/config.toml`)).toBe(
                `the directory ${path} belongs to the user 1234, not to root: what root writes there could be led elsewhere\n`,
            );
            expect(read(join(directory, "precious"))).toBe("root's\n");
            expect(readdirSync(path)).toEqual([".config.toml.pulumi-portable"]);
        });

        test("a recorded file whose directory was exchanged for a link isn't removed behind it", () => {
            const path = make("srv/app");
            write([file(join(path, "hosts"), "ours")], sh`files_commit`);
            renameSync(path, join(directory, "srv/moved"));
            writeFileSync(join(make("precious"), "hosts"), "root's\n");
            symlinkSync(join(directory, "precious"), path);
            chownSync(join(directory, "srv"), 1234, 0);
            write([], sh`files_commit`);
            write([], sh`remove_all`);
            expect(read(join(directory, "precious/hosts"))).toBe("root's\n");
        });

        test("a recorded file in a directory that is a user's by now is removed after the change, and with the record", () => {
            const path = make("srv/app");
            write([file(join(path, "one"), "1"), file(join(path, "two"), "2")], sh`files_commit`);
            chownSync(path, 1234, 0);
            write([], sh`say there "$(ls ${path})"; files_undo`);
            expect(readdirSync(path)).toEqual(["one", "two"]);
            write([], sh`files_commit`);
            expect(readdirSync(path)).toEqual([]);
        });

        test("what is undone in a directory that has changed hands replaces an entry, and follows none", () => {
            const path = make("srv/app");
            write([file(join(path, "one"), "old\n"), file(join(path, "gone"), "x\n")], sh`files_commit`);
            writeFileSync(join(directory, "precious"), "root's\n");
            write(
                [file(join(path, "one"), "new\n"), file(join(path, "two"), "new\n")],
                sh`rm ${join(path, "one")}; ln -s ${join(directory, "precious")} ${join(path, "one")}
chown 1234 ${path}; files_undo`,
            );
            expect([read(join(path, "one")), readdirSync(path).sort()]).toEqual(["old\n", ["gone", "one"]]);
            expect(read(join(directory, "precious"))).toBe("root's\n");
        });
    });

    test.each([
        ["a FIFO", (path: string) => execFileSync("mkfifo", [path]), "fifo"],
        ["a directory", (path: string) => mkdirSync(path), "directory"],
        ["a device", (path: string) => execFileSync("mknod", [path, "c", "1", "5"]), "character special file"],
    ])("%s in place of a file is refused, and isn't read", (_title, make, kind) => {
        const path = join(directory, "special");
        make(path);
        const report = write([file(path, "x")], sh`files_commit`, owner, [path]);
        expect(report.block(`unable ${path}`)).toBe(`a ${kind} is there, and no file\n`);
        const shown = run(showFilesLibrary, sh`show_files ${path}; show_texts ${path}`).one("file");
        expect(shown).toMatch(/^0[0-7]{3} root:0 root:0 (fifo|directory|device) \//);
    });

    test("what comes after the temporary file was planted isn't followed: it is made anew, under a name that nobody knows", () => {
        const path = join(directory, "config");
        const report = write(
            [file(path, "x")],
            sh`temporary_of ${path}; say temporary "$temporary"; : >"$temporary"
put ${path} 0644 root:root <<END || say refused
eA==
END
files_undo`,
        );
        expect(report.one("temporary")).toMatch(/\/\.pulumi-portable\.[0-9a-f-]{36}$/);
        expect(report.has("refused")).toBe(true);
        expect(existsSync(path)).toBe(false);
    });

    test("a name with a line break in it adds no line to a record", () => {
        const precious = join(directory, "precious");
        writeFileSync(precious, "root's\n");
        const evil = { ...owner, urn: `urn:pulumi:a::b::c::toy\npath ${precious}\u2028x` };
        write([file(join(directory, "mine"), "x")], sh`files_commit`, evil);
        expect(read(join(directory, "records/files", owner.token)).split("\n")[0]).toBe(
            `urn urn:pulumi:a::b::c::toy%0Apath ${precious}%E2%80%A8x`,
        );
        write([], sh`remove_all`, evil);
        expect(read(precious)).toBe("root's\n");
    });

    test.each(["path", "owner", "group"] as const)("a line break in the %s of a file is refused", (key) => {
        const broken = file(join(directory, "a"), "x", { [key]: "/a\nb" });
        expect(() => write([broken], sh`files_commit`)).toThrow('"/a\\nb" has a control character');
    });
});
