/** The progress of ssh. */
export type Stage = "connecting" | "loggingIn" | "ready" | "ended";

/** Number of last lines to keep, which explain a failure. */
const LINES_MAX = 60;

/** Parses the standard error of `ssh -v` as it arrives. */
export class SshLog {
    stage: Stage = "connecting";
    /** Lines other than debug lines, of this ssh and of those to its jump hosts. */
    readonly messages: string[] = [];
    /** The host's key. */
    hostKey: { type: string; fingerprint: string } | undefined;
    /** Methods and keys that were tried: `password`, `/home/me/.ssh/id_ed25519 (ED25519 SHA256:...)`. */
    readonly tried: string[] = [];
    /** The last key that the host accepted before the signature. */
    acceptedKey: string | undefined;
    /** Methods that the host accepts. */
    accepted: string[] | undefined;
    private rest = "";
    private readonly listeners = new Set<() => void>();

    /** Calls the listener after each line and at the end. Returns a function that unsubscribes. */
    onLine(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
    }

    add(text: string): void {
        const lines = (this.rest + text).split("\n");
        this.rest = lines.pop() ?? "";
        for (const line of lines) this.take(line.replace(/\r$/, ""));
    }

    end(): void {
        this.stage = "ended";
        this.notify();
    }

    private notify(): void {
        for (const listener of [...this.listeners]) listener();
    }

    private take(line: string): void {
        const debug = /^debug\d: (.*)/.exec(line)?.[1];
        if (debug === undefined) this.takeMessage(line);
        else this.takeDebug(debug);
        this.notify();
    }

    private takeMessage(line: string): void {
        // These lines don't explain a failure.
        if (
            line.trim() === "" ||
            /^(OpenSSH_|Authenticated to |Transferred: |Bytes per second|no such identity)/.test(line)
        )
            return;
        this.messages.push(line);
        if (this.messages.length > LINES_MAX) this.messages.shift();
    }

    private takeDebug(line: string): void {
        const hostKey = /^Server host (?:key|certificate): (\S+) (SHA256:[^\s,]+)/.exec(line);
        if (hostKey !== null) this.hostKey = { type: hostKey[1] as string, fingerprint: hostKey[2] as string };
        const offered = /^Offering public key: (.*) (\S+ SHA256:\S+)/.exec(line);
        if (offered !== null) this.tried.push(`${offered[1]} (${offered[2]})`);
        this.acceptedKey = /^Server accepts key: (.*) \S+ SHA256:/.exec(line)?.[1] ?? this.acceptedKey;
        const accepted = /^Authentications that can continue: (.*)/.exec(line)?.[1];
        if (accepted !== undefined) this.accepted = accepted.split(",");
        const method = /^Next authentication method: (password|keyboard-interactive)/.exec(line)?.[1];
        if (method !== undefined) this.tried.push(method);
        if (line.startsWith("SSH2_MSG_SERVICE_ACCEPT received")) this.stage = "loggingIn";
        if (line.startsWith("Entering interactive session")) this.stage = "ready";
    }
}
