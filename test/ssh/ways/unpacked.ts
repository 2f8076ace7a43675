import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const cache =
    process.env.PORTABLE_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "portable-test");
const root = join(cache, "logins");

/** Directory of the libraries of the packages that scripts/setup.sh unpacked: the Kerberos server and SoftHSM. */
export function libraries(): string {
    const parent = join(root, "usr/lib");
    if (!existsSync(parent)) throw new Error("Kerberos and SoftHSM aren't unpacked yet: scripts/setup.sh test");
    const triplet = readdirSync(parent).find((name) => name.includes("-linux-"));
    return join(parent, triplet ?? "");
}

/** Path of SoftHSM's PKCS#11 module. */
export const softHsm = () => join(root, "usr/lib/softhsm/libsofthsm2.so");

/** Environment variables with which the unpacked programs find each other, and ssh finds the module. */
export function environmentOfUnpacked(): Record<string, string> {
    const directories = ["usr/bin", "usr/sbin"].map((name) => join(root, name));
    return { PATH: [...directories, process.env.PATH].join(":"), LD_LIBRARY_PATH: libraries() };
}

/** Runs an unpacked program and returns its output. */
export function runUnpacked(program: string, args: string[], env: Record<string, string>, input = ""): string {
    const environment = { ...process.env, ...environmentOfUnpacked(), ...env };
    return execFileSync(program, args, { env: environment, input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
}
