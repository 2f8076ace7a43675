import { readFile } from "node:fs/promises";
import { type AnyAuthMethod, createAgent, type ParsedKey } from "ssh2";
import { ConnectionError } from "../link/connection-error";
import { fingerprint } from "../login/fingerprint";
import type { Login } from "../login/login";
import { unusableKey } from "../login/unusable-key";
import { ChosenKeys } from "./agent";
import type { DialClock } from "./dial-clock";
import { readPrivateKey, readPublicKey } from "./keys";

/** ssh2 calls it for the next method; `left` has the methods that the server still accepts (null at first). */
type NextMethod = (
    left: string[] | null,
    partial: boolean | null,
    next: (method: AnyAuthMethod | false) => void,
) => void;

/** The authentication methods, which ssh2 tries one after the other, and a record of their results. */
export interface Attempts {
    next: NextMethod;
    /** Adds a message of ssh2 about the current method to the record ("agent refused to sign"). */
    note(text: string): void;
    /** The error if no method succeeded. It names methods and files, never their content. */
    failure(reported?: string): ConnectionError;
}

interface Method {
    method: AnyAuthMethod;
    /** Name of the method in the protocol (RFC 4252), in which the server lists those that it accepts. */
    protocolName: string;
    text: string;
}

/** Reads keys and prepares the methods. Declared credentials come before defaults. */
export async function loginAttempts(login: Login, clock: DialClock): Promise<Attempts> {
    const { credentials, user } = login;
    const skipped: string[] = [];
    const methods: Method[] = [];
    if (credentials.privateKey !== undefined) {
        const key = readPrivateKey(credentials.privateKey, credentials.passphrase);
        if ("reason" in key) throw unusableKey(key);
        methods.push(publicKey(user, key, `connection.privateKey ${describe(key)}`));
    }
    const files = await readIdentities(credentials.identityFiles, credentials.passphrase, skipped);
    const agent = credentials.agent === undefined ? [] : [agentMethod(login, credentials.agent, files, clock)];
    const password = credentials.password === undefined ? [] : passwordMethods(user, credentials.password);
    methods.push(...(credentials.isAgentGiven ? [...agent, ...password] : [...password, ...agent]));
    for (const { file, key } of files) {
        if (key !== undefined) methods.push(publicKey(user, key, `${file} ${describe(key)}`));
    }
    // Some servers need no authentication, and the answer lists the methods that the server accepts.
    methods.push({ method: { type: "none", username: user }, protocolName: "none", text: "none" });
    return walk(login, methods, skipped);
}

function walk(login: Login, methods: Method[], skipped: string[]): Attempts {
    const tried: string[] = [];
    const notes: string[] = [];
    let accepted: string[] | undefined;
    let index = 0;
    return {
        next(left, partial, next) {
            if (partial) notes.push("the host accepted one of them and asks for another, too (AuthenticationMethods)");
            if (left !== null) accepted = left;
            while (index < methods.length) {
                const { method, protocolName, text } = methods[index++] as Method;
                if (accepted !== undefined && protocolName !== "none" && !accepted.includes(protocolName)) continue;
                if (protocolName !== "none") tried.push(text);
                return next(method);
            }
            next(false);
        },
        note: (text) => notes.push(text),
        failure(reported) {
            const parts = [
                tried.length > 0 ? `Tried: ${tried.join(", ")}` : "There was nothing to try",
                skipped.length > 0 ? `skipped: ${skipped.join(", ")}` : undefined,
                accepted !== undefined && accepted.length > 0 ? `the host takes: ${accepted.join(", ")}` : undefined,
                notes.length > 0 ? notes.join(", ") : undefined,
            ];
            return new ConnectionError("login", {
                what: `${login.address}:${login.port} doesn't let "${login.user}" log in. ${parts.filter((part) => part !== undefined).join("; ")}`,
                reported,
                todo: `Try it by hand (ssh${login.port === 22 ? "" : ` -p ${login.port}`} ${login.user}@${login.address}), or give connection.privateKey, agentSocketPath or password`,
            });
        },
    };
}

export interface Identity {
    file: string;
    /** Undefined if the file is encrypted or of an unknown kind. */
    key?: ParsedKey;
    /** Read from FILE.pub, or from the key itself. */
    publicKey?: Buffer;
}

async function readIdentities(files: readonly string[], passphrase: string | undefined, skipped: string[]) {
    const found: Identity[] = [];
    for (const file of files) {
        const publicText = await readFile(`${file}.pub`, "utf8").catch(() => undefined);
        const publicKey = publicText === undefined ? undefined : readPublicKey(publicText)?.getPublicSSH();
        const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
            if (error.code !== "ENOENT") skipped.push(`${file} (${error.code})`);
        });
        if (text === undefined) {
            if (publicKey !== undefined) found.push({ file, publicKey });
            continue;
        }
        const key = readPrivateKey(text, passphrase);
        if ("reason" in key) {
            skipped.push(`${file} (${key.reason})`);
            found.push({ file, publicKey: publicKey ?? readPublicKey(text)?.getPublicSSH() });
        } else {
            found.push({ file, key, publicKey: key.getPublicSSH() });
        }
    }
    return found;
}

function describe(key: ParsedKey): string {
    return `(${key.type} ${fingerprint(key.getPublicSSH())})`;
}

function publicKey(username: string, key: ParsedKey, text: string): Method {
    return { method: { type: "publickey", username, key: key as unknown as Buffer }, protocolName: "publickey", text };
}

function passwordMethods(username: string, password: string): Method[] {
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

function agentMethod(login: Login, socket: string, identities: Identity[], clock: DialClock): Method {
    const named = identities.flatMap((identity) => identity.publicKey ?? []);
    const only = login.credentials.identitiesOnly;
    const agent = new ChosenKeys(createAgent(socket), {
        named,
        only,
        onAsk: () => clock.agentAsked(socket),
        answered: () => clock.agentAnswered(),
    });
    return {
        method: { type: "agent", username: login.user, agent },
        protocolName: "publickey",
        text: `agent at ${socket}${only ? " (IdentitiesOnly)" : ""}`,
    };
}
