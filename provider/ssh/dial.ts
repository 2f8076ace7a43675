import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "ssh2";
import { untilAborted } from "./aborting";
import { ConnectionError } from "./connection-error";
import { type Attempts, loginAttempts } from "./credentials";
import type { HostKeyCheck } from "./host-key";
import { type Login, loginText } from "./login";
import { openCommand, openTcp, openThrough, type SshdStream, unreachable } from "./stream";

const firstPauseMs = 250;
const longestPauseMs = 5_000;
/** A host that is gone is noticed within this times three, while something is under way. */
const keepaliveMs = 10_000;

const goodbyeMs = 1_000;

/** An open, authenticated connection. */
export interface Link {
    readonly client: Client;
    /** Whether it can still take new channels. */
    readonly open: boolean;
    /** What ended it, where that was an error. */
    readonly failure: Error | undefined;
    close(): void;
}

export interface DialOptions {
    signal: AbortSignal;
    status: (text: string) => void;
    /** Looked up while keys are read. */
    check: Promise<HostKeyCheck>;
    /** An open connection to the jump host, for a login that goes through one. */
    jump?: () => Promise<{ link: Link; release: () => void }>;
}

/**
 * Connects, verifies the host key and logs in. A refused or silent port is tried again, as often as the login says,
 * with pauses that grow from 0.25 to 5 seconds.
 * @throws ConnectionError; the signal's reason when aborted
 */
export async function dial(login: Login, options: DialOptions): Promise<Link> {
    const { signal, status } = options;
    const began = Date.now();
    const limit = login.dialErrorLimit < 0 ? Number.POSITIVE_INFINITY : Math.max(1, login.dialErrorLimit);
    for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted();
        const tries =
            attempt === 1 ? "" : ` (try ${attempt}${limit === Number.POSITIVE_INFINITY ? "" : ` of ${limit}`})`;
        status(`connecting to ${login.address}${tries}`);
        try {
            return await dialOnce(login, options);
        } catch (error) {
            signal.throwIfAborted();
            if (!(error instanceof ConnectionError) || !error.mayPass) throw error;
            if (attempt >= limit) throw attempt === 1 ? error : afterTries(error, attempt, Date.now() - began);
            status(`${error.problem.what}; trying again`);
        }
        await sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)), undefined, { signal }).catch(() => {});
    }
}

function afterTries(error: ConnectionError, tries: number, ms: number): ConnectionError {
    const what = `${error.problem.what} (${tries} tries in ${Math.round(ms / 1000)} s)`;
    return new ConnectionError(error.code, { ...error.problem, what }, true);
}

async function dialOnce(login: Login, options: DialOptions): Promise<Link> {
    const seconds = login.dialTimeoutSeconds;
    const known = Promise.all([loginAttempts(login), options.check]);
    // What is wrong with it is told before what the port says, and before a jump host or a program is called on.
    known.catch(() => {});
    if (login.route.kind !== "direct") await known;
    const jump = login.route.kind === "jump" ? await options.jump?.() : undefined;
    const timeout = new AbortController();
    const timer = seconds > 0 ? setTimeout(() => timeout.abort(silent(login)), seconds * 1000) : undefined;
    const signal = AbortSignal.any([options.signal, timeout.signal]);
    // The port answers while keys are read and known hosts are looked up.
    const opening = untilAborted(openStream(login, jump?.link.client, signal), signal, (late) => late.close());
    opening.catch(() => {});
    try {
        const [attempts, check] = await untilAborted(known, signal);
        const sshd = await opening;
        signal.throwIfAborted();
        if (sshd.stream.destroyed) throw closedEarly(login);
        return await handshake(login, { sshd, check, attempts, signal, done: () => jump?.release() });
    } catch (error) {
        // Also where it is still being dialled.
        timeout.abort(error);
        opening.then(
            (sshd) => sshd.close(),
            () => {},
        );
        jump?.release();
        throw error;
    } finally {
        clearTimeout(timer);
    }
}

function silent(login: Login): ConnectionError {
    return unreachable(login, `no answer within ${login.dialTimeoutSeconds} s`, true);
}

async function openStream(login: Login, jump: Client | undefined, signal: AbortSignal): Promise<SshdStream> {
    const { route } = login;
    if (route.kind === "command") return openCommand(route.command);
    if (route.kind === "direct") return await openTcp(login, route.family, signal);
    if (jump === undefined) throw new Error("a login through a jump host was dialed without its connection");
    return await openThrough(login, jump, loginText(route.through));
}

interface Handshake {
    sshd: SshdStream;
    check: HostKeyCheck;
    attempts: Attempts;
    signal: AbortSignal;
    /** Called once when the connection has ended. */
    done: () => void;
}

function handshake(login: Login, { sshd, check, attempts, signal, done }: Handshake): Promise<Link> {
    return new Promise((resolve, reject) => {
        const client = new Client();
        const state = {
            open: false,
            wrongKey: undefined as ConnectionError | undefined,
            exhausted: false,
            verified: false,
        };
        let failure: Error | undefined;
        const settle = () => signal.removeEventListener("abort", abort);
        const fail = (error: unknown) => {
            settle();
            reject(error);
        };
        const abort = () => {
            fail(signal.reason);
            sshd.close();
        };
        const failWith = async (error?: Error) => {
            fail(state.wrongKey ?? (await explain(login, { error, attempts, sshd, ...state })));
        };
        signal.addEventListener("abort", abort, { once: true });
        client.on("ready", () => {
            state.open = true;
            settle();
            resolve({
                client,
                get open() {
                    return state.open;
                },
                get failure() {
                    return failure;
                },
                close() {
                    state.open = false;
                    client.end();
                    // A host that is gone never answers the goodbye
                    setTimeout(() => sshd.close(), goodbyeMs).unref();
                },
            });
        });
        client.on("error", (error: Error & { level?: string }) => {
            if (state.open) {
                failure = error;
            } else if (error.level === "agent" || (error.level === "client-authentication" && !state.exhausted)) {
                // ssh2 goes on with the next method by itself
                attempts.note(error.message);
            } else {
                failWith(error).finally(() => sshd.close());
            }
        });
        client.on("close", () => {
            state.open = false;
            failWith().finally(() => sshd.close());
            done();
        });
        client.setMaxListeners(0);
        client.connect({
            sock: sshd.stream,
            username: login.user,
            algorithms: { serverHostKey: check.algorithms as "ssh-ed25519"[] },
            hostVerifier: (key: Buffer) => {
                state.wrongKey = check.judge(key);
                state.verified = state.wrongKey === undefined;
                return state.verified;
            },
            authHandler: (left, partial, next) =>
                attempts.next(left, partial, (method) => {
                    state.exhausted = method === false;
                    next(method as Exclude<typeof method, false>);
                }),
            readyTimeout: 0,
            keepaliveInterval: keepaliveMs,
            keepaliveCountMax: 3,
        });
    });
}

interface Ended {
    error?: Error & { level?: string };
    attempts: Attempts;
    sshd: SshdStream;
    exhausted: boolean;
    /** Whether the host key was seen and right: what ends the connection then is about the login. */
    verified: boolean;
}

async function explain(login: Login, ended: Ended): Promise<ConnectionError> {
    const { error, attempts, sshd, exhausted, verified } = ended;
    if (exhausted) return attempts.failure();
    if (verified && error?.level !== "client-socket")
        return attempts.failure(error?.message ?? "the host closed the connection");
    if (login.route.kind === "command") {
        return new ConnectionError("unreachable", {
            what: `the ProxyCommand for ${login.address}:${login.port} gave no connection`,
            said: (await sshd.said()) ?? error?.message,
            todo: "Try it by hand with ssh -v",
        });
    }
    if (error !== undefined && /no matching/i.test(error.message)) {
        return new ConnectionError("unreachable", {
            what: `${login.address}:${login.port} has no algorithm in common with this client`,
            said: error.message,
        });
    }
    // sshd drops connections when it has too many at once (MaxStartups), or is just starting
    return error === undefined ? closedEarly(login) : unreachable(login, error.message.toLowerCase(), true);
}

function closedEarly(login: Login): ConnectionError {
    return unreachable(login, "the connection was closed before the login", true);
}
