import type { Sentence } from "../../errors";

/** Number of bytes that the kernel reads to recognize the kind of a file (BINPRM_BUF_SIZE). */
export const HEAD_BYTES = 256;

/** The kind of an executable file (execve(2)). */
export type Executable =
    | { kind: "program" }
    | { kind: "script"; interpreter: string; args: string[] }
    /** It can't be started; `isScript` is whether it begins like a script. */
    | { kind: "unusable"; isScript: boolean; problem: Required<Sentence> };

/** The kind of a file by its first bytes. */
export function executableOf(head: Buffer): Executable {
    if (head.toString("latin1", 0, 4) === "\x7fELF") return { kind: "program" };
    if (head.toString("latin1", 0, 2) !== "#!")
        return { kind: "unusable", isScript: false, problem: unknownKind(head) };
    const line = head.toString("utf8", 2).split("\n", 1)[0] as string;
    if (line.endsWith("\r")) {
        const what = "a script whose lines end in CR LF: its interpreter's name would end in a CR";
        const problem = { what, todo: "Save it with the line ends of Unix (LF)" };
        return { kind: "unusable", isScript: true, problem };
    }
    const [interpreter, ...args] = line.trim().split(/[ \t]+/) as [string, ...string[]];
    if (interpreter.startsWith("/")) return { kind: "script", interpreter, args };
    const what = `a script with the interpreter '${interpreter}', which isn't an absolute path`;
    return { kind: "unusable", isScript: true, problem: { what, todo: "Write it as #!/usr/bin/..." } };
}

function unknownKind(head: Buffer): Required<Sentence> {
    if (head.length === 0) return { what: "an empty file", todo: "Build it again" };
    return {
        what: "neither a program (ELF) nor a script: its first line has no #!, the mark of one",
        todo: "Start a script with #! and its interpreter, as #!/bin/sh",
    };
}
