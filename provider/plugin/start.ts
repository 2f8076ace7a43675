import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { getRawAsset, isSea } from "node:sea";
import { Script } from "node:vm";
import { cacheDirectory } from "../cache-directory";
import { environment } from "../environment";

/*
 * Prints the port for the engine and, while the engine dials, runs the bundle next to this file (in a single executable: the
 * one inside it) with the code that V8 compiled in an earlier run (v8::ScriptCompiler::CachedData). Without it, compiling
 * takes half of the start. Node's own cache (NODE_COMPILE_CACHE) only has the code that is compiled while the file is loaded,
 * a sixth of what a run needs.
 */

/** Caches of other versions are removed at this age. */
const MAX_AGE_DAYS = 30;
const DAY_MS = 86_400_000;

if (process.argv[2] === "doctor")
    run("provider.js", (bundle) => {
        void (bundle as typeof import("./main")).doctor(process.argv.slice(3));
        return () => true;
    });
else {
    const listener = createServer();
    // A signal that arrives while main() is being loaded is delivered to it afterwards, rather than ending the process.
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
    listener.listen(0, "127.0.0.1", () => {
        writeSync(1, `${(listener.address() as AddressInfo).port}\n`);
        // Runs in this turn of the event loop, so that no connection is accepted before main() handles them.
        run("provider.js", (bundle) => (bundle as typeof import("./main")).main(listener));
    });
}

/** Calls `main` with the exports of a bundle next to this file. The result of `main` returns whether a host was connected. */
function run(bundle: string, main: (exports: unknown) => () => boolean): void {
    const filename = path.join(__dirname, bundle);
    // The bundle is ASCII, so it needs no decoding. It begins with its own digest, and is an expression: the function of a
    // module. V8 itself compares its version, its flags and the length of the source. A single executable has other flags, so
    // it has its own cache. getAsset() would decode the text by ICU, into a string with two bytes for each character.
    const source = isSea() ? Buffer.from(getRawAsset(bundle)).toString("latin1") : readFileSync(filename, "latin1");
    const file = path.join(
        cacheDirectory(environment(), "code"),
        `${source.slice(2, source.indexOf("\n"))}-${process.version}${isSea() ? "-executable" : ""}`,
    );
    const script = new Script(source, { filename, cachedData: read(file) });
    const made = { exports: {} };
    script.runInThisContext()(made.exports, require, made, filename, __dirname);
    const hasConnected = main(made.exports);
    process.once("exit", () => {
        // A run without a connection to a host, such as a preview, hasn't compiled the SSH code, which updates need.
        if (script.cachedDataRejected !== false && hasConnected()) write(script, file);
    });
}

function read(file: string): Buffer | undefined {
    try {
        return readFileSync(file);
    } catch {
        return undefined;
    }
}

/** Writes the cache at exit, when everything that a run needs has been compiled. A failure only costs time. */
function write(script: Script, file: string): void {
    try {
        const directory = path.dirname(file);
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        const temporary = `${file}.${process.pid}`;
        writeFileSync(temporary, script.createCachedData(), { mode: 0o600 });
        renameSync(temporary, file);
        for (const name of readdirSync(directory)) {
            const other = path.join(directory, name);
            if (Date.now() - statSync(other).mtimeMs > MAX_AGE_DAYS * DAY_MS) rmSync(other);
        }
    } catch {}
}
