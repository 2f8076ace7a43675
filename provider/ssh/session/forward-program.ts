import { Duplex } from "node:stream";
import { sh } from "../../host/shell";
import { untilAborted } from "../link/aborting";
import { ConnectionError } from "../link/connection-error";
import { addressText, type Channel, type ForwardingRefused, type HostAddress, type Link } from "../link/link";
import { type Login, loginText } from "../login/login";

/** Line that is printed on the host before the first byte of the connection. */
const CONNECTED = "portable-connected";
const NO_TOOL = 69;

/** Time limit for the host to connect. */
const ANSWER_MS = 10_000;

/** Connects with bash. `kill 0` ends the other direction: sshd gives each session its own process group. */
const bash = `exec 3<>/dev/tcp/127.0.0.1/"$0" || exit 7; echo ${CONNECTED}; { cat <&3; kill 0; } & cat >&3; kill 0`;

/** Connects with curl, which passes on bytes for telnet:// unchanged, and reports on standard error when it has connected. */
const curl =
    '{ cat; kill 0; } | { { curl -sSNv "$@" 2>&1 >&3 3>&- | while read -r l; do case $l in ' +
    `*"Connected to"*) echo ${CONNECTED} ;; "curl: "*) echo "$l" >&2 ;; esac; done; } 3>&1; kill 0; }`;

/** Connects with perl. It is one line without backslashes, for any login shell. */
const perl =
    "use IO::Socket; use IO::Select; $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 7; $| = 1; " +
    `print "${CONNECTED}", chr(10); $q = IO::Select->new($s, *STDIN); ` +
    "for (;;) { for $r ($q->can_read) { sysread($r, $b, 65536) or exit 0; " +
    "if ($r == $s) { syswrite(STDOUT, $b) } else { syswrite($s, $b) } } }";

function commandLine(address: HostAddress): string {
    const [tool, direct, words] =
        "port" in address
            ? ["bash", sh`exec bash -c ${bash} ${address.port}`.text, [`telnet://127.0.0.1:${address.port}`]]
            : [
                  "perl",
                  sh`exec perl -e ${perl} ${address.socket}`.text,
                  ["--unix-socket", address.socket, "telnet://x"],
              ];
    const has = (name: string) => `command -v ${name} >/dev/null 2>&1`;
    const script = `if ${has(tool)}; then ${direct}; elif ${has("curl")}; then ${curl}; else exit ${NO_TOOL}; fi`;
    return sh`exec /bin/sh -c ${script} portable ${words}`.text;
}

/**
 * Opens a connection by a program on the host, if sshd forbids forwarding: bash, perl or curl, as the login user.
 * @throws ConnectionError `forwarding` if the host has none of them; NotStarted; an Error if nothing accepts the connection
 */
export async function forwardByProgram(
    link: Link,
    login: Login,
    address: HostAddress,
    { refusal, signal }: { refusal: ForwardingRefused; signal?: AbortSignal },
): Promise<Duplex> {
    const channel = await untilAborted(link.exec(commandLine(address)), signal, (late) => late.close());
    try {
        const first = await untilAborted(connected(channel, login, address, refusal), signal);
        return streamOf(channel, first);
    } catch (error) {
        channel.close();
        throw error;
    }
}

/** The stream of the connection, which begins with the bytes `first`. */
function streamOf(channel: Channel, first: Buffer): Duplex {
    const { input, output } = channel;
    const stream = new Duplex({
        read: () => void output.resume(),
        write: (bytes, _encoding, done) => void input.write(bytes, () => done()),
        final: (done) => void input.end(() => done()),
        destroy: (error, done) => {
            channel.close();
            done(error);
        },
    });
    stream.on("error", () => {});
    if (first.length > 0) stream.push(first);
    output.on("data", (bytes: Buffer) => stream.push(bytes) || output.pause());
    output.once("end", () => stream.push(null));
    return stream;
}

function connected(channel: Channel, login: Login, address: HostAddress, refusal: ForwardingRefused): Promise<Buffer> {
    const { output, errors } = channel;
    for (const stream of [channel.input, output, errors]) stream.on("error", () => {});
    let received = Buffer.alloc(0);
    let errorOutput = "";
    errors.setEncoding("utf8").on("data", (text: string) => {
        errorOutput += text;
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
            reject(isMissing ? forbidden(login, address, refusal) : new Error(notAccepted(address, errorOutput)));
        };
        const take = (bytes: Buffer) => {
            received = Buffer.concat([received, bytes]);
            const index = received.indexOf(`${CONNECTED}\n`);
            if (index < 0) return;
            settle();
            output.pause();
            resolve(received.subarray(index + CONNECTED.length + 1));
        };
        const timer = setTimeout(fail, ANSWER_MS);
        let unsubscribe = () => {};
        output.on("data", take);
        unsubscribe = channel.onEnd(fail);
    });
}

function notAccepted(address: HostAddress, errorOutput: string): string {
    const reason = errorOutput.trim().split("\n").at(-1);
    return `${addressText(address)} takes no connection${reason ? ` (${reason})` : ""}`;
}

function forbidden(login: Login, address: HostAddress, refusal: ForwardingRefused): ConnectionError {
    const tool = "port" in address ? "bash" : "perl";
    const setting = "port" in address ? "AllowTcpForwarding" : "AllowStreamLocalForwarding";
    return new ConnectionError("forwarding", {
        what: `sshd doesn't let ${loginText(login)} connect to ${addressText(address)}, and the host has neither ${tool} nor curl to do it instead`,
        reported: refusal.message,
        todo: `Set ${setting} in its sshd_config, install ${tool} or curl there, or use a health command`,
    });
}
