import { Duplex } from "node:stream";
import { sh } from "../../host/shell";
import { untilAborted } from "../link/aborting";
import { ConnectionError } from "../link/connection-error";
import { addressText, type Channel, type ForwardingRefused, type HostAddress, type Link } from "../link/link";
import { type Login, loginText } from "../login/login";

/** Printed on the host before the first byte of the connection. */
const CONNECTED = "portable-connected";
const NO_TOOL = 69;

/** How long the host may take to connect. */
const ANSWER_MS = 10_000;

/** bash opens a port by itself; what ends first ends the other. */
const bash = `exec 3<>/dev/tcp/127.0.0.1/"$0" || exit 7; echo ${CONNECTED}; (cat <&3; kill $$) & cat >&3; kill $!`;

/** curl carries bytes for telnet:// as they are, and tells on standard error when it has connected. */
const curl =
    `{ curl -sSNv "$@" 2>&1 >&3 3>&- | while read -r l; do case $l in *"Connected to"*) echo ${CONNECTED};; ` +
    '"curl: "*) echo "$l" >&2;; esac; done; } 3>&1';

function commandLine(address: HostAddress): string {
    const [test, direct, words] =
        "port" in address
            ? [
                  "command -v bash >/dev/null 2>&1",
                  sh`exec bash -c ${bash} ${address.port}`.text,
                  [`telnet://127.0.0.1:${address.port}`],
              ]
            : ["false", ":", ["--unix-socket", address.socket, "telnet://localhost"]];
    const script = `if ${test}; then ${direct}; elif command -v curl >/dev/null 2>&1; then ${curl}; else exit ${NO_TOOL}; fi`;
    return sh`exec /bin/sh -c ${script} portable ${words}`.text;
}

/**
 * A connection that a program on the host makes, where sshd forbids its own: with bash or curl, as the login.
 * @throws ConnectionError `forwarding` where the host has neither; NotStarted; an Error where nothing accepts it
 */
export async function forwardByProgram(
    link: Link,
    login: Login,
    address: HostAddress,
    { refusal, signal }: { refusal: ForwardingRefused; signal?: AbortSignal },
): Promise<Duplex> {
    const channel = await untilAborted(link.exec(commandLine(address)), signal, (late) => late.close());
    try {
        await untilAborted(connected(channel, login, address, refusal), signal);
    } catch (error) {
        channel.close();
        throw error;
    }
    const stream = Duplex.from({ readable: channel.output, writable: channel.input });
    stream.on("error", () => {});
    stream.once("close", () => channel.close());
    return stream;
}

function connected(channel: Channel, login: Login, address: HostAddress, refusal: ForwardingRefused): Promise<void> {
    const { output, errors } = channel;
    for (const stream of [channel.input, output, errors]) stream.on("error", () => {});
    let received = Buffer.alloc(0);
    let said = "";
    errors.setEncoding("utf8").on("data", (text: string) => {
        said += text;
    });
    return new Promise((resolve, reject) => {
        const settle = () => {
            clearTimeout(timer);
            output.removeListener("data", take);
            unsubscribe();
        };
        const fail = () => {
            settle();
            const isMissing = channel.end?.code === NO_TOOL;
            reject(isMissing ? forbidden(login, address, refusal) : new Error(notAccepted(address, said)));
        };
        const take = (bytes: Buffer) => {
            received = Buffer.concat([received, bytes]);
            const index = received.indexOf(`${CONNECTED}\n`);
            if (index < 0) return;
            settle();
            output.pause();
            output.unshift(received.subarray(index + CONNECTED.length + 1));
            resolve();
        };
        const timer = setTimeout(fail, ANSWER_MS);
        let unsubscribe = () => {};
        output.on("data", take);
        unsubscribe = channel.onEnd(fail);
    });
}

function notAccepted(address: HostAddress, said: string): string {
    const reason = said.trim().split("\n").at(-1);
    return `${addressText(address)} takes no connection${reason ? ` (${reason})` : ""}`;
}

function forbidden(login: Login, address: HostAddress, refusal: ForwardingRefused): ConnectionError {
    const tools = "port" in address ? "bash nor curl" : "no curl";
    const setting = "port" in address ? "AllowTcpForwarding" : "AllowStreamLocalForwarding";
    return new ConnectionError("forwarding", {
        what: `sshd doesn't let ${loginText(login)} connect to ${addressText(address)}, and the host has ${"port" in address ? "neither " : ""}${tools} to do it instead`,
        said: refusal.message,
        todo: `Set ${setting} in its sshd_config, install ${"port" in address ? "bash or curl" : "curl"} there, or use a health command`,
    });
}
