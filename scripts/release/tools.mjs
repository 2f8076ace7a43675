import { spawnSync } from "node:child_process";

/** Whether a program is on PATH. */
export function has(program) {
    return spawnSync("sh", ["-c", 'command -v "$1"', "sh", program], { stdio: "ignore" }).status === 0;
}
