// Writes provider/schema.json from the zod schemas of provider/package.ts. With --check it only says whether it is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const file = `${root}provider/schema.json`;
const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
        contents: `
            import { portable } from "./provider/package";
            import { packageSchema } from "./provider/protocol/package-schema";
            export const text = packageSchema(portable).then((schema) => JSON.stringify(schema, null, 4) + "\\n");`,
        resolveDir: root,
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    packages: "external",
    loader: { ".sh": "text" },
    logLevel: "warning",
});
const made = { exports: {} };
new Function("require", "module", "exports", outputFiles[0].text)(createRequire(import.meta.url), made, made.exports);
const text = await made.exports.text;

if (process.argv.includes("--check")) {
    if (readFileSync(file, "utf8") !== text) {
        console.error("provider/schema.json is stale: run npm run schema");
        process.exit(1);
    }
} else {
    writeFileSync(file, text);
    console.log(`provider/schema.json: ${Math.round(text.length / 1024)} KB`);
}
