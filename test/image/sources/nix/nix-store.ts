import { cpSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { workspace } from "../../workspace";

/** A copy of a flake of `flakes/`, removed after the tests. In place, nix would copy the whole repository to its store. */
export function flake(name: "hello" | "broken" | "elsewhere" | "nixpkgs" | "flake-utils"): string {
    const directory = path.join(workspace(), name);
    for (const source of ["shared", name])
        cpSync(path.join(__dirname, "flakes", source), directory, { recursive: true });
    return directory;
}

/**
 * Gives nix a store and a home for this test file, removed after its tests, and no substituters. Returns the store's
 * directory.
 *
 * There is no sandbox, so builders use the machine's compiler. Don't replace that by a sandbox with the machine's /bin or
 * /usr: nix would write its own /bin/sh through the mount over the machine's.
 */
export function privateNix(): string {
    const home = workspace();
    // Not in /tmp: services with PrivateTmp= couldn't see the store there.
    const nix = mkdtempSync("/var/lib/nix-test-");
    setEnvironment(home, ["sandbox = false", "build-users-group ="], {
        NIX_STORE_DIR: `${nix}/nix/store`,
        NIX_STATE_DIR: `${nix}/state`,
        NIX_LOG_DIR: `${nix}/log`,
    });
    afterAll(() => rmSync(nix, { recursive: true }));
    return `${nix}/nix/store`;
}

/** Like {@link privateNix}, but store paths are `/nix/store/...`, and their files are below the returned root. */
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
