import { cpSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { workspace } from "../../workspace";

/** A copy of a flake of `flakes/`, removed at the test's end: in this repository nix would copy all of it. */
export function flake(name: "hello" | "broken" | "elsewhere" | "nixpkgs" | "flake-utils"): string {
    const directory = path.join(workspace(), name);
    for (const source of ["shared", name])
        cpSync(path.join(__dirname, "flakes", source), directory, { recursive: true });
    return directory;
}

/**
 * Gives nix a store and a home of this test alone, gone at its end: nothing of it is left on the machine, and nothing
 * is fetched. Answers the store's directory.
 *
 * There is no sandbox: builders use the machine's compiler. Never let a sandbox have the machine's /bin or /usr in
 * place of that: nix puts a shell of its own at /bin/sh, through the mount, where the machine's is.
 */
export function privateNix(): string {
    const home = workspace();
    // Not in /tmp: services have their own, and would not see an image's store there.
    const nix = mkdtempSync("/var/lib/nix-test-");
    setEnvironment(home, ["sandbox = false", "build-users-group ="], {
        NIX_STORE_DIR: `${nix}/nix/store`,
        NIX_STATE_DIR: `${nix}/state`,
        NIX_LOG_DIR: `${nix}/log`,
    });
    afterAll(() => rmSync(nix, { recursive: true }));
    return `${nix}/nix/store`;
}

/** The same with a store whose paths are `/nix/store/...`, and whose files are below the root that is answered. */
export function privateNixElsewhere(): string {
    const home = workspace();
    const root = path.join(home, "root");
    setEnvironment(home, [`store = ${root}`, "sandbox = true", "build-users-group ="], {});
    return root;
}

function setEnvironment(home: string, settings: string[], more: Record<string, string>): void {
    const before = { ...process.env };
    Object.assign(process.env, more, {
        NIX_CONFIG: [...settings, "substituters =", "flake-registry ="].join("\n"),
        NIX_CONF_DIR: home,
        XDG_CACHE_HOME: path.join(home, "cache"),
        XDG_CONFIG_HOME: path.join(home, "config"),
        XDG_DATA_HOME: path.join(home, "data"),
    });
    afterAll(() => {
        process.env = before;
    });
}
