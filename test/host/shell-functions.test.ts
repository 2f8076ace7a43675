import {
    chmodSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { filesLibrary, filesToWrite, showFilesLibrary } from "../../provider/host/files";
import { sweepLibrary } from "../../provider/host/image";
import { metadataLibrary, unitsOfMetadata } from "../../provider/host/image-metadata";
import { HIDDEN_MARK, MARK } from "../../provider/host/portabled-252";
import { deadlineLibrary, settleLibrary } from "../../provider/host/program";
import { showUnitsLibrary } from "../../provider/host/service/inspect";
import { joinShell, sh } from "../../provider/host/shell";
import { file, Host, owner } from "./files-in-shell";
import { shells } from "./shells";

const other = { token: "fedcba9876543210", nonce: "bbbb", urn: "urn:other" };
const read = (path: string) => readFileSync(path, "utf8");
const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe.each(shells)("under %s", (_name, command) => {
    const host = new Host(command);

    test("values with quotes, blanks, newlines and backslashes are passed unchanged", () => {
        const value = `it's "a" \\x2d $HOME \`id\`\n  second line *`;
        const report = host.run(sh`value=${value}
printf '%s\\n' "$value" | block value
say words one 'two  three'`);
        expect(report.block("value")).toBe(`${value}\n`);
        expect(report.one("words")).toBe("one two  three");
    });

    test("files are written with their mode and recorded", () => {
        const path = join(host.directory, "etc/app/a key");
        const report = host.write([file(path, "one\n", { mode: "0600" })], sh`files_commit`);
        expect(report.stderr).toBe("");
        expect([read(path), mode(path), mode(join(host.directory, "etc/app"))]).toEqual(["one\n", "600", "755"]);
        expect(read(join(host.directory, "records/files", owner.token))).toBe(
            `urn urn:one\nnonce aaaa\npath ${path}\ndir ${host.directory}/etc/app\ndir ${host.directory}/etc\napplied\n`,
        );
        expect(readdirSync(join(host.directory, "records/files"))).toEqual([owner.token]);
    });

    test("a user directory that doesn't answer is awaited for a limited time, and nothing is written", () => {
        const bin = join(host.directory, "bin");
        mkdirSync(bin);
        writeFileSync(join(bin, "getent"), "#!/bin/sh\nexec sleep 100\n", { mode: 0o755 });
        const path = join(host.directory, "etc/key");
        const report = host.run(
            filesLibrary(owner),
            filesToWrite([file(path, "one\n", { owner: "somebody" })]),
            sh`PATH=${bin}:$PATH lookup_seconds=1
claim_files`,
        );
        expect(report.block(`unable ${path}`)).toBe("looking up the user somebody took over 1 s\n");
        expect(existsSync(path)).toBe(false);
    });

    test("equal files change nothing", () => {
        const path = join(host.directory, "same");
        host.write([file(path, "one\n")], sh`files_commit`);
        const before = statSync(path);
        const report = host.write([file(path, "one\n")], sh`files_commit`);
        expect(report.one("changed")).toBe("");
        expect(statSync(path).ino).toBe(before.ino);
    });

    test("an undo restores contents, modes, links, and files that are no longer declared", () => {
        const [kept, dropped, link] = ["kept", "dropped", "link"].map((name) => join(host.directory, name)) as [
            string,
            string,
            string,
        ];
        host.write([file(kept, "old\n"), file(dropped, "here\n")], sh`files_commit`);
        chmodSync(kept, 0o640);
        symlinkSync("elsewhere", link);
        const record = read(join(host.directory, "records/files", owner.token));
        const files = [file(kept, "new\n"), file(link, "a file\n"), file(join(host.directory, "made/new"), "x")];
        const report = host.write(
            files,
            sh`say between "$(cat ${kept}) $(cat ${link})"; [ -e ${dropped} ] || say gone; files_undo`,
            owner,
            [link],
        );
        expect([report.one("between"), report.has("gone")]).toEqual(["new a file", true]);
        expect([read(kept), mode(kept), read(dropped)]).toEqual(["old\n", "640", "here\n"]);
        expect(existsSync(join(host.directory, "made"))).toBe(false);
        expect(read(join(host.directory, "records/files", owner.token))).toBe(record);
    });

    test("an interrupted transaction is undone by the next one", () => {
        const path = join(host.directory, "half");
        host.write([file(path, "old\n")], sh`files_commit`);
        host.write([file(path, "new\n")], sh`exit 9`);
        expect(read(path)).toBe("new\n");
        host.write([], sh`say then "$(cat ${path} 2>/dev/null || echo none)"; files_undo`);
        expect(read(path)).toBe("old\n");
    });

    test("a file of another owner, and one without an owner, are refused", () => {
        const [theirs, nobodys] = [join(host.directory, "theirs"), join(host.directory, "nobodys")];
        host.write([file(theirs, "x")], sh`files_commit`, other);
        writeFileSync(nobodys, "y");
        const report = host.write([file(theirs, "1"), file(nobodys, "2")], sh`files_commit`);
        expect(report.code).toBe(1);
        expect(report.blocksOf("taken")).toEqual(
            new Map([
                [theirs, "urn:other\n"],
                [nobodys, ""],
            ]),
        );
        expect([read(theirs), read(nobodys)]).toEqual(["x", "y"]);
    });

    test("a file that can't be made is refused with the reason", () => {
        writeFileSync(join(host.directory, "plain"), "");
        const files = [
            file(join(host.directory, "plain/below"), "x"),
            file(join(host.directory, "a"), "x", { owner: "nobody-x" }),
        ];
        const report = host.write(files, sh`files_commit`);
        expect([...report.blocksOf("unable").values()].map((text) => text.trim())).toEqual([
            `${host.directory}/plain isn't a directory`,
            "there is no user nobody-x",
        ]);
    });

    test("show_files reports mode, owner, digest and content of a path", () => {
        const path = join(host.directory, "shown file");
        writeFileSync(path, "text\n", { mode: 0o604 });
        const report = host.run(showFilesLibrary, sh`show_files ${path} ${`${path}.none`}; show_texts ${path}`);
        expect(report.all("file")).toEqual([
            expect.stringMatching(
                /^0604 \S+ \S+ b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733 \S+ file$/,
            ),
        ]);
        expect(report.block(`content ${path}`)).toBe("text\n");
    });

    describe("settle", () => {
        /** Runs `settle` with a systemctl that prints these states one after the other, and repeats the last one. */
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
            return host.run(
                settleLibrary,
                sh`counter=${`${host.directory}/counter`}
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
            const report = settle(...states);
            expect(report.has("settled") ? `settled ${report.one("settled")}` : `bad ${report.one("bad")}`).toBe(
                expected,
            );
        });
    });

    test("a command that exceeds its time limit is killed with a message", () => {
        const report = host.run(
            deadlineLibrary(1),
            sh`start_clock
out=$(in_time sleep 5); say status "$? $out"
in_time sh -c 'exit 3'; say status "$?"`,
        );
        expect(report.all("status")[0]).toMatch(/^124 not done when the time for it was up \(1 s in all/);
        expect(report.all("status")[1]).toBe("3");
    });

    test("the attached images are read from portabled's drop-ins, hidden ones included", () => {
        const attached = join(host.directory, "system.attached");
        for (const [unit, line] of [
            ["hello.service", `${MARK} '/var/lib/portables/hello_1.raw:/srv/x.raw:/srv/y.raw', do not edit.`],
            ["hello-b.socket", `${HIDDEN_MARK} '/var/lib/portables/hello_1.raw', do not edit.`],
            ["hello-staging.service", `${MARK} '/var/lib/portables/hello-staging_1.raw', do not edit.`],
            ["other.service", "# of nobody"],
        ] as const) {
            mkdirSync(join(attached, `${unit}.d`));
            writeFileSync(join(attached, `${unit}.d/20-portable.conf`), `${line}\n[Unit]\n`);
        }
        const report = host.run(
            showUnitsLibrary,
            sh`attached hello
say units $attached_units
say image "$attached_image $attached_extensions"`,
        );
        expect(report.one("units")).toBe("hello-b.socket hello.service");
        expect(report.one("image")).toMatch(/^\/var\/lib\/portables\/hello_1\.raw/);
    });

    test.each<[shape: string, ...before: unknown[]]>([
        ["a member named after the type of the answer", { "data.service": [1] }],
        ["an extension that is named like a unit", { "hello-x.service": [72, 73], "say.socket": [] }],
        [
            "paths with braces, brackets and quotation marks",
            '/srv/{"evil.service":[1]}/a\\"b.service":[',
            { '}"c.socket":[{': [1] },
        ],
        ["no units before", {}],
    ])("the units of portabled's answer are those of its last object, on the host as here: %s", (_shape, ...before) => {
        const units = { "hello.service": [91, 123, 34], "hello-a\\x2db@.service": [], "hello_1:2.socket": [34] };
        const answer = JSON.stringify({ type: "saya{say}a{say}", data: ["/i", [80, 61], ...before, units] });
        const report = host.run(metadataLibrary("hello"), sh`printf %s ${answer} | units_of_metadata | block units`);
        const names = (report.block("units") ?? "").split("\n").filter((line) => line !== "");
        expect(names).toEqual(Object.keys(units));
        expect([...unitsOfMetadata(answer).keys()]).toEqual(names.toSorted());
    });

    test("a response without units results in none", () => {
        const answer = JSON.stringify({ type: "saya{say}", data: ["/i.service", [1], {}] });
        const report = host.run(metadataLibrary("hello"), sh`printf %s ${answer} | units_of_metadata | block units`);
        expect(report.block("units")?.trim()).toBe("");
    });

    test("an image that no resource claims is deleted; a claimed or unrecorded one is kept", () => {
        const wanted = join(host.directory, "records/images");
        for (const name of ["a_1.raw", "b_1.raw"]) mkdirSync(join(wanted, name), { recursive: true });
        writeFileSync(join(wanted, "a_1.raw", owner.token), "");
        writeFileSync(join(wanted, "b_1.raw", ".chunks"), "");
        for (const name of ["a_1.raw", "b_1.raw", "c_1.raw", ".part-d"])
            writeFileSync(join(host.directory, "images", name), "");
        host.run(
            sweepLibrary,
            sh`mounted() { return 1; }
sweep`,
        );
        expect(readdirSync(join(host.directory, "images")).sort()).toEqual(["a_1.raw", "c_1.raw"]);
    });

    test("of unrecorded images, only those that this provider uploaded are adopted", () => {
        for (const name of ["a_1.raw", "b_1.raw"]) writeFileSync(join(host.directory, "images", name), "");
        mkdirSync(join(host.directory, "records/images/b_1.raw"), { recursive: true });
        const report = host.run(
            sweepLibrary,
            sh`for path in "$images"/a_1.raw "$images"/b_1.raw "$images"/none.raw /srv/x.raw "$images/" ""; do
adopt "$path"; say adopted "\${unknown##*/}"; done`,
        );
        expect(report.all("adopted")).toEqual(["a_1.raw", "", "", "", "", ""]);
    });
});
