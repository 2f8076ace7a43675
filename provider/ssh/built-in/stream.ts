import { type ChildProcess, spawn } from "node:child_process";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "ssh2";
import { ConnectionError } from "../link/connection-error";
import type { Login } from "../login/login";
import { unreachable } from "../login/unreachable";

const LAST_WORDS_MS = 1000;

/** The byte stream to sshd, with the reason of its failure. */
export interface SshdStream {
    stream: Duplex;
    /** Standard error of the ProxyCommand, after it has exited. */
    errorOutput(): Promise<string | undefined>;
    close(): void;
}

/** Connects to sshd by TCP, with TCP_NODELAY, since Nagle's algorithm would delay small packets of the protocol. */
export function openTcp(login: Login, family: 0 | 4 | 6, signal: AbortSignal): Promise<SshdStream> {
    return new Promise((resolve, reject) => {
        const socket: Socket = connectTcp({ host: login.address, port: login.port, family: family || undefined });
        const stop = () => {
            socket.destroy();
            reject(signal.reason);
        };
        signal.addEventListener("abort", stop, { once: true });
        socket.once("error", (error: NodeJS.ErrnoException) => {
            signal.removeEventListener("abort", stop);
            reject(tcpError(login, error));
        });
        socket.once("connect", () => {
            signal.removeEventListener("abort", stop);
            socket.removeAllListeners("error");
            // Before ssh2 listens for errors, it notices one by the destroyed stream.
            socket.on("error", () => {});
            socket.setNoDelay(true);
            resolve({ stream: socket, errorOutput: async () => undefined, close: () => socket.destroy() });
        });
    });
}

/** Opens a channel of the jump host's connection. */
export function openThrough(login: Login, jump: Client, jumpText: string): Promise<SshdStream> {
    return new Promise((resolve, reject) => {
        jump.forwardOut("127.0.0.1", 0, login.address, login.port, (error, channel) => {
            if (error) return reject(forwardError(login, jumpText, error));
            resolve({ stream: channel, errorOutput: async () => undefined, close: () => channel.destroy() });
        });
    });
}

/** Starts a ProxyCommand with the user's shell, as ssh does; the stream is its standard input and output. */
export function openCommand(command: string): SshdStream {
    const child: ChildProcess = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "pipe"] });
    const { stdin, stdout, stderr } = child;
    if (!stdin || !stdout || !stderr) throw new Error("the ProxyCommand has no standard streams");
    let errorOutput = "";
    stderr.on("data", (data: Buffer) => {
        errorOutput = (errorOutput + data.toString("utf8")).slice(-2000);
    });
    // Duplex.from is destroyed together with the child's streams; an error of one is noticed by the end of the other.
    const stream = Duplex.from({ readable: stdout, writable: stdin });
    child.once("error", (error) => stream.destroy(error));
    const close = () => {
        stream.destroy();
        child.kill();
    };
    stream.once("close", () => child.kill());
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    return {
        stream,
        async errorOutput() {
            // Its last lines may arrive after the stream has broken.
            await Promise.race([ended, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
            return errorOutput.trim() || undefined;
        },
        close,
    };
}

const REFUSALS: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    EHOSTUNREACH: "no route to the host, or it is down",
    ENETUNREACH: "network unreachable",
    EHOSTDOWN: "the host is down",
    ETIMEDOUT: "no answer",
};

function tcpError(login: Login, error: NodeJS.ErrnoException): ConnectionError {
    const errorOutput = error.code === undefined ? undefined : REFUSALS[error.code];
    if (errorOutput !== undefined) return unreachable(login, errorOutput, true);
    if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN" || error.code === "ENODATA") {
        return new ConnectionError("unreachable", {
            property: "connection.host",
            what: `the name "${login.address}" doesn't resolve to an address (${error.code})`,
            todo: "Check its spelling, the DNS, or HostName in ~/.ssh/config",
        });
    }
    return unreachable(login, error.message, false);
}

function forwardError(login: Login, jump: string, error: Error & { reason?: unknown }): ConnectionError {
    // RFC 4254, 5.1: 1 is administratively prohibited, 2 is connect failed.
    if (String(error.reason) === "1" || /prohibited/i.test(error.message)) {
        return new ConnectionError("unreachable", {
            what: `the jump host ${jump} doesn't allow connections to ${login.address}:${login.port}`,
            reported: error.message,
            todo: "Set AllowTcpForwarding in its sshd_config",
        });
    }
    const errorOutput = error.message.replace(/^\(SSH\) Channel open failure: /, "");
    return unreachable(login, `${errorOutput} (from the jump host ${jump})`, true);
}
