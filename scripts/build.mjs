// Bundles the provider to provider/dist/provider.js, and what starts it to provider/dist/start.js.
import { renameSync } from "node:fs";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const started = performance.now();
const bundle = async (entry, file) => {
    // Renamed when complete: a provider may be starting from the file right now.
    const incomplete = `${file}.${process.pid}`;
    const { metafile } = await build({
        absWorkingDir: root,
        entryPoints: [entry],
        outfile: incomplete,
        bundle: true,
        platform: "node",
        target: "node22",
        minify: true,
        // Stacks in reports of defects keep their names.
        keepNames: true,
        legalComments: "none",
        metafile: true,
        // Optional native parts of ssh2: it works without.
        external: ["cpu-features", "*.node"],
        logLevel: "warning",
    });
    renameSync(`${root}${incomplete}`, `${root}${file}`);
    return metafile.outputs[incomplete].bytes;
};
await bundle("provider/start.ts", "provider/dist/start.js");
const file = "provider/dist/provider.js";
const bytes = await bundle("provider/main.ts", file);
console.log(`${file}: ${Math.round(bytes / 1024)} KB in ${Math.round(performance.now() - started)} ms`);
