import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { childEnvironment } from "../../../environment";
import { UserError } from "../../../errors";
import { NixLog } from "./log";

/** The program `nix` failed. */
export class NixFailure extends Error {
    constructor(readonly log: NixLog) {
        super(log.errors.map(({ text }) => text).join("\n"));
    }

    /** The errors that nix reported, or else its output. */
    get reported(): string {
        const errors = this.log.errors.map(({ text }) => text);
        return (errors.length > 0 ? errors : this.log.plain.slice(-10)).join("\n");
    }
}

const INSTALL =
    "Install Nix 2.4 or later on the machine that runs Pulumi (https://nixos.org/download, or `apt install nix-bin`), and see that `nix` is on PATH; the host needs none";

/** Time between SIGTERM, on which nix ends its builders, and SIGKILL. */
const GRACE_MS = 5000;

export interface NixOptions {
    /** Absolute path, to which relative installables and files refer. */
    directory: string;
    signal?: AbortSignal;
    /** Called with status messages: "building hello-1.0: CC main.o" */
    onStatus?: (text: string) => void;
}

/**
 * Runs nix with the user's configuration (nix.conf, NIX_CONFIG, NIX_PATH and so on), and returns its standard output. Throws a
 * {@link NixFailure}, a UserError if nix isn't installed, or the signal's reason if aborted.
 */
export async function nix(args: readonly string[], { directory, signal, onStatus }: NixOptions): Promise<string> {
    signal?.throwIfAborted();
    const flags = ["--extra-experimental-features", "nix-command flakes", "--log-format", "internal-json"];
    const child = spawn("nix", [...args, ...flags], {
        cwd: directory,
        env: childEnvironment(),
        stdio: ["ignore", "pipe", "pipe"],
    });
    const log = new NixLog(onStatus);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
    });
    const lines = createInterface({ input: child.stderr }).on("line", (line) => log.read(line));
    const read = new Promise((resolve) => lines.once("close", resolve));
    let kill: NodeJS.Timeout | undefined;
    const end = () => {
        child.kill("SIGTERM");
        kill = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    };
    signal?.addEventListener("abort", end, { once: true });
    try {
        const code = await new Promise<number | null>((resolve, reject) => {
            child.once("error", reject);
            child.once("close", resolve);
        });
        await read;
        signal?.throwIfAborted();
        if (code !== 0) throw new NixFailure(log);
        return output;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") throw notInstalled();
        throw error;
    } finally {
        clearTimeout(kill);
        signal?.removeEventListener("abort", end);
    }
}

function notInstalled(): UserError {
    return new UserError({ what: "nix, which makes the image, is not installed", todo: INSTALL });
}

let version: Promise<[major: number, minor: number]> | undefined;

/** The version of nix, or the version that a variant reports: 2.91 for `nix (Lix, like Nix) 2.91.1`. */
export function nixVersion(options: NixOptions): Promise<[major: number, minor: number]> {
    version ??= nix(["--version"], options).then(
        (reported) => {
            const [major = 0, minor = 0] =
                reported
                    .match(/\d+\.\d+/g)
                    ?.at(-1)
                    ?.split(".")
                    .map(Number) ?? [];
            return [major, minor];
        },
        (error) => {
            version = undefined;
            throw error;
        },
    );
    return version;
}
