import { homedir } from "node:os";
import path from "node:path";

/** A directory of the provider's in the user's cache directory (XDG Base Directory Specification); it may not be there yet. */
export function cacheDirectory(name: string): string {
    const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
    return path.join(cache, "pulumi-portable", name);
}
