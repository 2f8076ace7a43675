import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { Script } from "node:vm";
import { cacheDirectory } from "./cache-directory";

/*
 * Tells the engine the port, and while it dials runs the bundle beside this file with what V8 has compiled of it in an
 * earlier run (v8::ScriptCompiler::CachedData): without it, compiling is half of the start. Node's own cache
 * (NODE_COMPILE_CACHE) keeps only what is compiled as the file is loaded, a sixth of what a run needs.
 */

const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;
/** Of runs; what the first needs is more than what the second does. The first run of all is a preview. */
const PURPOSES = ["host", "preview"] as const;

const listener = createServer();
// An engine that ends the provider at once is heard by main().
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
listener.listen(0, "127.0.0.1", () => {
    writeSync(1, `${(listener.address() as AddressInfo).port}\n`);
    // In the same turn: who connects now is served as soon as it is loaded.
    run("provider.js", (bundle) => (bundle as typeof import("./main")).main(listener));
});

/** Calls `main` with the exports of a bundle beside this file; it says what the run was for once that is over. */
function run(bundle: string, main: (exports: unknown) => () => (typeof PURPOSES)[number]): void {
    const filename = path.join(__dirname, bundle);
    // The build makes it ASCII: nothing to decode. It begins with its own digest, and is an expression: the function of a
    // module. V8 itself compares its version, its flags and the length of the source.
    const source = readFileSync(filename, "latin1");
    const name = `${source.slice(2, source.indexOf("\n"))}-${process.version}`;
    const directory = cacheDirectory("code");
    const fileOf = (purpose: string) => path.join(directory, `${name}-${purpose}`);
    let cachedData: Buffer | undefined;
    const taken = PURPOSES.find((purpose) => {
        cachedData = read(fileOf(purpose));
        return cachedData !== undefined;
    });
    const script = new Script(source, { filename, cachedData });
    const made = { exports: {} };
    script.runInThisContext()(made.exports, require, made, filename, __dirname);
    const purposeOf = main(made.exports);
    process.once("exit", () => {
        const purpose = purposeOf();
        const isEnough = taken !== undefined && PURPOSES.indexOf(taken) <= PURPOSES.indexOf(purpose);
        if (script.cachedDataRejected !== false || !isEnough) keep(script, fileOf(purpose), PURPOSES.map(fileOf));
    });
}

function read(from: string): Buffer | undefined {
    try {
        return readFileSync(from);
    } catch {
        return undefined;
    }
}

/** At the end, when all that a run needs has been compiled. A cache that can't be written costs time only. */
function keep(script: Script, file: string, inPlaceOf: readonly string[]): void {
    try {
        const directory = path.dirname(file);
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        const temporary = `${file}.${process.pid}`;
        writeFileSync(temporary, script.createCachedData(), { mode: 0o600 });
        renameSync(temporary, file);
        for (const other of inPlaceOf) if (other !== file) rmSync(other, { force: true });
        for (const other of readdirSync(directory)) {
            const found = path.join(directory, other);
            if (Date.now() - statSync(found).mtimeMs > KEPT_DAYS * DAY_MS) rmSync(found);
        }
    } catch {}
}
