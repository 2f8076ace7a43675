import type { Duplex, Readable, Writable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import {
    addressText,
    type Channel,
    type ChannelEnd,
    EndListeners,
    ForwardingRefused,
    type HostAddress,
    type Link,
    NotStarted,
    type UploadOptions,
} from "../link/link";
import type { Login } from "../login/login";

/** Time limit for the host's answer to the disconnect, which a dead host never sends. */
const GOODBYE_MS = 1_000;

/** A connection of the library ssh2. */
export class BuiltInLink implements Link {
    isOpen = true;
    failure: Error | undefined;

    constructor(
        readonly client: Client,
        private readonly login: Login,
        private readonly closeStream: () => void,
    ) {}

    exec(commandLine: string): Promise<Channel> {
        return new Promise((resolve, reject) => {
            const refuse = (error: Error) => reject(new NotStarted(error.message));
            try {
                // The channel is wrapped at once, since its end may arrive together with its opening.
                this.client.exec(commandLine, (error, channel) =>
                    error ? refuse(error) : resolve(new Ssh2Channel(channel)),
                );
            } catch (error) {
                // ssh2 throws "Not connected" if the socket has already ended.
                refuse(error as Error);
            }
        });
    }

    forward(address: HostAddress): Promise<Duplex> {
        return new Promise((resolve, reject) => {
            const done = (error: (Error & { reason?: unknown }) | undefined, stream: Duplex) => {
                if (error !== undefined) return reject(notForwarded(address, error));
                // The user of the stream notices its end; a later error doesn't matter.
                stream.on("error", () => {});
                resolve(stream);
            };
            if ("socket" in address) this.client.openssh_forwardOutStreamLocal(address.socket, done);
            else this.client.forwardOut("127.0.0.1", 0, "127.0.0.1", address.port, done);
        });
    }

    async upload(file: string, path: string, options: UploadOptions): Promise<void> {
        const { uploadFile } = await import("./sftp");
        await uploadFile(this, this.login, file, path, options);
    }

    close(): void {
        this.isOpen = false;
        this.client.end();
        setTimeout(this.closeStream, GOODBYE_MS).unref();
    }
}

/** The ssh2 connection of a link; undefined for a link of another client. */
export function clientOf(link: Link): Client | undefined {
    return link instanceof BuiltInLink ? link.client : undefined;
}

class Ssh2Channel implements Channel {
    readonly input: Writable;
    readonly output: Readable;
    readonly errors: Readable;
    private readonly listeners = new EndListeners();

    constructor(private readonly channel: ClientChannel) {
        this.input = this.output = channel;
        this.errors = channel.stderr;
        let exit: ChannelEnd = { hasExited: false, code: undefined };
        channel.on("exit", (code: number | null) => {
            exit = { hasExited: true, code: code ?? undefined };
        });
        channel.once("close", () => this.listeners.set(exit));
    }

    get end(): ChannelEnd | undefined {
        return this.listeners.end;
    }

    onEnd(listener: () => void): () => void {
        return this.listeners.add(listener);
    }

    close(): void {
        this.channel.close();
    }
}

function notForwarded(address: HostAddress, error: Error & { reason?: unknown }): Error {
    // RFC 4254, 5.1: 1 is administratively prohibited.
    if (String(error.reason) === "1" || /prohibited/i.test(error.message)) return new ForwardingRefused(error.message);
    return new Error(`${addressText(address)} takes no connection`);
}
