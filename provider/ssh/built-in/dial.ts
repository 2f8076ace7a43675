import type { Client } from "ssh2";
import { untilAborted } from "../link/aborting";
import { ConnectionError } from "../link/connection-error";
import type { Link } from "../link/link";
import { type Login, loginText } from "../login/login";
import { JumpError, withRetries } from "../login/retries";
import { closedEarly } from "../login/unreachable";
import { type Attempts, loginAttempts } from "./credentials";
import { DialClock } from "./dial-clock";
import { handshake } from "./handshake";
import type { HostKeyCheck } from "./host-key";
import { type BuiltInLink, clientOf } from "./ssh2-link";
import { openCommand, openTcp, openThrough, type SshdStream } from "./stream";

export interface DialOptions {
    signal: AbortSignal;
    status: (text: string) => void;
    /** The check of the host key, which is prepared while keys are read. */
    check: Promise<HostKeyCheck>;
    /** Opens a connection to the jump host, if the login has one. */
    jump?: () => Promise<{ link: Link; release: () => void }>;
}

/**
 * Connects, verifies the host key and logs in. If the port refuses or doesn't answer, tries again as often as the login allows,
 * with pauses that grow from 0.25 to 5 seconds.
 * @throws ConnectionError; the signal's reason when aborted
 */
export function dial(login: Login, options: DialOptions): Promise<BuiltInLink> {
    return withRetries(login, options, () => dialOnce(login, options));
}

async function leaseJump(login: Login, options: DialOptions) {
    if (login.route.kind !== "jump") return undefined;
    try {
        return await options.jump?.();
    } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        throw new JumpError(error.code, error.problem, error.mayPass);
    }
}

async function dialOnce(login: Login, options: DialOptions): Promise<BuiltInLink> {
    const clock = new DialClock(login, options.status);
    const credentialsAndCheck = Promise.all([loginAttempts(login, clock), options.check]);
    // Awaited below: its error takes precedence over one of the port, and comes before a jump host or a program is used.
    credentialsAndCheck.catch(() => {});
    if (login.route.kind !== "direct") await credentialsAndCheck;
    const jump = await leaseJump(login, options);
    clock.start();
    const signal = AbortSignal.any([options.signal, clock.signal]);
    // Connects while keys are read and known hosts are looked up.
    const opening = untilAborted(openStream(login, jump?.link, signal), signal, (late) => late.close());
    opening.catch(() => {});
    try {
        const [attempts, check]: [Attempts, HostKeyCheck] = await untilAborted(credentialsAndCheck, signal);
        const sshd = await opening;
        signal.throwIfAborted();
        if (sshd.stream.destroyed) throw closedEarly(login);
        return await handshake(login, { sshd, check, attempts, signal, done: () => jump?.release() });
    } catch (error) {
        // Ends the dialing, which may still be in progress.
        clock.abort(error);
        opening.then(
            (sshd) => sshd.close(),
            () => {},
        );
        jump?.release();
        throw error;
    } finally {
        clock.stop();
    }
}

function openStream(login: Login, jump: Link | undefined, signal: AbortSignal): Promise<SshdStream> {
    const { route } = login;
    if (route.kind === "command") return Promise.resolve(openCommand(route.command));
    if (route.kind === "direct") return openTcp(login, route.family, signal);
    const client: Client | undefined = jump && clientOf(jump);
    if (client === undefined) throw new Error("a login through a jump host was dialed without its connection");
    return openThrough(login, client, loginText(route.through));
}
