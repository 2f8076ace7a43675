import { execFileSync } from "node:child_process";
import {
    chmodSync,
    chownSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { filesLibrary, filesToWrite, type HostFile, showFilesLibrary } from "../../provider/host/files";
import { sweepLibrary } from "../../provider/host/image";
import { HIDDEN_MARK, MARK } from "../../provider/host/portabled-252";
import { deadlineLibrary, settleLibrary } from "../../provider/host/program";
import { showUnitsLibrary } from "../../provider/host/service/inspect";
import { joinShell, type Shell, sh } from "../../provider/host/shell";
import { runIn, shells, workDirectory } from "./shells";

const owner = { token: "0123456789abcdef", nonce: "aaaa", urn: "urn:one" };
const other = { token: "fedcba9876543210", nonce: "bbbb", urn: "urn:other" };
const root = workDirectory();
let count = 0;

const read = (path: string) => readFileSync(path, "utf8");
const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

function file(path: string, content: string, rest: Partial<HostFile> = {}): HostFile {
    const { uid, gid } = process.getuid === undefined ? { uid: 0, gid: 0 } : statSync(root);
    return { path, content: Buffer.from(content), mode: "0644", owner: `${uid}`, group: `${gid}`, ...rest };
}

describe.each(shells)("under %s", (_name, command) => {
    let directory: string;
    beforeEach(() => {
        directory = join(root, `${count++}`);
        for (const name of ["records", "images", "system", "system.attached"])
            mkdirSync(join(directory, name), { recursive: true });
    });
    const run = (...body: Shell[]) => runIn(command, directory, ...body);

    /** A transaction of files up to its end, which is `files_commit` or `files_undo`. */
    const write = (files: HostFile[], end: Shell, who = owner, adopted: string[] = []) =>
        run(
            filesLibrary(who, adopted),
            filesToWrite(files),
            sh`failed() { say failed "$1"; exit 1; }
claim_files
make_records files && with_files files_begin && files_sync && sync "$undo" || failed "the record"
drop_others || failed "others"
put_files
say changed "$changed"`,
            end,
        );

    test("values with quotes, blanks, newlines and backslashes come through as they are", () => {
        const value = `it's "a" \\x2d $HOME \`id\`\n  second line *`;
        const said = run(sh`value=${value}
printf '%s\\n' "$value" | block value
say words one 'two  three'`);
        expect(said.block("value")).toBe(`${value}\n`);
        expect(said.one("words")).toBe("one two  three");
    });

    test("files are written with their mode, and the record names them", () => {
        const path = join(directory, "etc/app/a key");
        const said = write([file(path, "one\n", { mode: "0600" })], sh`files_commit`);
        expect(said.stderr).toBe("");
        expect([read(path), mode(path), mode(join(directory, "etc/app"))]).toEqual(["one\n", "600", "755"]);
        expect(read(join(directory, "records/files", owner.token))).toBe(
            `urn urn:one\nnonce aaaa\npath ${path}\ndir ${directory}/etc/app\ndir ${directory}/etc\napplied\n`,
        );
        expect(readdirSync(join(directory, "records/files"))).toEqual([owner.token]);
    });

    test("equal files change nothing", () => {
        const path = join(directory, "same");
        write([file(path, "one\n")], sh`files_commit`);
        const before = statSync(path);
        const said = write([file(path, "one\n")], sh`files_commit`);
        expect(said.one("changed")).toBe("");
        expect(statSync(path).ino).toBe(before.ino);
    });

    test("what is undone is as it was: contents, modes, links, and files that are no longer declared", () => {
        const [kept, dropped, link] = ["kept", "dropped", "link"].map((name) => join(directory, name)) as [
            string,
            string,
            string,
        ];
        write([file(kept, "old\n"), file(dropped, "here\n")], sh`files_commit`);
        chmodSync(kept, 0o640);
        symlinkSync("elsewhere", link);
        const record = read(join(directory, "records/files", owner.token));
        const files = [file(kept, "new\n"), file(link, "a file\n"), file(join(directory, "made/new"), "x")];
        const said = write(
            files,
            sh`say between "$(cat ${kept}) $(cat ${link})"; [ -e ${dropped} ] || say gone; files_undo`,
            owner,
            [link],
        );
        expect([said.one("between"), said.has("gone")]).toEqual(["new a file", true]);
        expect([read(kept), mode(kept), read(dropped)]).toEqual(["old\n", "640", "here\n"]);
        expect(existsSync(join(directory, "made"))).toBe(false);
        expect(read(join(directory, "records/files", owner.token))).toBe(record);
    });

    test("a transaction that was cut off is undone by the next one", () => {
        const path = join(directory, "half");
        write([file(path, "old\n")], sh`files_commit`);
        write([file(path, "new\n")], sh`exit 9`);
        expect(read(path)).toBe("new\n");
        write([], sh`say then "$(cat ${path} 2>/dev/null || echo none)"; files_undo`);
        expect(read(path)).toBe("old\n");
    });

    test("a file of another owner, and one of nobody, are refused", () => {
        const [theirs, nobodys] = [join(directory, "theirs"), join(directory, "nobodys")];
        write([file(theirs, "x")], sh`files_commit`, other);
        writeFileSync(nobodys, "y");
        const said = write([file(theirs, "1"), file(nobodys, "2")], sh`files_commit`);
        expect(said.code).toBe(1);
        expect(said.blocksOf("taken")).toEqual(
            new Map([
                [theirs, "urn:other\n"],
                [nobodys, ""],
            ]),
        );
        expect([read(theirs), read(nobodys)]).toEqual(["x", "y"]);
    });

    test("a file that can't be made is refused with the reason", () => {
        writeFileSync(join(directory, "plain"), "");
        const files = [
            file(join(directory, "plain/below"), "x"),
            file(join(directory, "a"), "x", { owner: "nobody-x" }),
        ];
        const said = write(files, sh`files_commit`);
        expect([...said.blocksOf("unable").values()].map((text) => text.trim())).toEqual([
            `${directory}/plain isn't a directory`,
            "there is no user nobody-x",
        ]);
    });

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
            const said = write([file(join(path, "config.toml"), "new", { owner: "1234" })], sh`files_commit`);
            expect(said.block(`unable ${path}/config.toml`)).toBe(
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
        const said = write([file(path, "x")], sh`files_commit`, owner, [path]);
        expect(said.block(`unable ${path}`)).toBe(`a ${kind} is there, and no file\n`);
        const shown = run(showFilesLibrary, sh`show_files ${path}; show_texts ${path}`).one("file");
        expect(shown).toMatch(/^0[0-7]{3} root root (fifo|directory|device) \//);
    });

    test("what comes after the temporary file was planted isn't followed: it is made anew, under a name that nobody knows", () => {
        const path = join(directory, "config");
        const said = write(
            [file(path, "x")],
            sh`temporary_of ${path}; say temporary "$temporary"; : >"$temporary"
put ${path} 0644 root:root <<END || say refused
eA==
END
files_undo`,
        );
        expect(said.one("temporary")).toMatch(/\/\.pulumi-portable\.[0-9a-f-]{36}$/);
        expect(said.has("refused")).toBe(true);
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

    test("what is under a path is said: mode, owner, digest, content", () => {
        const path = join(directory, "shown file");
        writeFileSync(path, "text\n", { mode: 0o604 });
        const said = run(showFilesLibrary, sh`show_files ${path} ${`${path}.none`}; show_texts ${path}`);
        expect(said.all("file")).toEqual([
            expect.stringMatching(
                /^0604 \S+ \S+ b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733 \S+ file$/,
            ),
        ]);
        expect(said.block(`content ${path}`)).toBe("text\n");
    });

    describe("settle", () => {
        /** `systemctl show` gives these, one after the other; the last one for ever. */
        const settle = (...states: Record<string, string>[]) => {
            const texts = states.map((state) =>
                Object.entries({
                    Id: "a.service",
                    NRestarts: "0",
                    MainPID: "7",
                    Type: "notify",
                    Result: "success",
                    ...state,
                })
                    .map(([key, value]) => `${key}=${value}`)
                    .join("\n"),
            );
            return run(
                settleLibrary,
                sh`counter=${`${directory}/counter`}
sleep() { :; }
systemctl() {
    echo x >>"$counter"
    case $(wc -l <"$counter") in
${joinShell(texts.slice(0, -1).map((text, index) => sh`${`${index + 1}`}) printf '%s\\n' ${text} ;;`))}
    *) printf '%s\\n' ${texts.at(-1) as string} ;;
    esac
}
if settle a.service; then say settled "$settled"; else say bad "$bad $ActiveState $SubState"; fi`,
            );
        };

        test.each<[string, Record<string, string>[], string]>([
            ["an active unit", [{ ActiveState: "active", SubState: "running" }], "settled a.service 7  "],
            [
                "one that comes up",
                [
                    { ActiveState: "activating", SubState: "start" },
                    { ActiveState: "active", SubState: "running" },
                ],
                "settled a.service 7  ",
            ],
            [
                "a oneshot that has ended",
                [{ ActiveState: "inactive", SubState: "dead", Type: "oneshot" }],
                "settled a.service 7  ",
            ],
            ["a failed one", [{ ActiveState: "failed", SubState: "failed" }], "bad a.service failed failed"],
            [
                "one that waits for its next start",
                [{ ActiveState: "activating", SubState: "auto-restart" }],
                "bad a.service activating auto-restart",
            ],
            [
                "one that was started again",
                [{ ActiveState: "active", SubState: "running", NRestarts: "1" }],
                "bad a.service active running",
            ],
            [
                "a simple one that falls over after a moment",
                [
                    { ActiveState: "active", SubState: "running", Type: "simple" },
                    { ActiveState: "failed", SubState: "failed", Type: "simple" },
                ],
                "bad a.service failed failed",
            ],
        ])("%s", (_title, states, expected) => {
            const said = settle(...states);
            expect(said.has("settled") ? `settled ${said.one("settled")}` : `bad ${said.one("bad")}`).toBe(expected);
        });
    });

    test("a command that takes longer than the time is ended, with a sentence", () => {
        const said = run(
            deadlineLibrary(1),
            sh`start_clock
out=$(in_time sleep 5); say status "$? $out"
in_time sh -c 'exit 3'; say status "$?"`,
        );
        expect(said.all("status")[0]).toMatch(/^124 not done when the time for it was up \(1 s in all/);
        expect(said.all("status")[1]).toBe("3");
    });

    test("what is attached is read from portabled's drop-ins, hidden ones too", () => {
        const attached = join(directory, "system.attached");
        for (const [unit, line] of [
            ["hello.service", `${MARK} '/var/lib/portables/hello_1.raw:/srv/x.raw:/srv/y.raw', do not edit.`],
            ["hello-b.socket", `${HIDDEN_MARK} '/var/lib/portables/hello_1.raw', do not edit.`],
            ["hello-staging.service", `${MARK} '/var/lib/portables/hello-staging_1.raw', do not edit.`],
            ["other.service", "# of nobody"],
        ] as const) {
            mkdirSync(join(attached, `${unit}.d`));
            writeFileSync(join(attached, `${unit}.d/20-portable.conf`), `${line}\n[Unit]\n`);
        }
        const said = run(
            showUnitsLibrary,
            sh`attached hello
say units $attached_units
say image "$attached_image $attached_extensions"`,
        );
        expect(said.one("units")).toBe("hello-b.socket hello.service");
        expect(said.one("image")).toMatch(/^\/var\/lib\/portables\/hello_1\.raw/);
    });

    test("an image that nobody wants is swept, one that is wanted or isn't ours stays", () => {
        const wanted = join(directory, "records/images");
        for (const name of ["a_1.raw", "b_1.raw"]) mkdirSync(join(wanted, name), { recursive: true });
        writeFileSync(join(wanted, "a_1.raw", owner.token), "");
        writeFileSync(join(wanted, "b_1.raw", ".chunks"), "");
        for (const name of ["a_1.raw", "b_1.raw", "c_1.raw", ".part-d"])
            writeFileSync(join(directory, "images", name), "");
        run(
            sweepLibrary,
            sh`mounted() { return 1; }
sweep`,
        );
        expect(readdirSync(join(directory, "images")).sort()).toEqual(["a_1.raw", "c_1.raw"]);
    });

    test("only an image of ours that no record knows is adopted", () => {
        for (const name of ["a_1.raw", "b_1.raw"]) writeFileSync(join(directory, "images", name), "");
        mkdirSync(join(directory, "records/images/b_1.raw"), { recursive: true });
        const said = run(
            sweepLibrary,
            sh`for path in "$images"/a_1.raw "$images"/b_1.raw "$images"/none.raw /srv/x.raw "$images/" ""; do
adopt "$path"; say adopted "\${unknown##*/}"; done`,
        );
        expect(said.all("adopted")).toEqual(["a_1.raw", "", "", "", "", ""]);
    });
});
