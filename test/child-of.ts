import { readFileSync } from "node:fs";

/** Pid of the only child of a process; undefined where it has none. */
export function childOf(pid: number): number | undefined {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === "" ? undefined : Number(children);
}
