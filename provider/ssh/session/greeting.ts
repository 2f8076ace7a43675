import { type Channel, NotStarted } from "../link/link";
import type { Login } from "../login/login";
import { probedOf, probeOf, promptOf, type Rights, readyOf, shellOf } from "./runner";
import { type NotBegun, notBegun } from "./session-errors";

/** Time after which a login shell without output is probed for whether it reads commands from standard input. */
const PROBE_MS = 3_000;
/** Time limit of a login shell with its start-up files, and of sudo with its lookups. */
const GREETING_MS = 20_000;

/** Receivers of a session's outputs. Output without a receiver is dropped. */
export interface Outputs {
    output: (text: string) => void;
    errors: (text: string) => void;
}

export interface GreetingOptions {
    token: string;
    rights: Rights;
    signal: AbortSignal | undefined;
    /** Sets the receivers of the session's outputs. */
    listen: (outputs: Outputs | undefined) => void;
}

/**
 * Waits until the session is ready for a program. Nothing of a program is sent before: a login shell that starts another shell
 * would run its lines without the frame, and the result would be lost.
 * @throws NotStarted; ConnectionError `login` or `sudo`; the signal's reason when aborted
 */
export function greet(channel: Channel, login: Login, options: GreetingOptions): Promise<void> {
    const { token, rights, signal, listen } = options;
    const received = { output: "", errors: "", prompts: 0 };
    return new Promise((resolve, reject) => {
        const hasShell = () => received.output.includes(shellOf(token));
        const settle = () => {
            clearTimeout(probe);
            clearTimeout(limit);
            signal?.removeEventListener("abort", abort);
            unsubscribe();
            listen(undefined);
        };
        const fail = (reason: NotBegun["reason"], code?: number) => {
            settle();
            reject(
                notBegun(login, {
                    reason,
                    code,
                    rights,
                    reported: withoutMarks(received.errors, token) || withoutMarks(received.output, token),
                }),
            );
        };
        const abort = () => {
            settle();
            reject(signal?.reason);
        };
        const ended = () => {
            if (channel.end?.refusal !== undefined || !channel.end?.hasExited) {
                settle();
                reject(new NotStarted(channel.end?.refusal ?? "the session has ended"));
            } else fail(hasShell() ? "sudo" : "shell", channel.end.code);
        };
        const probe = setTimeout(() => hasShell() || channel.input.write(probeOf(token)), PROBE_MS);
        const limit = setTimeout(() => fail(hasShell() ? "sudo" : "silent"), GREETING_MS);
        let unsubscribe = () => {};
        listen({
            output: (text) => {
                received.output += text;
                if (received.output.includes(readyOf(token))) {
                    settle();
                    resolve();
                } else if (received.output.includes(probedOf(token))) fail("replaced");
            },
            errors: (text) => {
                received.errors += text;
                const prompts = received.errors.split(promptOf(token)).length - 1;
                if (prompts <= received.prompts) return;
                received.prompts = prompts;
                if (prompts > 1) fail("password");
                else channel.input.write(`${rights.sudoPassword}\n`);
            },
        });
        if (signal?.aborted) return abort();
        signal?.addEventListener("abort", abort, { once: true });
        unsubscribe = channel.onEnd(ended);
    });
}

/** Output of the host without this client's marker lines. */
function withoutMarks(text: string, token: string): string {
    return text
        .replaceAll(promptOf(token), "")
        .split("\n")
        .filter((line) => !line.includes(token))
        .join("\n")
        .trim();
}
