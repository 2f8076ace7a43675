import { homedir } from "node:os";
import path from "node:path";

/** Store that is kept between test runs, so that packages are downloaded once. */
export const sharedStore = path.join(
    process.env.PORTABLE_TEST_CACHE ??
        path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "portable-test"),
    "store",
);
