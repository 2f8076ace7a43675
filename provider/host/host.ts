import type { Duplex } from "node:stream";
import type { Connection } from "./connection";
import type { Shell } from "./shell";

export interface RunResult {
    /** Exit status; undefined when a signal ended it, and where it wasn't waited for. */
    code: number | undefined;
    stdout: string;
    stderr: string;
}

/** The answer that is sent to a program: a text, or a stream of bytes. */
export type Answer = string | AsyncIterable<Uint8Array>;

/**
 * A host, behind as little as the resources need. `run` and `upload` throw a ConnectionError (a UserError with a code)
 * that names the host when it can't be reached, refuses the login or sudo, or breaks off; and the signal's reason when
 * aborted.
 */
export interface Host {
    /** The host as the user wrote it. */
    readonly name: string;
    /** The connection in use: that of the resource, merged with the provider's (with secrets). */
    readonly connection: Connection;
    /** Whether the login itself is root; otherwise `run` goes through sudo or doas (unless `connection.sudo` is false). */
    readonly isRoot: boolean;
    /**
     * Runs a program with /bin/sh as root, sent over standard input: nothing of it is in an argv. All of it is parsed
     * before anything runs; standard input of its commands is empty, LC_ALL is C.UTF-8. A non-zero exit status is an
     * answer, not an error. `onLine` gets standard output as it comes. What `answer` gives to a line goes to
     * the program's file descriptor 8, which ends with it; also when it fails. At the line that `isLast` is true for,
     * the answer is complete: its exit status is undefined, and the program goes on to its end unwatched.
     *
     * What has begun runs to its end on the host, also when it is aborted, the connection breaks (code `broken`: the
     * result is unknown) or this process dies. A program that waits must bound its waiting itself.
     */
    run(
        program: Shell,
        options?: {
            signal?: AbortSignal;
            onLine?: (line: string) => void;
            isLast?: (line: string) => boolean;
            answer?: (line: string) => Promise<Answer | undefined> | undefined;
        },
    ): Promise<RunResult>;
    /** A connection made from the host itself: to a port of its 127.0.0.1, or a unix socket (as the login user). */
    open(address: { port: number } | { socket: string }, options?: { signal?: AbortSignal }): Promise<Duplex>;
    /** Logs in anew, over a connection of its own, and leaves: throws where the host no longer lets a newcomer in. */
    reach(options?: { signal?: AbortSignal }): Promise<void>;
    /**
     * Does what needs two sessions at once, one such work after another: with only one session each, two of them would
     * wait for each other.
     */
    inTurn<T>(work: () => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>;
    /**
     * Writes a local file to `path` as the login user, from its begin to its end, mode 0600, over SFTP or the input of a program. Parents must
     * exist; a file of that name is replaced, a link isn't followed. On failure and abort `path` is removed. `onProgress` gets bytes done and in all.
     */
    upload(
        file: string,
        path: string,
        options?: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
    ): Promise<void>;
}

/** Connections to hosts, kept open while the process lives: one for each login. */
export interface HostPool {
    /**
     * Connects, or joins the connection that is there or being made. Throws a UserError that names the host when it can't
     * be reached, isn't the one expected, or refuses the login.
     */
    connect(connection: Connection, options: ConnectOptions): Promise<Host>;
    /** Ends all connections at once; operations in progress fail. */
    close(): void;
}

export interface ConnectOptions {
    signal: AbortSignal;
    /** Called once for each login and process. */
    warn(text: string): void;
    /** Live line: "connecting to 10.0.0.5 (try 2 of 10)". */
    status(text: string): void;
    /** Writes to the engine's log alone why another client than the built-in one logs in. */
    debug?(text: string): void;
}
