import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyExample, installPackages } from "./example";

const root = join(__dirname, "../..");

test("no example has a type error against the packed SDK", () => {
    const directory = mkdtempSync(join(tmpdir(), "portable-examples-"));
    try {
        const names = readdirSync(join(root, "examples")).filter((name) =>
            existsSync(join(root, "examples", name, "index.ts")),
        );
        for (const name of names) copyExample(name, join(directory, name));
        installPackages(directory);
        // All examples are checked at once, since most of the time is spent reading the types of the SDKs.
        const options = { extends: "./hello/tsconfig.json", files: names.map((name) => `${name}/index.ts`) };
        writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(options));
        expect(compiled(directory)).toBe("");
    } finally {
        rmSync(directory, { recursive: true });
    }
}, 120_000);

/** Output of tsc; empty if there is no error. */
function compiled(directory: string): string {
    try {
        const tsc = join(root, "node_modules/typescript/bin/tsc");
        return execFileSync(process.execPath, [tsc, "-p", directory], { encoding: "utf8" });
    } catch (error) {
        return (error as { stdout: string }).stdout;
    }
}
