import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { located, UserError } from "../errors";
import type { Connection } from "../host/connection";
import type { Host, RunResult } from "../host/host";
import type { Shell } from "../host/shell";
import { inQueue, inSession } from "./in-session";
import { ForwardingRefused, type HostAddress, type Link, SftpMissing, type UploadOptions } from "./link/link";
import { forwardByProgram } from "./session/forward-program";
import type { Rights } from "./session/runner";
import { SudoNeedsTerminal } from "./session/session-errors";
import type { RunOptions } from "./session/shell-session";
import { uploadByProgram } from "./session/upload-program";
import type { SharedLink } from "./shared-link";

/** The host of a connection; its operations share the connection of the login. */
export function hostOf(connection: Connection, shared: SharedLink): Host {
    const { login } = shared;
    const name = connection.host ?? login.address;
    const isRoot = login.user === "root";
    const rights = { asRoot: connection.sudo ?? !isRoot, sudoPassword: connection.sudoPassword };
    return {
        name,
        connection,
        isRoot,
        run: (program, options = {}) => located({ host: name }, () => run(shared, rights, program, options)),
        open: (address, { signal } = {}) =>
            located({ host: name }, () => inSession(shared, signal, (link) => open(shared, link, address, signal))),
        reach: ({ signal } = {}) => located({ host: name }, () => shared.tryLogin(signal)),
        inTurn: (work, { signal } = {}) => inQueue(shared.turn, signal, work),
        upload: (file, path, options = {}) => located({ host: name }, () => upload(shared, file, path, options)),
    };
}

function run(shared: SharedLink, rights: Rights, program: Shell, options: RunOptions) {
    return inSession<RunResult>(shared, options.signal, async (link, early) => {
        const session = await sessionFor(shared, link, rights, options.signal);
        try {
            return await session.run(program, options, (result) => {
                early(result);
                // Opens a session in advance, as the next program will probably come soon.
                if (session.isSpent) shared.spare.prepare(link, session.rights);
            });
        } finally {
            shared.spare.give(session);
        }
    });
}

/** Opens a session. If sudo needs a terminal, it gets one in this session and in all later ones. */
async function sessionFor(shared: SharedLink, link: Link, rights: Rights, signal: AbortSignal | undefined) {
    const hasTerminal = shared.sudoNeedsTerminal;
    try {
        return await shared.spare.take(link, { ...rights, hasTerminal }, signal);
    } catch (error) {
        if (!(error instanceof SudoNeedsTerminal) || hasTerminal) throw error;
        shared.sudoNeedsTerminal = true;
        return await shared.spare.take(link, { ...rights, hasTerminal: true }, signal);
    }
}

async function open(shared: SharedLink, link: Link, address: HostAddress, signal?: AbortSignal): Promise<Duplex> {
    try {
        return await link.forward(address, signal);
    } catch (error) {
        signal?.throwIfAborted();
        const refusal = error instanceof ForwardingRefused ? error : await socketRefusal(shared, link, address);
        if (refusal === undefined) throw error;
        return forwardByProgram(link, shared.login, address, { refusal, signal });
    }
}

/** A Unix socket that exists on every host with portablectl and accepts connections of every user. */
const BUS = "/run/dbus/system_bus_socket";

/** sshd doesn't report whether it forbids a socket or can't connect to it, so this tests one that accepts every connection. */
async function socketRefusal(
    shared: SharedLink,
    link: Link,
    address: HostAddress,
): Promise<ForwardingRefused | undefined> {
    if ("port" in address) return undefined;
    shared.forwardsSockets ??= link.forward({ socket: BUS }).then(
        (stream) => {
            stream.destroy();
            return true;
        },
        () => false,
    );
    return (await shared.forwardsSockets)
        ? undefined
        : new ForwardingRefused(`it connects to no socket, not even to ${BUS}`);
}

async function upload(shared: SharedLink, file: string, path: string, options: UploadOptions): Promise<void> {
    const { signal } = options;
    await access(file, constants.R_OK).catch((error: Error) => {
        throw new UserError({ what: `the file ${file} can't be read here`, reported: error.message });
    });
    const byProgram = (link: Link) => uploadByProgram(link, shared.login, file, path, options);
    await inSession(shared, signal, async (link) => {
        if (link.upload === undefined || !shared.hasSftp) return byProgram(link);
        try {
            await link.upload(file, path, options);
        } catch (error) {
            if (!(error instanceof SftpMissing)) throw error;
            shared.hasSftp = false;
            await byProgram(link);
        }
    });
}
