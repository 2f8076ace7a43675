import { splitWords } from "../../systemd/unit-file";
import { nameOf, parentOf } from "../tree/paths";
import type { Tree } from "../tree/tree";
import type { Finding } from "./finding";
import type { Started } from "./programs";

/** Runtimes with a JIT compiler, by the names of their programs. */
const RUNTIMES: [name: string, pattern: RegExp][] = [
    ["Node.js", /^(node|nodejs)([-.]?\d+(\.\d+)*)?$/],
    ["Deno", /^deno$/],
    ["Bun", /^bunx?$/],
    ["Java", /^java$/],
    [".NET", /^(dotnet|pwsh)$/],
    ["Mono", /^mono(-sgen)?$/],
    ["LuaJIT", /^luajit([-.]\d.*)?$/],
    ["PyPy", /^pypy\d*(\.\d+)?$/],
    ["OpenResty", /^(openresty|resty)$/],
    ["Julia", /^julia$/],
    ["Wasmtime", /^(wasmtime|wasmer|wasmedge)$/],
    ["QEMU", /^qemu-system-/],
    ["Chromium", /^(chrome|chromium|chrome-headless-shell|headless_shell)$/],
];
/** Libraries of such runtimes, found by a NEEDED entry or as a file next to the program (.NET has its own copy). */
const LIBRARIES: [name: string, pattern: RegExp][] = [
    ["Java", /^libjvm\.so/],
    [".NET", /^lib(coreclr|hostfxr|hostpolicy)\.so/],
    ["LuaJIT", /^libluajit/],
    ["Node.js", /^libnode\.so/],
    ["V8", /^libv8/],
    ["JavaScriptCore", /^libjavascriptcoregtk/],
];
const SHELL = /^(sh|bash|dash|ash|zsh|busybox)$/;

/** The runtimes that services start, by name: "Node.js". */
function jitRuntimes(tree: Tree, started: readonly Started[]): Map<string, { runtime: string; started: Started }> {
    const found = new Map<string, { runtime: string; started: Started }>();
    for (const program of started) {
        if (found.has(program.unit.name)) continue;
        const names = [
            ...program.chain.map(({ path }) => nameOf(path)),
            nameOf(program.program.command.program),
            ...inShell(program),
        ];
        const libraries = [...(program.elf?.needed ?? []), ...besides(tree, program)];
        const runtime =
            RUNTIMES.find(([, pattern]) => names.some((name) => pattern.test(name)))?.[0] ??
            LIBRARIES.find(([, pattern]) => libraries.some((name) => pattern.test(name)))?.[0];
        if (runtime !== undefined) found.set(program.unit.name, { runtime, started: program });
    }
    return found;
}

/** Finds services that the default profile makes abort, as MemoryDenyWriteExecute= forbids writable and executable memory. */
export function jitFindings(tree: Tree, started: readonly Started[]): Finding[] {
    return [...jitRuntimes(tree, started)].map(([unit, { runtime, started: program }]) => ({
        severity: "warning",
        dependsOnProfile: true,
        file: unit,
        line: program.program.line,
        what: `${program.program.key}= runs ${runtime}, which writes machine code while it runs, and the default profile forbids that (MemoryDenyWriteExecute=yes): it aborts at its start, unless the AttachedService has units: { "${unit}": { presets: ["jit"] } }`,
        todo: "In the unit itself MemoryDenyWriteExecute= has no effect, as the profile is read after it",
    }));
}

/** Names of programs in `sh -c "exec node server.js"`. */
function inShell({ program, chain }: Started): string[] {
    const { args } = program.command;
    const index = args.indexOf("-c");
    if (index < 0 || !chain.some(({ path }) => SHELL.test(nameOf(path)))) return [];
    return (splitWords(args[index + 1] ?? "") ?? []).map(nameOf);
}

/** Libraries in the directory of the program. */
function besides(tree: Tree, { chain }: Started): string[] {
    const path = chain.at(-1)?.path;
    if (path === undefined || /^\/(usr\/)?s?bin\//.test(path)) return [];
    const directory = parentOf(path);
    return ["libcoreclr.so", "libhostpolicy.so", "libjvm.so"].filter(
        (name) => tree.get(`${directory}/${name}`) !== undefined,
    );
}
