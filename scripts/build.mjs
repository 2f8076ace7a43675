// Bundles the provider to provider/dist/provider.js, what starts it to start.js beside it, and a thread of it.
//   node scripts/build.mjs --notices    also writes what a release states of the packages inside: their licences to
//                                       THIRD-PARTY-NOTICES.txt, and sbom.cdx.json (CycloneDX)
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const started = performance.now();
const withNotices = process.argv.includes("--notices");
// Tests and packages ask for a build that is mostly there already.
const stamp = `${root}provider/dist/source.sha256`;
const wanted = digestOfSources();
const isBuilt = ["start.js", "chunker.js", "provider.js"].every((name) => existsSync(`${root}provider/dist/${name}`));
if (!withNotices && isBuilt && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) process.exit();

const { build } = await import("esbuild");
const bundle = async (entry, file, form = (text) => text, plugins = []) => {
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
        minifySyntax: true,
        minifyWhitespace: true,
        // Names are kept, for stacks in reports of defects. (With short names and keepNames, each function is given its
        // name as it is made: 5 ms of each start.)
        minifyIdentifiers: false,
        loader: { ".sh": "text" },
        legalComments: "none",
        // Optional native parts of ssh2: it works without.
        external: ["cpu-features", "*.node"],
        logLevel: "warning",
        plugins,
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
const bytes = await bundle("provider/plugin/main.ts", file, asFunction, withNotices ? [await billOfMaterials()] : []);
if (withNotices) writeNotices();
writeFileSync(`${stamp}.${process.pid}`, wanted);
renameSync(`${stamp}.${process.pid}`, stamp);
console.log(`${file}: ${Math.round(bytes / 1024)} KB in ${Math.round(performance.now() - started)} ms`);

/** Of all that the bundles are made from: the provider, this script, and the versions of the packages. */
function digestOfSources() {
    const sources = readdirSync(`${root}provider`, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|sh|json)$/.test(entry.name) && !entry.parentPath.includes("/dist"))
        .map((entry) => join(entry.parentPath, entry.name));
    const all = [...sources.sort(), `${root}scripts/build.mjs`, `${root}package-lock.json`];
    const digest = createHash("sha256");
    for (const file of all)
        digest
            .update(`${file.slice(root.length)}\0`)
            .update(readFileSync(file))
            .update("\0");
    return digest.digest("hex");
}

async function billOfMaterials() {
    const { cyclonedxEsbuildPlugin } = await import("@cyclonedx/cyclonedx-esbuild");
    return cyclonedxEsbuildPlugin({
        specVersion: "1.6",
        outputFile: `${root}provider/dist/sbom.cdx.json`,
        gatherLicenseTexts: true,
        outputReproducible: true,
    });
}

/** The licence texts that the bill of materials gathered, one package after another. */
function writeNotices() {
    const { components } = JSON.parse(readFileSync(`${root}provider/dist/sbom.cdx.json`, "utf8"));
    // The provider itself is no third party: its licence stands beside.
    const others = components.filter(({ name }) => name !== "pulumi-resource-portable");
    const notices = others.map(({ group, name, version, licenses = [], evidence }) => {
        const ids = licenses.map(({ license, expression }) => expression ?? license.id ?? license.name).join(", ");
        const texts = (evidence?.licenses ?? []).map(({ license }) =>
            Buffer.from(license.text.content, license.text.encoding ?? "utf8")
                .toString("utf8")
                .trim(),
        );
        const title = `${group === undefined ? "" : `${group}/`}${name} ${version} (${ids})`;
        return [
            title,
            "=".repeat(title.length),
            "",
            texts.join("\n\n") || `No licence text comes with the package.`,
            "",
        ].join("\n");
    });
    writeFileSync(`${root}provider/dist/THIRD-PARTY-NOTICES.txt`, notices.join("\n\n"));
}
