import type { Duplex } from "node:stream";
import type { Connection } from "./connection";
import type { Shell } from "./shell";

export interface RunResult {
    /** Exit status; undefined if a signal ended the program or if it wasn't awaited. */
    code: number | undefined;
    stdout: string;
    stderr: string;
}

/** The answer that is sent to a program: a text, or a stream of bytes. */
export type Answer = string | AsyncIterable<Uint8Array>;

/**
 * A host that the client is logged in to. `run` and `upload` throw a ConnectionError (a UserError with a code) that names
 * the host if it can't be reached, if it refuses the login or sudo, or if the connection breaks; and the signal's reason if
 * they are aborted.
 */
export interface Host {
    /** The host as the user wrote it. */
    readonly name: string;
    /** The connection in use: that of the resource, merged with the provider's (with secrets). */
    readonly connection: Connection;
    /** Whether the login user is root; otherwise `run` uses sudo or doas (unless `connection.sudo` is false). */
    readonly isRoot: boolean;
    /**
     * Runs a program with /bin/sh as root. It is sent over standard input, so that nothing of it is in an argv, and parsed
     * completely before anything runs. Standard input of its commands is empty, and LC_ALL is C.UTF-8. A non-zero exit status
     * is a result, not an error. `onLine` gets each line of standard output as it arrives. The result of `answer` for a line
     * is sent to the program's file descriptor 8, which is closed after it, or if it fails. With a line for which `isLast` is
     * true, `run` resolves: the exit status is undefined, and the program runs to its end in the background.
     *
     * A program that has begun runs to its end on the host, even if it is aborted, if the connection breaks (code `broken`:
     * the result is unknown), or if this process dies. A program must limit its own waiting.
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
    /** Opens a connection from the host to a port of its 127.0.0.1, or to a Unix socket (as the login user). */
    open(address: { port: number } | { socket: string }, options?: { signal?: AbortSignal }): Promise<Duplex>;
    /** Logs in over a new connection and closes it. Throws if the host doesn't accept new logins any more. */
    reach(options?: { signal?: AbortSignal }): Promise<void>;
    /**
     * Runs work that needs two sessions at once, one after the other: two of them with one session each would wait for each
     * other for ever.
     */
    inTurn<T>(work: () => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>;
    /**
     * Writes a local file to `path` as the login user, sequentially and with mode 0600, over SFTP or the input of a program.
     * Parent directories must exist. An existing file is replaced, a link isn't followed. After a failure or an abort `path`
     * is removed. `onProgress` gets the uploaded and the total number of bytes.
     */
    upload(
        file: string,
        path: string,
        options?: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
    ): Promise<void>;
}

/** Connections to hosts, which are kept open until they are idle: one for each login. */
export interface HostPool {
    /**
     * Connects, or shares a connection that is open or being opened. Throws a UserError that names the host if it can't be
     * reached, has another host key than expected, or refuses the login.
     */
    connect(connection: Connection, options: ConnectOptions): Promise<Host>;
    /** Ends all connections at once; operations in progress fail. */
    close(): void;
}

export interface ConnectOptions {
    signal: AbortSignal;
    /** Called once for each login and process. */
    warn(text: string): void;
    /** Shows a status message: "connecting to 10.0.0.5 (try 2 of 10)". */
    status(text: string): void;
    /** Writes to the engine's debug log why another client than the built-in one is used. */
    debug?(text: string): void;
}
