import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../../provider/host/shell";
import { bundle } from "./bundle";

/** Builds the provider of faulty/ into a directory and returns the path of its executable. */
export function faultyPlugin(directory: string): string {
    const executable = join(directory, "pulumi-resource-faulty");
    const program = bundle("faulty/main.ts", directory);
    writeFileSync(executable, sh`#!/bin/sh\nexec ${[process.execPath, program]} "$@"\n`.text);
    chmodSync(executable, 0o755);
    return executable;
}
