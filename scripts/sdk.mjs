// sdk/{nodejs,python,go,dotnet,java} are made from provider/schema.json by Pulumi's own generators (scripts/sdk-gen).
//   node scripts/sdk.mjs            generates them (needs Go), and builds sdk/nodejs
//   node scripts/sdk.mjs --build    builds sdk/nodejs/bin from what is committed, unless it is there already
//   node scripts/sdk.mjs --check    reports which committed files aren't what the generators make (needs Go)
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
import { generator } from "./sdk-gen/build.mjs";
import { sdkReadme } from "./sdk-readmes.mjs";

const root = new URL("..", import.meta.url).pathname;
const sdk = join(root, "sdk");
const nodejs = join(sdk, "nodejs");
const schema = join(root, "provider/schema.json");
const LANGUAGES = ["nodejs", "python", "go", "dotnet", "java"];
/** Directories that builds make beside the generated files. */
const BUILT = new Set(["bin", "node_modules", "obj", "build", "target", "__pycache__"]);

const [mode] = process.argv.slice(2);
if (mode === "--build") build();
else if (mode === "--check") check();
else {
    withGenerated((made) => {
        for (const language of LANGUAGES) {
            const directory = join(sdk, language);
            mkdirSync(directory, { recursive: true });
            for (const name of readdirSync(directory)) {
                if (!BUILT.has(name)) rmSync(join(directory, name), { recursive: true });
            }
            cpSync(join(made, language), directory, { recursive: true });
        }
    });
    build();
}

/** Runs the generators in a directory that is removed afterwards. */
function withGenerated(use) {
    const made = mkdtempSync(join(tmpdir(), "portable-sdk-"));
    try {
        execFileSync(generator("current"), ["sdks", schema, made], { stdio: "inherit" });
        execFileSync(generator("earlier"), ["sdks", schema, join(root, "docs/logo.png"), made], { stdio: "inherit" });
        complete(join(made, "nodejs"));
        const { version } = JSON.parse(readFileSync(schema, "utf8"));
        for (const language of LANGUAGES)
            writeFileSync(join(made, language, "README.md"), sdkReadme(language, version));
        use(made);
    } finally {
        rmSync(made, { recursive: true });
    }
}

/** Adds what the generator leaves to the publisher: where the compiled code is, and that no plugin is to be downloaded. */
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
}

function build() {
    const stamp = join(nodejs, "bin/source.sha256");
    const wanted = hash(JSON.stringify([...filesOf(sdk, ["nodejs"])].sort()));
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
    // Renamed when complete: a program may be using what is there.
    const made = join(nodejs, `bin.${process.pid}`);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [tsc, "-p", nodejs, "--outDir", made], { stdio: "inherit" });
    // The compiled SDK reads its version from a package.json beside it.
    cpSync(join(nodejs, "package.json"), join(made, "package.json"));
    writeFileSync(join(made, "source.sha256"), wanted);
    rmSync(join(nodejs, "bin"), { recursive: true, force: true });
    renameSync(made, join(nodejs, "bin"));
}

function check() {
    withGenerated((made) => {
        const [now, committed] = [filesOf(made), filesOf(sdk)];
        const names = [...new Set([...now.keys(), ...committed.keys()])];
        const stale = names.filter((name) => now.get(name) !== committed.get(name));
        if (stale.length === 0) return;
        console.error(`sdk/ is not what the generators make of provider/schema.json: ${stale.join(", ")}`);
        process.exitCode = 1;
    });
}

/** The digest of each file, by its path. */
function filesOf(directory, languages = LANGUAGES) {
    const names = languages.flatMap((language) =>
        readdirSync(join(directory, language), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
            .filter((name) => !name.split("/").some((part) => BUILT.has(part) || part.startsWith("bin."))),
    );
    return new Map(names.map((name) => [name, hash(readFileSync(join(directory, name)))]));
}

function hash(content) {
    return createHash("sha256").update(content).digest("hex");
}
