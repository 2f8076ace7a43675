// Bundles the provider to provider/dist/provider.js, what starts it to start.js beside it, and a thread of it.
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const started = performance.now();
const bundle = async (entry, file, form = (text) => text) => {
    // Renamed when complete: a provider may be starting from the file right now.
    const incomplete = `${root}${file}.${process.pid}`;
    const { outputFiles } = await build({
        absWorkingDir: root,
        entryPoints: [entry],
        write: false,
        bundle: true,
        platform: "node",
        target: "node22",
        charset: "ascii",
        minify: true,
        loader: { ".sh": "text" },
        // Stacks in reports of defects keep their names.
        keepNames: true,
        legalComments: "none",
        // Optional native parts of ssh2: it works without.
        external: ["cpu-features", "*.node"],
        logLevel: "warning",
    });
    const text = form(outputFiles[0].text);
    if (/[^\0-\x7f]/.test(text)) throw new Error(`${file} isn't ASCII, as which start.ts reads it`);
    writeFileSync(incomplete, text);
    renameSync(incomplete, `${root}${file}`);
    return text.length;
};
/** As start.ts takes it: the digest, which names the code cache, and the function of a module. */
const asFunction = (text) => {
    const digest = createHash("sha1").update(text).digest("hex");
    return `//${digest}\n(function (exports, require, module, __filename, __dirname) {${text}})`;
};
mkdirSync(`${root}provider/dist`, { recursive: true });
await bundle("provider/plugin/start.ts", "provider/dist/start.js");
await bundle("provider/transfer/chunker.ts", "provider/dist/chunker.js");
const file = "provider/dist/provider.js";
const bytes = await bundle("provider/plugin/main.ts", file, asFunction);
console.log(`${file}: ${Math.round(bytes / 1024)} KB in ${Math.round(performance.now() - started)} ms`);
