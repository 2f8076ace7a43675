import { homedir } from "node:os";
import path from "node:path";

/** A store that is kept between runs, so that downloads from a package registry are made once. */
export const sharedStore = path.join(
    process.env.PORTABLE_TEST_CACHE ??
        path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "portable-test"),
    "store",
);
