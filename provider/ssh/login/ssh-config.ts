import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, hostname, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { childEnvironment, environment } from "../../environment";
import { ConnectionError } from "../link/connection-error";

const runFile = promisify(execFile);
/** Time limit of `ssh -G`, which may run `Match exec` and resolve canonical names. */
const SSH_TIMEOUT_MS = 20_000;

/** Output of `ssh -G`: each keyword in lower case with its values, one for each line. */
export type SshSettings = ReadonlyMap<string, readonly string[]>;

export interface SshQuery {
    host: string;
    user?: string;
    port?: number;
}

/** Name and home of the local user; an empty name in a container whose user isn't in passwd. */
export function localUser(): { username: string; homedir: string; uid: number } {
    try {
        return userInfo();
    } catch {
        return { username: "", homedir: homedir(), uid: process.getuid?.() ?? 0 };
    }
}

/** The configuration file to use instead of ~/.ssh/config and /etc/ssh/ssh_config, from PORTABLE_SSH_CONFIG. */
export function configFile(): string | undefined {
    const file = environment().PORTABLE_SSH_CONFIG;
    return file ? resolve(file) : undefined;
}

/**
 * The settings that ssh would use for the host (ssh(1) -G, ssh_config(5)).
 * @returns undefined if `ssh` isn't installed, or if it can't run because the local user isn't in passwd
 * @throws ConnectionError `settings` if ssh refuses its configuration or the name
 */
export async function sshSettings(query: SshQuery, signal?: AbortSignal): Promise<SshSettings | undefined> {
    const file = configFile();
    return askSsh(file === undefined ? [] : ["-F", file], query, signal);
}

/**
 * Whether the configuration has a user for the host. `ssh -G` also prints the local user if no user is configured, so it is run
 * again with another default user.
 */
export async function namesUser(query: SshQuery, signal?: AbortSignal): Promise<boolean> {
    const nobody = "portable-no-user-configured";
    const configured = configFile();
    const files =
        configured === undefined ? [join(localUser().homedir, ".ssh/config"), "/etc/ssh/ssh_config"] : [configured];
    const directory = await mkdtemp(join(tmpdir(), "portable-ssh-"));
    try {
        const file = join(directory, "config");
        const includes = files.map((name) => `Include "${name}"\n`).join("");
        await writeFile(file, `${includes}Match all\nUser ${nobody}\n`, { mode: 0o600 });
        const settings = await askSsh(["-F", file], query, signal);
        return settings?.get("user")?.[0] !== nobody;
    } finally {
        await rm(directory, { recursive: true, force: true });
    }
}

/** With ForkAfterAuthentication and without a command, `ssh -G` prints nothing. */
export const NO_FORK = "ForkAfterAuthentication=no";

async function askSsh(args: string[], query: SshQuery, signal?: AbortSignal): Promise<SshSettings | undefined> {
    const user = query.user === undefined ? [] : ["-l", query.user];
    const port = query.port === undefined ? [] : ["-p", String(query.port)];
    try {
        const { stdout } = await runFile("ssh", [...args, "-G", ...user, ...port, "--", query.host], {
            env: childEnvironment(),
            signal,
            timeout: SSH_TIMEOUT_MS,
        });
        return parseSettings(stdout);
    } catch (error) {
        signal?.throwIfAborted();
        const failed = error as NodeJS.ErrnoException & { stderr?: string };
        if (!args.includes(NO_FORK) && failed.stderr?.includes("Cannot fork into background"))
            return askSsh([...args, "-o", NO_FORK], query, signal).then(
                (settings) => settings && new Map([...settings, ["forkafterauthentication", ["yes"]]]),
            );
        if (failed.code === "ENOENT" || failed.stderr?.includes("No user exists for uid")) return undefined;
        throw new ConnectionError("settings", {
            what: "ssh can't work out the settings of the host",
            reported: failed.stderr?.trim() || `ssh -G gave no answer (${failed.code ?? "timed out"})`,
            todo: `Try it by hand: ssh -G ${query.host}`,
        });
    }
}

/** Parses the lines `keyword value` of `ssh -G`. */
export function parseSettings(text: string): SshSettings {
    const settings = new Map<string, string[]>();
    for (const line of text.split("\n")) {
        const space = line.indexOf(" ");
        if (space < 1) continue;
        const keyword = line.slice(0, space).toLowerCase();
        settings.set(keyword, [...(settings.get(keyword) ?? []), line.slice(space + 1)]);
    }
    return settings;
}

/**
 * Splits the paths in one line of `ssh -G`, which prints them without quotes: a word that can't begin a path belongs to the
 * previous one.
 */
export function splitPaths(text: string): string[] {
    const paths: string[] = [];
    for (const word of text.split(" ")) {
        if (paths.length === 0 || /^([/~%]|\$\{|none$)/.test(word)) paths.push(word);
        else paths.push(`${paths.pop()} ${word}`);
    }
    return paths.map((path) => path.trim()).filter((path) => path !== "");
}

/** Expands `~`, `%` tokens and `${VARIABLE}` in a file name of ssh_config(5). */
export function expandPath(text: string, tokens: Record<string, string>): string {
    return expandTokens(text.replace(/^~(?=\/|$)/, "%d"), tokens).replace(
        /\$\{(\w+)\}/g,
        (_, name: string) => environment()[name] ?? "",
    );
}

/** Replaces the `%` tokens of ssh_config(5), TOKENS. */
export function expandTokens(text: string, tokens: Record<string, string>): string {
    const local = localUser();
    const all: Record<string, string> = {
        d: local.homedir,
        i: String(local.uid),
        L: hostname().split(".")[0] ?? "",
        l: hostname(),
        u: local.username,
        "%": "%",
        ...tokens,
    };
    return text.replace(/%(.)/g, (whole, letter: string) => all[letter] ?? whole);
}

/** Parses one hop of ProxyJump: `[user@]host[:port]` or `ssh://[user@]host[:port]`. */
export function parseJump(text: string): SshQuery {
    const match =
        /^(?:ssh:\/\/)?(?:(?<user>.+)@)?(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+|[^[\]]*:[^[\]]*:[^[\]]*))(?::(?<port>\d+))?\/?$/.exec(
            text.trim(),
        );
    const { user, v6, host, port } = match?.groups ?? {};
    const name = v6 ?? host;
    if (name === undefined) {
        throw new ConnectionError("settings", {
            what: `ProxyJump "${text}" can't be read`,
            todo: "Write it as [user@]host[:port], several separated by commas",
        });
    }
    return { host: name, user, port: port === undefined ? undefined : Number(port) };
}
