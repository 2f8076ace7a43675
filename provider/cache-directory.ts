import { homedir } from "node:os";
import path from "node:path";

/**
 * Path of the provider's directory in the user's cache directory, or of the subdirectory `parts`, which may not exist yet. A
 * relative XDG_CACHE_HOME is ignored (XDG Base Directory Specification).
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv, ...parts: string[]): string {
    const xdgCache = environment.XDG_CACHE_HOME;
    const cache = xdgCache?.startsWith("/") ? xdgCache : path.join(environment.HOME || homedir(), ".cache");
    return path.join(cache, "pulumi-portable", ...parts);
}
