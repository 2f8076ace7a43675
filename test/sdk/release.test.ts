import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/* Tests of what `make release` writes besides generated files; `make packages` tests the packages. */

const root = join(__dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
let copy: string;

/** Evaluates an expression with a module of scripts/release as `it`. */
function evaluate<Value>(module: string, expression: string): Value {
    const script = `const it = await import(${JSON.stringify(join(root, "scripts/release", module))});
        console.log(JSON.stringify(${expression}));`;
    return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }));
}

const mentions = (directory: string) => evaluate<string[]>("mentions.mjs", `it.mentions(${JSON.stringify(directory)})`);

beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), "portable-release-"));
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
    for (const file of files.filter((name) => /^(README.md|docs|examples|templates|test\/(languages|docs))/.test(name)))
        cpSync(join(root, file), join(copy, file));
    execFileSync("git", ["init", "--quiet"], { cwd: copy });
    execFileSync("git", ["add", "--all"], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true }));

test("pages and projects name the packages of this version", () => {
    const all = mentions(root);
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((mention) => !mention.endsWith(` ${version}`))).toEqual([]);
});

test("a release writes its version at every mention of one", () => {
    const before = mentions(copy);
    evaluate("mentions.mjs", `it.stampMentions(${JSON.stringify(copy)}, "9.8.7-rc.1")`);
    expect(mentions(copy)).toEqual(before.map((mention) => `${mention.split(" ")[0]} 9.8.7-rc.1`));
    // If the old version is still somewhere, the patterns miss a mention.
    const pages = ["README.md", "docs/start", "docs/installation-configuration.md", "templates", "examples/hello"];
    const { stdout } = spawnSync("git", ["grep", "-nF", version, "--", ...pages], { cwd: copy, encoding: "utf8" });
    expect(stdout).toBe("");
});

test("the notes of a release are its version's section of the changelog", () => {
    const changes =
        "# Changes\n\n## Unreleased\n\n## 2.0.0 - 2026-01-02\n\n### Added\n\n- One.\n\n## 1.0.0\n\n- Zero.\n";
    writeFileSync(join(copy, "CHANGELOG.md"), changes);
    const notes = evaluate<string>("stamp.mjs", `it.releaseNotes(${JSON.stringify(copy)}, "2.0.0")`);
    expect(notes).toBe("### Added\n\n- One.\n");
});
