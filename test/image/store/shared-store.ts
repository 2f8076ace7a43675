import { homedir } from "node:os";
import path from "node:path";

/** A store that stays between runs: what was fetched from a package registry is fetched once. */
export const sharedStore = path.join(
    process.env.PORTABLE_TEST_CACHE ??
        path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "portable-test"),
    "store",
);
