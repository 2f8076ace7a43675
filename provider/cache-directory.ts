import { homedir } from "node:os";
import path from "node:path";

/**
 * The provider's directory in the user's cache directory (XDG Base Directory Specification: a relative XDG_CACHE_HOME
 * doesn't count). It may not be there yet. `parts`: directories below it.
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv, ...parts: string[]): string {
    const xdgCache = environment.XDG_CACHE_HOME;
    const cache = xdgCache?.startsWith("/") ? xdgCache : path.join(environment.HOME || homedir(), ".cache");
    return path.join(cache, "pulumi-portable", ...parts);
}
