import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { homedir } from "node:os";
import path from "node:path";
import { Script } from "node:vm";

/*
 * Tells the engine the port, and while it dials runs the bundle beside this file with what V8 has compiled of it in an earlier run (v8::ScriptCompiler::CachedData):
 * without it, compiling is half of the start. Node's own cache (NODE_COMPILE_CACHE) keeps only what is compiled as the
 * file is loaded, a sixth of what a run needs.
 */

const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;

const listener = createServer();
// An engine that ends the provider at once is heard by main().
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
listener.listen(0, "127.0.0.1", () => {
    writeSync(1, `${(listener.address() as AddressInfo).port}\n`);
    // In the same turn: who connects now is served as soon as it is loaded.
    (run("provider.js") as typeof import("./main")).main(listener);
});

/** The exports of a bundle beside this file. */
function run(bundle: string): unknown {
    const filename = path.join(__dirname, bundle);
    // The build makes it ASCII: nothing to decode. It begins with its own digest, and is an expression: the function of a
    // module. V8 itself compares its version, its flags and the length of the source.
    const source = readFileSync(filename, "latin1");
    const name = `${source.slice(2, source.indexOf("\n"))}-${process.version}`;
    const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
    const file = path.join(cache, "pulumi-portable", "code", name);
    const script = new Script(source, { filename, cachedData: read(file) });
    if (script.cachedDataRejected !== false) process.once("exit", () => keep(file, script));
    const made = { exports: {} };
    script.runInThisContext()(made.exports, require, made, filename, __dirname);
    return made.exports;
}

function read(from: string): Buffer | undefined {
    try {
        return readFileSync(from);
    } catch {
        return undefined;
    }
}

/** At the end, when all that a run needs has been compiled. A cache that can't be written costs time only. */
function keep(file: string, script: Script): void {
    try {
        const directory = path.dirname(file);
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        const temporary = `${file}.${process.pid}`;
        writeFileSync(temporary, script.createCachedData(), { mode: 0o600 });
        renameSync(temporary, file);
        for (const other of readdirSync(directory)) {
            const found = path.join(directory, other);
            if (Date.now() - statSync(found).mtimeMs > KEPT_DAYS * DAY_MS) rmSync(found);
        }
    } catch {}
}
