import { Client } from "ssh2";
import { ConnectionError } from "../link/connection-error";
import type { Login } from "../login/login";
import { NoCommonAlgorithm } from "../login/no-common-algorithm";
import { closedEarly, unreachable } from "../login/unreachable";
import type { Attempts } from "./credentials";
import type { HostKeyCheck } from "./host-key";
import { BuiltInLink } from "./ssh2-link";
import type { SshdStream } from "./stream";

/** Interval of keepalives; a host that doesn't answer three of them is given up. */
const KEEPALIVE_MS = 10_000;

export interface HandshakeOptions {
    sshd: SshdStream;
    check: HostKeyCheck;
    attempts: Attempts;
    signal: AbortSignal;
    /** Called once when the connection has ended. */
    done: () => void;
}

/** Verifies the host key and logs in. @throws ConnectionError; the signal's reason when aborted */
export function handshake(login: Login, options: HandshakeOptions): Promise<BuiltInLink> {
    return new Promise((resolve, reject) => new Handshake(login, options, resolve, reject).start());
}

type Ssh2Error = Error & { level?: string };

class Handshake {
    private readonly client = new Client();
    private link: BuiltInLink | undefined;
    private wrongKey: ConnectionError | undefined;
    /** Whether every method was tried. */
    private isExhausted = false;
    /** Whether the host key was accepted, so that the connection can only end for a reason of the login. */
    private isVerified = false;

    /** The last text that the host sent before it let anyone in: why an account is refused, for example. */
    private banner = "";

    constructor(
        private readonly login: Login,
        private readonly options: HandshakeOptions,
        private readonly resolve: (link: BuiltInLink) => void,
        private readonly reject: (error: unknown) => void,
    ) {}

    start(): void {
        const { sshd, check, attempts, signal } = this.options;
        signal.addEventListener("abort", this.abort, { once: true });
        this.client.on("ready", () => this.ready());
        this.client.on("error", (error: Ssh2Error) => this.failed(error));
        this.client.on("close", () => this.closed());
        this.client.on("banner", (text) => {
            this.banner = text.trim();
        });
        this.client.connect({
            sock: sshd.stream,
            username: this.login.user,
            algorithms: { serverHostKey: check.algorithms as never },
            hostVerifier: (key: Buffer, answer: (isRight: boolean) => void) => {
                check
                    .judge(key)
                    .catch((error) => error)
                    .then((error) => {
                        this.wrongKey = error;
                        this.isVerified = error === undefined;
                        answer(this.isVerified);
                    });
            },
            authHandler: (left, partial, next) =>
                attempts.next(left, partial, (method) => {
                    this.isExhausted = method === false;
                    next(method as Exclude<typeof method, false>);
                }),
            readyTimeout: 0,
            keepaliveInterval: KEEPALIVE_MS,
            keepaliveCountMax: 3,
        });
    }

    private ready(): void {
        this.settle();
        this.link = new BuiltInLink(this.client, this.login, () => this.options.sshd.close());
        this.resolve(this.link);
    }

    private failed(error: Ssh2Error): void {
        if (this.link !== undefined) {
            this.link.failure = error;
        } else if (error.level === "agent" || (error.level === "client-authentication" && !this.isExhausted)) {
            // ssh2 tries the next method by itself.
            this.options.attempts.note(error.message);
        } else {
            this.fail(error);
        }
    }

    private closed(): void {
        if (this.link !== undefined) this.link.isOpen = false;
        this.fail();
        this.options.done();
    }

    private readonly abort = () => {
        this.settle();
        this.reject(this.options.signal.reason);
        this.options.sshd.close();
    };

    private fail(error?: Ssh2Error): void {
        const { sshd } = this.options;
        const explained = this.wrongKey === undefined ? this.explain(error) : Promise.resolve(this.wrongKey);
        explained
            .then((reason) => {
                this.settle();
                this.reject(reason);
            })
            .finally(() => sshd.close());
    }

    private settle(): void {
        this.options.signal.removeEventListener("abort", this.abort);
    }

    private async explain(error?: Ssh2Error): Promise<ConnectionError> {
        const { login } = this;
        const { attempts, sshd } = this.options;
        if (this.isExhausted) return attempts.failure();
        if (this.isVerified && error?.level !== "client-socket")
            return attempts.failure(
                [this.banner, error?.message ?? "the host closed the connection"].join("\n").trim(),
            );
        if (login.route.kind === "command")
            return new ConnectionError("unreachable", {
                what: `the ProxyCommand for ${login.address}:${login.port} gave no connection`,
                reported: (await sshd.errorOutput()) ?? error?.message,
                todo: "Try it by hand with ssh -v",
            });
        if (error !== undefined && /no matching/i.test(error.message))
            return new NoCommonAlgorithm("unreachable", {
                what: `${login.address}:${login.port} has no algorithm in common with the built-in client`,
                reported: error.message,
                todo: 'Set connection.client to "openssh", which knows more of them',
            });
        // sshd drops connections if it has too many at once (MaxStartups) or is just starting.
        return error === undefined ? closedEarly(login) : unreachable(login, error.message.toLowerCase(), true);
    }
}
