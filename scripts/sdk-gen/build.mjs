import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../..", import.meta.url).pathname;

/** Path of a generator program, `current` or `earlier`, built where it isn't yet or its source has changed. */
export function generator(name) {
    const directory = join(root, ".cache/sdk-gen");
    mkdirSync(directory, { recursive: true });
    goBuild(join(root, "scripts/sdk-gen", name), ".", join(directory, name));
    return join(directory, name);
}

/** Builds a Go package of the module in `module`; Go itself comes along where it is missing. */
export function goBuild(module, name, executable) {
    const goBin = execFileSync(join(root, "scripts/go.sh"), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    execFileSync(join(goBin.trim(), "go"), ["build", "-trimpath", "-o", executable, name], {
        cwd: module,
        stdio: ["ignore", "inherit", "inherit"],
    });
}
