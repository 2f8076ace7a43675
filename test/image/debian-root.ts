import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/**
 * Directory with Debian packages and their dependencies, unpacked without running their scripts. It is made once and kept
 * in a cache.
 */
export function debianRoot(packages: string[], suite = "bookworm"): string {
    const cache =
        process.env.PORTABLE_TEST_CACHE ??
        path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "portable-test");
    const key = createHash("sha256").update(`${suite} ${packages}`).digest("hex").slice(0, 12);
    const root = path.join(cache, `extracted-${suite}-${key}`);
    if (existsSync(root)) return root;
    mkdirSync(cache, { recursive: true });
    const building = mkdtempSync(path.join(cache, "extracting."));
    const mirror = process.env.PORTABLE_TEST_MIRROR === undefined ? [] : [process.env.PORTABLE_TEST_MIRROR];
    try {
        execFileSync(
            "mmdebstrap",
            ["--quiet", "--variant=extract", `--include=${packages}`, suite, building, ...mirror],
            { stdio: ["ignore", "ignore", "inherit"] },
        );
        renameSync(building, root);
    } catch (error) {
        rmSync(building, { recursive: true, force: true });
        // Another process may have made it meanwhile.
        if (!existsSync(root)) throw error;
    }
    return root;
}
