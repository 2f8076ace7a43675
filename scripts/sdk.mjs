// sdk/nodejs is made from provider/schema.json by Pulumi's own generator.
//   node scripts/sdk.mjs            generates it (needs the pulumi CLI) and builds it
//   node scripts/sdk.mjs --build    builds sdk/nodejs/bin from what is committed, unless it is there already
//   node scripts/sdk.mjs --check    tells whether what is committed is what the generator makes (needs the CLI)
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const sdk = join(root, "sdk/nodejs");
const schema = join(root, "provider/schema.json");
/** Not of the generator, and kept when it runs again. */
const OURS = new Set(["bin", "node_modules"]);

const [mode] = process.argv.slice(2);
if (mode === "--build") build();
else if (mode === "--check") check();
else {
    withGenerated((made) => {
        mkdirSync(sdk, { recursive: true });
        for (const name of readdirSync(sdk)) if (!OURS.has(name)) rmSync(join(sdk, name), { recursive: true });
        cpSync(made, sdk, { recursive: true });
    });
    build();
}

/** Runs the generator in a directory that is gone afterwards. */
function withGenerated(use) {
    const scratch = mkdtempSync(join(tmpdir(), "portable-sdk-"));
    try {
        execFileSync("pulumi", ["package", "gen-sdk", schema, "--language", "nodejs", "--out", scratch], {
            // Away from the home directory: it may not be writable, and nothing of it is needed.
            env: { ...process.env, PULUMI_HOME: join(scratch, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
            stdio: ["ignore", "ignore", "inherit"],
        });
        const made = join(scratch, "nodejs");
        complete(made);
        // The generator's files are for their owner alone.
        execFileSync("chmod", ["-R", "u=rwX,go=rX", made]);
        use(made);
    } finally {
        rmSync(scratch, { recursive: true });
    }
}

/** What the generator leaves to the publisher: where the compiled code is, and that no plugin is to be downloaded. */
function complete(made) {
    const { devDependencies, scripts, ...generated } = JSON.parse(readFileSync(join(made, "package.json"), "utf8"));
    const description = JSON.parse(readFileSync(schema, "utf8")).description;
    const manifest = {
        ...generated,
        description,
        main: "bin/index.js",
        types: "bin/index.d.ts",
        pulumi: { ...generated.pulumi, resource: false },
    };
    writeFileSync(join(made, "package.json"), `${JSON.stringify(manifest, null, 4)}\n`);
    writeFileSync(join(made, "schema.sha256"), `${digest(schema)}\n`);
}

function build() {
    const stamp = join(sdk, "bin/schema.sha256");
    const wanted = readFileSync(join(sdk, "schema.sha256"), "utf8");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
    // Renamed when complete: a program may be using what is there.
    const made = join(sdk, `bin.${process.pid}`);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [tsc, "-p", sdk, "--outDir", made], { stdio: "inherit" });
    // The compiled SDK reads its version from a package.json beside it.
    cpSync(join(sdk, "package.json"), join(made, "package.json"));
    writeFileSync(join(made, "schema.sha256"), wanted);
    rmSync(join(sdk, "bin"), { recursive: true, force: true });
    renameSync(made, join(sdk, "bin"));
}

function check() {
    withGenerated((made) => {
        const [now, committed] = [filesOf(made), filesOf(sdk)];
        const names = [...new Set([...now.keys(), ...committed.keys()])];
        const stale = names.filter((name) => now.get(name) !== committed.get(name));
        if (stale.length === 0) return;
        console.error(`sdk/nodejs is not what the generator makes of provider/schema.json: ${stale.join(", ")}`);
        process.exitCode = 1;
    });
}

function filesOf(directory) {
    const names = readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
        .filter((name) => !OURS.has(name.split("/")[0]));
    return new Map(names.map((name) => [name, digest(join(directory, name))]));
}

function digest(file) {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
}
