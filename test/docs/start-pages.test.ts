import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { go, hasJava, javaClassPath } from "../languages/toolchains";
import { samplesOf } from "./samples";

const TIMEOUT_MS = 600_000;

let directory: string;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "portable-start-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Makes the project of a start page. */
function makeProject(page: string): void {
    for (const { file, text } of samplesOf(`docs/start/${page}.md`)) {
        if (file === undefined) continue;
        mkdirSync(dirname(join(directory, file)), { recursive: true });
        writeFileSync(join(directory, file), text);
    }
}

test(
    "the programs of the page about Go compile",
    () => {
        makeProject("go");
        const { env } = go(directory);
        execFileSync("go", ["build", "-o", "/dev/null", "./site"], { cwd: directory, env: { ...process.env, ...env } });
        execFileSync("go", ["vet", "."], { cwd: directory, env: { ...process.env, ...env } });
    },
    TIMEOUT_MS,
);

(hasJava ? test : test.skip)(
    "the program of the page about Java compiles",
    () => {
        makeProject("java");
        const source = join(directory, "src/main/java/App.java");
        execFileSync("javac", ["-nowarn", "-encoding", "UTF-8", "-cp", javaClassPath(), "-d", directory, source]);
    },
    TIMEOUT_MS,
);
