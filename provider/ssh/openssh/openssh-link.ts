import { spawn } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { untilAborted } from "../link/aborting";
import { addressText, type Channel, ForwardingRefused, type HostAddress, type Link, NotStarted } from "../link/link";
import type { PrivateFiles } from "./private-files";
import { ProcessChannel } from "./process-channel";
import type { SshLog } from "./ssh-log";

/** Time to wait for the reason of a refusal, which another process logs and may arrive a moment later. */
const LOG_MS = 100;

/** A connection of an ssh process, which other ssh processes use through its control socket. */
export class OpenSshLink implements Link {
    failure: Error | undefined;
    private sockets = 0;

    constructor(
        private readonly files: PrivateFiles,
        private readonly log: SshLog,
        private readonly end: () => void,
    ) {
        log.onLine(() => {
            if (log.stage === "ended") this.failure ??= new Error(log.messages.slice(-3).join("\n"));
        });
    }

    get isOpen(): boolean {
        return this.log.stage === "ready";
    }

    async exec(commandLine: string): Promise<Channel> {
        if (!this.isOpen) throw new NotStarted("the connection has ended");
        return new ProcessChannel(this.ssh(["-T", "-o", "LogLevel=ERROR"], [commandLine]), () => this.isOpen);
    }

    forward(address: HostAddress, signal?: AbortSignal): Promise<Duplex> {
        return "socket" in address ? this.forwardSocket(address.socket, signal) : this.forwardPort(address, signal);
    }

    close(): void {
        this.log.stage = "ended";
        this.end();
    }

    /** Starts another ssh process that can only use this connection: without the control socket it fails to connect. */
    private ssh(options: string[], words: string[] = []) {
        const alone = ["-F", "/dev/null", "-S", this.files.controlPath, "-o", "ProxyCommand=false"];
        return spawn("ssh", [...alone, ...options, "--", "portable", ...words], { stdio: "pipe" });
    }

    /** Forwards a port by `ssh -W`, whose debug line shows that sshd has connected. */
    private async forwardPort(address: { port: number }, signal?: AbortSignal): Promise<Duplex> {
        const before = this.log.messages.length;
        const child = this.ssh(["-v", "-W", `127.0.0.1:${address.port}`]);
        const connected = new Promise<boolean>((resolve) => {
            let printed = "";
            child.stderr.setEncoding("utf8").on("data", (text: string) => {
                printed += text;
                if (/master session id/.test(printed)) resolve(true);
            });
            child.on("close", () => resolve(false)).on("error", () => resolve(false));
        });
        for (const stream of [child.stdin, child.stdout]) stream.on("error", () => {});
        const isConnected = await untilAborted(connected, signal).catch((error) => {
            child.kill();
            throw error;
        });
        if (!isConnected) throw await this.notForwarded(address, before);
        const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
        stream.on("error", () => {});
        stream.once("close", () => child.kill());
        return stream;
    }

    /** Forwards a Unix socket by a local socket. ssh accepts its connection before sshd has connected, which shows later. */
    private async forwardSocket(path: string, signal?: AbortSignal): Promise<Duplex> {
        const before = this.log.messages.length;
        const local = join(this.files.directory, `s${++this.sockets}`);
        const forward = this.ssh(["-O", "forward", "-L", `${local}:${path}`]);
        const code = await new Promise((resolve) => forward.on("close", resolve).on("error", () => resolve(255)));
        if (code !== 0) throw new NotStarted("the connection has ended");
        const stream = connect(local);
        let hasEnded = false;
        stream.on("error", () => {});
        stream.once("close", () => {
            hasEnded = true;
        });
        stream.once("end", () => {
            hasEnded = true;
        });
        try {
            await this.forwardPort({ port: 1 }, signal).then(
                (other) => other.destroy(),
                () => signal?.throwIfAborted(),
            );
            await sleep(0);
            if (hasEnded || stream.readableEnded) throw await this.notForwarded({ socket: path }, before);
            return stream;
        } catch (error) {
            stream.destroy();
            throw error;
        } finally {
            this.ssh(["-O", "cancel", "-L", `${local}:${path}`]).on("error", () => {});
        }
    }

    private async notForwarded(address: HostAddress, before: number): Promise<Error> {
        const reason = () => this.log.messages.slice(before).findLast((line) => /open failed:/.test(line));
        if (reason() === undefined) await sleep(LOG_MS);
        const refusal = reason()?.replace(/^channel \d+: open failed: /, "");
        if (refusal !== undefined && /administratively prohibited/.test(refusal)) return new ForwardingRefused(refusal);
        return new Error(`${addressText(address)} takes no connection`);
    }
}
