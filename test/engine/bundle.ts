import { renameSync } from "node:fs";
import { join, parse } from "node:path";
import { buildSync } from "esbuild";

/** Bundles a TypeScript program of this directory, which then starts in a third of the time. Returns the file's path. */
export function bundle(entry: string, directory: string): string {
    const outfile = join(directory, `${parse(entry).name}.cjs`);
    // Renamed when it is complete, as another process may be starting it.
    const unfinished = `${outfile}.${process.pid}`;
    buildSync({
        entryPoints: [join(__dirname, entry)],
        outfile: unfinished,
        bundle: true,
        platform: "node",
        target: "node20",
        logLevel: "error",
    });
    renameSync(unfinished, outfile);
    return outfile;
}
