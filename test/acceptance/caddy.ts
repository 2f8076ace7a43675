import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Example } from "./example";

const root = join(__dirname, "../..");

/** `npm run build` of examples/caddyplugins: minutes when its sources are new, else from the cache of the tests. */
export function buildCaddy(example: Example): void {
    const cache =
        process.env.PORTABLE_TEST_CACHE ??
        join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "portable-test");
    const made = join(cache, `caddy-${digest(example.directory)}`);
    if (!existsSync(made)) {
        const go = execFileSync(join(root, "scripts/go.sh"), { encoding: "utf8" }).trim();
        example.build({ PATH: `${go}:${process.env.PATH}` });
        for (const old of existsSync(cache) ? readdirSync(cache) : [])
            if (old.startsWith("caddy-")) rmSync(join(cache, old), { recursive: true });
        mkdirSync(cache, { recursive: true });
        cpSync(example.path("bin"), `${made}.${process.pid}`, { recursive: true });
        renameSync(`${made}.${process.pid}`, made);
    }
    cpSync(made, example.path("bin"), { recursive: true });
}

/** Of all that the programs are built from. */
function digest(directory: string): string {
    const hash = createHash("sha256").update(readFileSync(join(directory, "package.json")));
    const files = readdirSync(join(directory, "caddy"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(`${file.slice(directory.length)}\0`).update(readFileSync(file));
    return hash.digest("hex").slice(0, 12);
}
