import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { copyExample, type Example } from "./example";

const root = join(__dirname, "../..");

/** Runs `npm run build` of examples/caddyplugins. */
export function buildCaddy(example: Example): void {
    cpSync(caddyPrograms(), example.path("bin"), { recursive: true });
}

/** Directory of the built programs. The build takes minutes for new sources; else it is in the tests' cache. */
export function caddyPrograms(): string {
    const cache =
        process.env.PORTABLE_TEST_CACHE ??
        join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "portable-test");
    const made = join(cache, `caddy-${digest(join(root, "examples/caddyplugins"))}`);
    if (existsSync(made)) return made;
    const work = mkdtempSync(join(tmpdir(), "portable-caddy-"));
    try {
        copyExample("caddyplugins", work);
        const go = execFileSync(join(root, "scripts/go.sh"), { encoding: "utf8" }).trim();
        const env = { ...process.env, PATH: `${go}:${process.env.PATH}` };
        execFileSync("npm", ["run", "--silent", "build"], { cwd: work, env });
        for (const old of existsSync(cache) ? readdirSync(cache) : [])
            if (old.startsWith("caddy-")) rmSync(join(cache, old), { recursive: true });
        mkdirSync(cache, { recursive: true });
        cpSync(join(work, "bin"), `${made}.${process.pid}`, { recursive: true });
        renameSync(`${made}.${process.pid}`, made);
        return made;
    } finally {
        rmSync(work, { recursive: true });
    }
}

/** SHA-256 of the sources that the programs are built from. */
function digest(directory: string): string {
    const hash = createHash("sha256").update(readFileSync(join(directory, "package.json")));
    const files = readdirSync(join(directory, "caddy"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(`${file.slice(directory.length)}\0`).update(readFileSync(file));
    return hash.digest("hex").slice(0, 12);
}
