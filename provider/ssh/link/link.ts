import type { Duplex, Readable, Writable } from "node:stream";

/** Where a connection made from the host goes: a port of its 127.0.0.1, or the path of a unix socket. */
export type HostAddress = { port: number } | { socket: string };

export interface UploadOptions {
    signal?: AbortSignal;
    /** Gets the bytes sent so far, and the size of the file. */
    onProgress?: (done: number, total: number) => void;
}

/** An authenticated connection to a host, whichever client made it. */
export interface Link {
    /** Whether it takes new channels. */
    readonly isOpen: boolean;
    /** What ended it, where that was an error. */
    readonly failure: Error | undefined;
    /**
     * Hands a command line to the login shell.
     * @throws NotStarted
     */
    exec(commandLine: string): Promise<Channel>;
    /**
     * A connection that sshd makes on the host (RFC 4254, 7.2; direct-streamlocal of OpenSSH's PROTOCOL).
     * @throws ForwardingRefused where sshd forbids it; an Error where nothing accepts it
     */
    forward(address: HostAddress, signal?: AbortSignal): Promise<Duplex>;
    /**
     * Writes a local file over SFTP, as {@link Host.upload} says; only where the client speaks SFTP.
     * @throws SftpMissing before anything was written; NotStarted; UserError; ConnectionError `broken`
     */
    readonly upload?: (file: string, path: string, options: UploadOptions) => Promise<void>;
    close(): void;
}

/** One session: a command that runs on the host. */
export interface Channel {
    readonly input: Writable;
    readonly output: Readable;
    readonly errors: Readable;
    /** How it ended, once it has. */
    readonly end: ChannelEnd | undefined;
    /** Calls the listener at its end, at once where it has ended. Returns a function that unsubscribes. */
    onEnd(listener: () => void): () => void;
    close(): void;
}

export interface ChannelEnd {
    /** Whether the command ended; otherwise the channel did, and what became of the command is unknown. */
    hasExited: boolean;
    /** Exit status; undefined when a signal ended the command. */
    code: number | undefined;
    /** Set where no session was opened: the reason. */
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

/** Keeps who waits for the end of a channel. */
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
