// Assembles the npm package pulumi-portable, with the SDK and the bundled provider in it.
//   node scripts/package.mjs [DIRECTORY]    (dist/package)
//   npm run package && npm pack ./dist/package
// A project uses the provider in it with plugins.providers: - { name: portable, path: node_modules/pulumi-portable/provider }
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const made = resolve(process.argv[2] ?? join(root, "dist/package"));

execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
execFileSync(process.execPath, [join(root, "scripts/sdk.mjs"), "--build"], { stdio: "inherit" });

rmSync(made, { recursive: true, force: true });
mkdirSync(join(made, "provider/dist"), { recursive: true });
cpSync(join(root, "sdk/nodejs/bin"), join(made, "bin"), { recursive: true });
rmSync(join(made, "bin/source.sha256"));
for (const name of [
    "pulumi-resource-portable",
    "schema.json",
    "dist/provider.js",
    "dist/start.js",
    "dist/chunker.js",
]) {
    cpSync(join(root, "provider", name), join(made, "provider", name));
}
for (const name of ["README.md", "LICENSE"]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(made, name));
}

const manifest = JSON.parse(readFileSync(join(root, "sdk/nodejs/package.json"), "utf8"));
const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const complete = {
    ...manifest,
    // The second one is for `npx pulumi-portable doctor web1`.
    bin: {
        "pulumi-resource-portable": "provider/pulumi-resource-portable",
        "pulumi-portable": "provider/pulumi-resource-portable",
    },
    files: ["bin", "provider"],
    engines,
};
writeFileSync(join(made, "package.json"), `${JSON.stringify(complete, null, 4)}\n`);
