import type { Duplex, Readable, Writable } from "node:stream";

/** Destination of a connection from the host: a port of its 127.0.0.1, or the path of a Unix socket. */
export type HostAddress = { port: number } | { socket: string };

export interface UploadOptions {
    signal?: AbortSignal;
    /** Called with the number of bytes sent so far and the size of the file. */
    onProgress?: (done: number, total: number) => void;
}

/** An authenticated connection to a host, of either client. */
export interface Link {
    /** Whether new channels can be opened. */
    readonly isOpen: boolean;
    /** The error that ended the connection, if there was one. */
    readonly failure: Error | undefined;
    /**
     * Runs a command line by the login shell.
     * @throws NotStarted
     */
    exec(commandLine: string): Promise<Channel>;
    /**
     * Has sshd open a connection on the host (RFC 4254, 7.2; direct-streamlocal of OpenSSH's PROTOCOL).
     * @throws ForwardingRefused if sshd forbids it; an Error if nothing accepts the connection
     */
    forward(address: HostAddress, signal?: AbortSignal): Promise<Duplex>;
    /**
     * Writes a local file over SFTP for {@link Host.upload}; undefined if the client doesn't support SFTP.
     * @throws SftpMissing before anything was written; NotStarted; UserError; ConnectionError `broken`
     */
    readonly upload?: (file: string, path: string, options: UploadOptions) => Promise<void>;
    close(): void;
}

/** A session, with a command that runs on the host. */
export interface Channel {
    readonly input: Writable;
    readonly output: Readable;
    readonly errors: Readable;
    /** How the session ended; undefined while it is open. */
    readonly end: ChannelEnd | undefined;
    /** Calls the listener at the end of the session, or at once if it has ended. Returns a function that unsubscribes. */
    onEnd(listener: () => void): () => void;
    close(): void;
}

export interface ChannelEnd {
    /** Whether the command exited; otherwise the channel ended, and the result of the command is unknown. */
    hasExited: boolean;
    /** Exit status; undefined if a signal ended the command. */
    code: number | undefined;
    /** The reason why no session was opened; otherwise undefined. */
    refusal?: string;
}

/** No session was opened, so nothing was sent. */
export class NotStarted extends Error {
    override readonly name = "NotStarted";
}

/** sshd doesn't allow connections from the host (AllowTcpForwarding, AllowStreamLocalForwarding, PermitOpen). */
export class ForwardingRefused extends Error {
    override readonly name = "ForwardingRefused";
}

/** sshd has no SFTP subsystem, or something else answers in its place. */
export class SftpMissing extends Error {
    override readonly name = "SftpMissing";
}

/** `/run/app.sock` or `127.0.0.1:8080`, for texts. */
export function addressText(address: HostAddress): string {
    return "socket" in address ? address.socket : `127.0.0.1:${address.port}`;
}

/** The listeners for the end of a channel. */
export class EndListeners {
    end: ChannelEnd | undefined;
    private readonly listeners = new Set<() => void>();

    set(end: ChannelEnd): void {
        if (this.end !== undefined) return;
        this.end = end;
        for (const listener of [...this.listeners]) listener();
    }

    add(listener: () => void): () => void {
        if (this.end !== undefined) listener();
        else this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
    }
}
