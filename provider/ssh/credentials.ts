import { readFile } from "node:fs/promises";
import {
    type AnyAuthMethod,
    BaseAgent,
    createAgent,
    type IdentityCallback,
    type ParsedKey,
    type SignCallback,
    type SigningRequestOptions,
    utils,
} from "ssh2";
import { ConnectionError } from "./connection-error";
import { fingerprint } from "./host-key";
import type { Login } from "./login";

/** What ssh2 asks for the next thing to try; `left` is what the server still takes (null at first). */
type NextMethod = (
    left: string[] | null,
    partial: boolean | null,
    next: (method: AnyAuthMethod | false) => void,
) => void;

/** The ways to log in, handed to ssh2 one after another, and a record of what came of them. */
export interface Attempts {
    next: NextMethod;
    /** Adds to the record what ssh2 says of the method in hand ("agent refused to sign"). */
    note(text: string): void;
    /** The error for a login that nothing opened. Names methods and files, never what is in them. */
    failure(said?: string): ConnectionError;
}

interface Way {
    method: AnyAuthMethod;
    /** Name of the method in the protocol (RFC 4252): the server lists those it takes. */
    protocolName: string;
    text: string;
}

/** Reads keys and prepares what can be tried. Given credentials come before defaults. */
export async function loginAttempts(login: Login): Promise<Attempts> {
    const { credentials, user } = login;
    const skipped: string[] = [];
    const ways: Way[] = [];
    if (credentials.privateKey !== undefined) {
        const key = parseKey(credentials.privateKey, credentials.passphrase);
        if (key instanceof Error) throw badPrivateKey(key, credentials.passphrase !== undefined);
        ways.push(publicKey(user, key, `connection.privateKey ${describe(key)}`));
    }
    const files = await readIdentities(credentials.identityFiles, credentials.passphrase, skipped);
    const agent = credentials.agent === undefined ? undefined : agentWay(login, credentials.agent, files);
    if (agent !== undefined && credentials.agentGiven) ways.push(agent);
    if (credentials.password !== undefined) ways.push(...passwordWays(user, credentials.password));
    if (agent !== undefined && !credentials.agentGiven) ways.push(agent);
    for (const { file, key } of files) {
        if (key !== undefined) ways.push(publicKey(user, key, `${file} ${describe(key)}`));
    }
    // Some servers let in whoever comes through their network; and the answer lists what the server takes
    ways.push({ method: { type: "none", username: user }, protocolName: "none", text: "none" });
    return walk(login, ways, skipped);
}

function walk(login: Login, ways: Way[], skipped: string[]): Attempts {
    const tried: string[] = [];
    const notes: string[] = [];
    let taken: string[] | undefined;
    let index = 0;
    return {
        next(left, _partial, next) {
            if (left !== null) taken = left;
            while (index < ways.length) {
                const way = ways[index++] as Way;
                if (taken !== undefined && way.protocolName !== "none" && !taken.includes(way.protocolName)) continue;
                if (way.protocolName !== "none") tried.push(way.text);
                return next(way.method);
            }
            next(false);
        },
        note: (text) => notes.push(text),
        failure(said) {
            const parts = [
                tried.length > 0 ? `Tried: ${tried.join(", ")}` : "There was nothing to try",
                skipped.length > 0 ? `skipped: ${skipped.join(", ")}` : undefined,
                taken !== undefined && taken.length > 0 ? `the host takes: ${taken.join(", ")}` : undefined,
                notes.length > 0 ? notes.join(", ") : undefined,
            ];
            return new ConnectionError("login", {
                what: `${login.address}:${login.port} doesn't let "${login.user}" log in. ${parts.filter((part) => part !== undefined).join("; ")}`,
                said,
                todo: `Try it by hand (ssh${login.port === 22 ? "" : ` -p ${login.port}`} ${login.user}@${login.address}), or give connection.privateKey, agentSocketPath or password`,
            });
        },
    };
}

interface Identity {
    file: string;
    /** Missing where the file is encrypted or of an unknown kind. */
    key?: ParsedKey;
    /** From FILE.pub, or from the key itself. */
    publicKey?: Buffer;
}

async function readIdentities(files: readonly string[], passphrase: string | undefined, skipped: string[]) {
    const found: Identity[] = [];
    for (const file of files) {
        const publicText = await readFile(`${file}.pub`, "utf8").catch(() => undefined);
        const fromPublic = publicText === undefined ? undefined : parseKey(publicText);
        const publicKey = fromPublic instanceof Error ? undefined : fromPublic?.getPublicSSH();
        const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
            if (error.code !== "ENOENT") skipped.push(`${file} (${error.code})`);
        });
        if (text === undefined) {
            if (publicKey !== undefined) found.push({ file, publicKey });
            continue;
        }
        const key = parseKey(text, passphrase);
        if (key instanceof Error || !key.isPrivateKey()) {
            skipped.push(
                `${file} (${key instanceof Error ? why(key, passphrase !== undefined) : "a public key only"})`,
            );
            found.push({ file, publicKey });
        } else {
            found.push({ file, key, publicKey: key.getPublicSSH() });
        }
    }
    return found;
}

function parseKey(text: string, passphrase?: string): ParsedKey | Error {
    // Returns a list for some formats, against its own types
    const parsed = utils.parseKey(text.endsWith("\n") ? text : `${text}\n`, passphrase) as
        | ParsedKey
        | ParsedKey[]
        | Error;
    return Array.isArray(parsed) ? (parsed[0] ?? new Error("empty")) : parsed;
}

function why(error: Error, withPassphrase: boolean): string {
    if (/passphrase|encrypted|integrity|decrypt/i.test(error.message)) {
        return withPassphrase ? "privateKeyPassword doesn't open it" : "encrypted, and no privateKeyPassword is given";
    }
    return "not a private key in OpenSSH or PEM (PKCS#1, SEC1) form";
}

function badPrivateKey(error: Error, withPassphrase: boolean): ConnectionError {
    return new ConnectionError("settings", {
        property: "connection.privateKey",
        what: `the private key can't be used: ${why(error, withPassphrase)}`,
        todo: "Give the text of a file as ssh-keygen makes it, and its passphrase as connection.privateKeyPassword",
    });
}

function describe(key: ParsedKey): string {
    return `(${key.type} ${fingerprint(key.getPublicSSH())})`;
}

function publicKey(username: string, key: ParsedKey, text: string): Way {
    return { method: { type: "publickey", username, key: key as unknown as Buffer }, protocolName: "publickey", text };
}

function passwordWays(username: string, password: string): Way[] {
    const prompt = (
        _name: string,
        _instructions: string,
        _language: string,
        prompts: { prompt: string; echo?: boolean }[],
        finish: (answers: string[]) => void,
    ) => finish(prompts.map(() => password));
    return [
        { method: { type: "password", username, password }, protocolName: "password", text: "password" },
        {
            method: { type: "keyboard-interactive", username, prompt },
            protocolName: "keyboard-interactive",
            text: "keyboard-interactive with the password",
        },
    ];
}

function agentWay(login: Login, socket: string, identities: Identity[]): Way {
    const named = identities.flatMap((identity) => identity.publicKey ?? []);
    const only = login.credentials.identitiesOnly;
    return {
        method: { type: "agent", username: login.user, agent: new ChosenKeys(createAgent(socket), named, only) },
        protocolName: "publickey",
        text: `agent at ${socket}${only ? " (IdentitiesOnly)" : ""}`,
    };
}

/** An agent that shows the keys of the identity files first, or only those. */
class ChosenKeys extends BaseAgent<ParsedKey> {
    constructor(
        private readonly agent: BaseAgent,
        private readonly named: readonly Buffer[],
        private readonly only: boolean,
    ) {
        super();
    }

    getIdentities(callback: IdentityCallback<ParsedKey>): void {
        this.agent.getIdentities((error, keys) => {
            const parsed = (keys ?? []) as ParsedKey[];
            const isNamed = (key: ParsedKey) => this.named.some((one) => one.equals(key.getPublicSSH()));
            const rest = this.only ? [] : parsed.filter((key) => !isNamed(key));
            callback(error, [...parsed.filter(isNamed), ...rest]);
        });
    }

    sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
        if (typeof options === "function") this.agent.sign(key, data, options);
        else this.agent.sign(key, data, options, callback);
    }
}
