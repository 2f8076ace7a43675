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
import { sh } from "../../provider/host/shell";
import { file, Host, owner } from "./files-in-shell";
import { shells } from "./shells";

const read = (path: string) => readFileSync(path, "utf8");

describe.each(shells)("under %s", (_name, command) => {
    const host = new Host(command);

    describe("the directories of a path", () => {
        /** Why the path is refused as unsafe for root to write; empty if it isn't. */
        const unsafe = (path: string) =>
            host.run(filesLibrary(owner), sh`check_parents ${path}; say unsafe "$unsafe"`).one("unsafe");
        const make = (path: string, { mode: wanted = 0o755, uid = 0 } = {}) => {
            mkdirSync(join(host.directory, path), { recursive: true });
            chmodSync(join(host.directory, path), wanted);
            chownSync(join(host.directory, path), uid, 0);
            return join(host.directory, path);
        };

        test("are accepted if they belong to root, even behind links of root", () => {
            const here = make("srv/app dir");
            symlinkSync("srv/app dir", join(host.directory, "link"));
            symlinkSync(`${host.directory}/link/../link`, join(host.directory, "far"));
            expect(
                [here, `${host.directory}/link`, `${host.directory}/far`, `${host.directory}/new/dir`].map((path) =>
                    unsafe(`${path}/x`),
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
            symlinkSync("a/b/c", join(host.directory, "into"));
            const expected = reason.replace("PATH", path);
            for (const filePath of [`${path}/x`, `${path}/c/x`, `${path}/new/x`, `${host.directory}/into/x`])
                expect([filePath, unsafe(filePath)]).toEqual([filePath, expected]);
        });

        test("a hundred directories above a file are read within seconds", () => {
            const path = make("a directory/".repeat(100));
            const began = Date.now();
            expect(unsafe(`${path}/x`)).toBe("");
            expect(Date.now() - began).toBeLessThan(20_000);
        });

        test("are refused if they are behind a link in a user's directory", () => {
            const path = make("home");
            symlinkSync("/etc", join(path, "etc"));
            chownSync(path, 1234, 0);
            expect(unsafe(`${path}/etc/x`)).toBe(`the directory ${path} belongs to the user 1234, not to root`);
        });

        test("are refused if links form a circle", () => {
            symlinkSync("two", join(host.directory, "one"));
            symlinkSync("one", join(host.directory, "two"));
            expect(unsafe(`${host.directory}/one/x`)).toContain("is a link that leads in a circle");
        });

        test("a file in a directory of a user is refused with the reason, and nothing is changed", () => {
            const path = make("srv/app");
            writeFileSync(join(host.directory, "precious"), "root's\n");
            symlinkSync(join(host.directory, "precious"), join(path, ".config.toml.pulumi-portable"));
            chownSync(path, 1234, 0);
            const report = host.write([file(join(path, "config.toml"), "new", { owner: "1234" })], sh`files_commit`);
            expect(report.block(`unable ${path}/config.toml`)).toBe(
                `the directory ${path} belongs to the user 1234, not to root: what root writes there could be led elsewhere\n`,
            );
            expect(read(join(host.directory, "precious"))).toBe("root's\n");
            expect(readdirSync(path)).toEqual([".config.toml.pulumi-portable"]);
        });

        test("a recorded file whose directory was exchanged for a link isn't removed behind it", () => {
            const path = make("srv/app");
            host.write([file(join(path, "hosts"), "ours")], sh`files_commit`);
            renameSync(path, join(host.directory, "srv/moved"));
            writeFileSync(join(make("precious"), "hosts"), "root's\n");
            symlinkSync(join(host.directory, "precious"), path);
            chownSync(join(host.directory, "srv"), 1234, 0);
            host.write([], sh`files_commit`);
            host.write([], sh`remove_all`);
            expect(read(join(host.directory, "precious/hosts"))).toBe("root's\n");
        });

        test("a recorded file in a directory that now belongs to a user is removed, and so is its record", () => {
            const path = make("srv/app");
            host.write([file(join(path, "one"), "1"), file(join(path, "two"), "2")], sh`files_commit`);
            chownSync(path, 1234, 0);
            host.write([], sh`say there "$(ls ${path})"; files_undo`);
            expect(readdirSync(path)).toEqual(["one", "two"]);
            host.write([], sh`files_commit`);
            expect(readdirSync(path)).toEqual([]);
        });

        test("an undo in a directory that now belongs to a user replaces an entry and follows no link", () => {
            const path = make("srv/app");
            host.write([file(join(path, "one"), "old\n"), file(join(path, "gone"), "x\n")], sh`files_commit`);
            writeFileSync(join(host.directory, "precious"), "root's\n");
            host.write(
                [file(join(path, "one"), "new\n"), file(join(path, "two"), "new\n")],
                sh`rm ${join(path, "one")}; ln -s ${join(host.directory, "precious")} ${join(path, "one")}
chown 1234 ${path}; files_undo`,
            );
            expect([read(join(path, "one")), readdirSync(path).sort()]).toEqual(["old\n", ["gone", "one"]]);
            expect(read(join(host.directory, "precious"))).toBe("root's\n");
        });
    });

    test.each([
        ["a FIFO", (path: string) => execFileSync("mkfifo", [path]), "fifo"],
        ["a directory", (path: string) => mkdirSync(path), "directory"],
        ["a device", (path: string) => execFileSync("mknod", [path, "c", "1", "5"]), "character special file"],
    ])("%s in place of a file is refused, and isn't read", (_title, make, kind) => {
        const path = join(host.directory, "special");
        make(path);
        const report = host.write([file(path, "x")], sh`files_commit`, owner, [path]);
        expect(report.block(`unable ${path}`)).toBe(`a ${kind} is there, and no file\n`);
        const shown = host.run(showFilesLibrary, sh`show_files ${path}; show_texts ${path}`).one("file");
        expect(shown).toMatch(/^0[0-7]{3} root:0 root:0 (fifo|directory|device) \//);
    });

    test("two declared paths that lead to one file are refused", () => {
        mkdirSync(join(host.directory, "run"));
        symlinkSync("run", join(host.directory, "link"));
        const paths = ["run/new/config", "link/new/config"].map((path) => join(host.directory, path));
        const report = host.write(
            paths.map((path) => file(path, path)),
            sh`files_commit`,
        );
        expect(report.block(`unable ${paths[1]}`)).toBe(`another declared path leads to the same file, ${paths[0]}\n`);
        expect(readdirSync(join(host.directory, "run"))).toEqual([]);
    });

    test.each([
        ["directory", "app", "app/config", "PATH isn't a directory"],
        ["file", "app/config", "app", "a directory is there, and no file"],
    ])("the resource's own file that becomes a %s is refused with the way there", (_title, was, is, reason) => {
        const [before, now] = [join(host.directory, was), join(host.directory, is)];
        host.write([file(before, "old")], sh`files_commit`);
        const report = host.write([file(now, "new")], sh`files_commit`);
        expect(report.block(`unable ${now}`)).toBe(
            `${reason.replace("PATH", before)}; it is this resource's own, so do it in two updates, of which the first declares neither\n`,
        );
        expect(read(before)).toBe("old");
        host.write([], sh`files_commit`);
        host.write([file(now, "new")], sh`files_commit`);
        expect(read(now)).toBe("new");
    });

    test("a file that was planted under the name of the temporary file is refused", () => {
        const path = join(host.directory, "config");
        const report = host.write(
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
        const precious = join(host.directory, "precious");
        writeFileSync(precious, "root's\n");
        const evil = { ...owner, urn: `urn:pulumi:a::b::c::toy\npath ${precious}\u2028x` };
        host.write([file(join(host.directory, "mine"), "x")], sh`files_commit`, evil);
        expect(read(join(host.directory, "records/files", owner.token)).split("\n")[0]).toBe(
            `urn urn:pulumi:a::b::c::toy%0Apath ${precious}%E2%80%A8x`,
        );
        host.write([], sh`remove_all`, evil);
        expect(read(precious)).toBe("root's\n");
    });

    test.each(["path", "owner", "group"] as const)("a line break in the %s of a file is refused", (key) => {
        const broken = file(join(host.directory, "a"), "x", { [key]: "/a\nb" });
        expect(() => host.write([broken], sh`files_commit`)).toThrow('"/a\\nb" has a control character');
    });
});
