// Bundles the provider to provider/dist/provider.js, the one file that pulumi-resource-portable starts.
import { renameSync } from "node:fs";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const started = performance.now();
const file = "provider/dist/provider.js";
// Renamed when complete: a provider may be starting from the file right now.
const incomplete = `${file}.${process.pid}`;
const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["provider/main.ts"],
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
const { bytes } = metafile.outputs[incomplete];
console.log(`${file}: ${Math.round(bytes / 1024)} KB in ${Math.round(performance.now() - started)} ms`);
