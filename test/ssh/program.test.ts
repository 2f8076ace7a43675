import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { joinShell, type Shell, sh } from "../../provider/host/shell";
import { beginOf, commandLine, doneOf, programInput, readyOf, shellOf } from "../../provider/ssh/session/runner";

const directory = mkdtempSync(join(tmpdir(), "portable-test-program-"));
afterAll(() => rmSync(directory, { recursive: true }));

const MARK = "0123456789abcdef";
const TOKEN = "portable-fedcba9876543210";
const GREETING = shellOf(TOKEN) + readyOf(TOKEN);

function inputOf(program: Shell, mark = MARK): string {
    const { header, text } = programInput(program, mark);
    return header + text;
}

/** Starts a login shell as sshd does: with one command line, and with programs on standard input. */
function start(shell = "/bin/sh"): ChildProcessByStdio<Writable, Readable, Readable> {
    const child = spawn(shell, ["-c", commandLine(TOKEN, { asRoot: false })], { stdio: "pipe" });
    child.stdin.on("error", () => {});
    return child;
}

/** The outputs between the markers, and the status in the last marker; undefined if the program didn't begin. */
function resultOf({ stdout, stderr }: { stdout: string; stderr: string }) {
    const done = new RegExp(`^([^]*?)${doneOf(MARK)}(\\d+)\n$`);
    const begin = GREETING + readyOf(MARK) + beginOf(MARK);
    if (!stdout.startsWith(begin)) return undefined;
    const [, text = "", code] = done.exec(stdout.slice(begin.length)) ?? [];
    const [, errors = ""] = done.exec(stderr.slice(beginOf(MARK).length)) ?? [];
    return { code: Number(code), stdout: text, stderr: errors };
}

async function sendTo(shell: string | undefined, sent: string) {
    const child = start(shell);
    const result = { code: 0 as number | null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
        result.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        result.stderr += text;
    });
    child.stdin.end(sent);
    result.code = await new Promise((resolve) => child.on("close", resolve));
    return result;
}

async function run(program: Shell, { shell, answer = "" }: { shell?: string; answer?: string } = {}) {
    const output = await sendTo(shell, inputOf(program) + answer);
    return resultOf(output) ?? output;
}

async function until(done: () => boolean): Promise<void> {
    for (let step = 0; step < 100 && !done(); step++) await sleep(50);
}

test("the command line has no character that login shells interpret differently", () => {
    // Characters that fish, csh and others interpret differently from sh, even in single quotes
    expect(commandLine(TOKEN, { asRoot: true })).not.toMatch(/[\n\\!]/);
    expect(commandLine(TOKEN, { asRoot: true })).toContain("sudo -n -- /bin/sh -c");
    expect(commandLine(TOKEN, { asRoot: false })).not.toContain("sudo");
});

test.each(["/bin/sh", "/bin/bash"])(
    "status, standard output and standard error are kept apart under %s",
    async (shell) => {
        expect(await run(sh`echo ${"it's"}; echo two >&2; exit 7`, { shell })).toEqual({
            code: 7,
            stdout: "it's\n",
            stderr: "two\n",
        });
    },
);

test.each([
    ["exit", sh`exit 3`, 3],
    ["the last command", sh`false`, 1],
    ["set -e", sh`set -e; false; echo not reached`, 1],
    ["a command that a signal ended", sh`sh -c ${"kill -TERM $$"}`, 143],
    ["an unknown command", sh`portable-no-such-command`, 127],
    ["an empty program", joinShell([]), 0],
    [
        "a here-document at the end",
        sh`cat <<'END'
text
END`,
        0,
    ],
    ["a comment at the end", sh`true # done`, 0],
])("the exit status of %s", async (_, program, code) => {
    const result = await run(program);
    expect(result.code).toBe(code);
    expect(result.stdout).not.toContain("not reached");
});

test("a command that reads standard input gets nothing of the program's text", async () => {
    expect((await run(sh`cat; read line; echo "[$line]"; cat >/dev/null; echo end`)).stdout).toBe("[]\nend\n");
});

test("a program whose text was cut off anywhere doesn't run", async () => {
    const file = join(directory, "cut");
    const program = sh`echo > ${file}
true`;
    const whole = inputOf(program);
    for (const length of [0, 1, whole.indexOf("true"), whole.length - 14, whole.length - 1]) {
        const result = await sendTo(undefined, whole.slice(0, length));
        // Input that ends in the first line is ignored, as it doesn't even name a marker.
        expect(result.code === 0).toBe(length <= 1);
        expect(result.stdout).toBe(length <= 1 ? GREETING : GREETING + readyOf(MARK));
    }
    expect(existsSync(file)).toBe(false);
});

test("a program with a syntax error at its end runs nothing", async () => {
    const file = join(directory, "syntax");
    const result = await run(sh`echo > ${file}
if true`);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/syntax error/i);
    expect(existsSync(file)).toBe(false);
});

test("a large program and large outputs are passed on", async () => {
    const text = "x".repeat(200_000);
    const result = await run(
        sh`printf %s ${text} | wc -c; head -c 3000000 /dev/zero | tr '\\0' y; echo; head -c 300000 /dev/zero | tr '\\0' z >&2`,
    );
    expect(result.stdout.length).toBe("200000\n".length + 3_000_001);
    expect(result.stderr.length).toBe(300_000);
});

test("output arrives while the program runs", async () => {
    const input = inputOf(sh`echo one; sleep 2; echo two`);
    const child = start();
    const began = Date.now();
    const first = new Promise<number>((resolve) => {
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            output += text;
            if (output.includes("one")) resolve(Date.now() - began);
        });
    });
    child.stdin.end(input);
    expect(await first).toBeLessThan(1500);
    child.kill();
});

test.each(["/bin/sh", "/bin/bash"])(
    "a program runs to its end after its output was closed, under %s",
    async (shell) => {
        const file = join(directory, `alone-${shell.slice(5)}`);
        const input = inputOf(
            sh`set -e
            echo started
            while [ ! -e ${`${file}.go`} ]; do sleep 0.05; done
            for step in 1 2 3; do
                echo "step $step"; echo "step $step" >&2
                /bin/echo "step $step"
                head -c 300000 /dev/zero
                sleep 0.05
            done
            echo all > ${file}`,
        );
        const child = start(shell);
        child.stdin.end(input);
        await new Promise((resolve) => child.stdout.once("data", resolve));
        child.stdout.destroy();
        child.stderr.destroy();
        child.kill("SIGHUP");
        writeFileSync(`${file}.go`, "");
        await until(() => existsSync(file));
        expect(readFileSync(file, "utf8")).toBe("all\n");
    },
);

test.each(["/bin/sh", "/bin/bash"])(
    "a program can read the answer sent after it, and its end, under %s",
    async (shell) => {
        const program = sh`read -r word <&8; echo "[$word]"; cat <&8; echo end`;
        expect((await run(program, { shell, answer: "yes\nmore\n" })).stdout).toBe("[yes]\nmore\nend\n");
    },
);

test.each(["/bin/sh", "/bin/bash"])("programs run one after another in separate shells, under %s", async (shell) => {
    const programs = [sh`cd /usr; set -u; mine=1; exit 3`, sh`echo "$PWD [\${mine:-}]"`, sh`printf unfinished`];
    const sent = programs.map((program, index) => inputOf(program, `mark${index}`)).join("");
    const { code, stdout, stderr } = await sendTo(shell, sent);
    expect(code).toBe(0);
    expect(stdout).toBe(
        [
            GREETING,
            "mark0 ready\nmark0 begin\nmark0 done 3\n",
            `mark1 ready\nmark1 begin\n${process.cwd()} []\nmark1 done 0\n`,
            "mark2 ready\nmark2 begin\nunfinishedmark2 done 0\n",
        ].join(""),
    );
    expect(stderr).toBe([3, 0, 0].map((status, index) => `mark${index} begin\nmark${index} done ${status}\n`).join(""));
});

test("input that a program doesn't read is never run as the next program", async () => {
    const { header, text } = programInput(sh`echo early; exit 1`, MARK, true);
    const next = inputOf(sh`echo not reached`, "mark");
    const { stdout } = await sendTo(undefined, header + text + next);
    expect(stdout).toBe(`${GREETING}${readyOf(MARK)}${beginOf(MARK)}early\n${doneOf(MARK)}1\n`);
});
