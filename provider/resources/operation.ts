import { createHash, randomBytes } from "node:crypto";
import type { Context } from "../contract";
import { type Place, UserError } from "../errors";
import type { Shell } from "../shell";
import { type Owner, program } from "../systemd/prelude";
import { Report, type Reported } from "../systemd/report";
import type { Answer, Target } from "../target/target";

/** What a program on a host reported, with the rest of what it printed. */
export type Performed = Reported & { stderr: string };

/**
 * Runs one program on the host. Its `step` lines become the live status, with the seconds that a step
 * has taken so far. Throws a UserError where the host ended it without a word.
 */
export async function perform(
    context: Pick<Context, "status" | "signal">,
    target: Target,
    body: (report: Report) => Shell,
    {
        answers = {},
        lastKey,
    }: {
        /** What to send when the program says the key. */
        answers?: Readonly<Record<string, () => Promise<Answer>>>;
        /** Said when all is; what the program still does then, it does by itself. */
        lastKey?: string;
    } = {},
): Promise<Performed> {
    const report = new Report();
    const clock = stepClock(context);
    try {
        const { code, stdout, stderr } = await target.run(program(report, body(report)), {
            signal: context.signal,
            onLine: (text) => {
                const said = report.line(text);
                if (said?.key === "step") clock.step(said.words);
            },
            isLast: lastKey === undefined ? undefined : (text) => report.line(text)?.key === lastKey,
            answer: Object.keys(answers).length === 0 ? undefined : (text) => answers[report.line(text)?.key ?? ""]?.(),
        });
        const reported = report.parse(stdout);
        if (reported.has("busy"))
            throw new UserError({
                host: target.host,
                what: "another operation has held the host's lock for 10 minutes",
                todo: "Wait for it, or look with `fuser -v /etc/systemd/system` who holds it",
            });
        if (code !== 0 && reported.isEmpty())
            throw new UserError({
                host: target.host,
                what: `the host's shell ended with status ${code ?? "(killed)"} before the first command`,
                said: stderr,
            });
        return Object.assign(reported, { stderr });
    } finally {
        clock.stop();
    }
}

function stepClock(context: Pick<Context, "status">): { step(text: string): void; stop(): void } {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    return {
        stop() {
            isOver = true;
            clearInterval(timer);
        },
        step(text) {
            if (isOver) return;
            clearInterval(timer);
            context.status(text);
            let seconds = 0;
            timer = setInterval(() => context.status(`${text} (${++seconds} s)`), 1000);
        },
    };
}

/** A new creation of the resource's object: its records on the host carry the nonce. */
export function newOwner(context: Context, key: string): Owner {
    return { token: tokenOf(context.urn, key), nonce: randomBytes(8).toString("hex"), urn: context.urn };
}

/** The owner as the output `record` has it: `<token>/<nonce>`. */
export function recordText(owner: Owner): string {
    return `${owner.token}/${owner.nonce}`;
}

export function ownerOf(context: Context, record: unknown, key: string): Owner {
    const [token = "", nonce = ""] = typeof record === "string" ? record.split("/") : [];
    return token === "" ? newOwner(context, key) : { token, nonce, urn: context.urn };
}

/** One resource can have one object of each key: a replacement by another key doesn't touch the old one's records. */
function tokenOf(urn: string, key: string): string {
    return createHash("sha256").update(`${urn}\0${key}`).digest("hex").slice(0, 16);
}

/** `hello@0123...`: an object is one of its machine, whatever address leads there. */
export function objectId(name: string, machineId: string): string {
    return `${name}@${machineId}`;
}

/** Errors thrown inside say where: what they know themselves stays. */
export async function located<T>(place: Place, run: () => Promise<T>): Promise<T> {
    try {
        return await run();
    } catch (error) {
        throw error instanceof UserError ? error.at(place) : error;
    }
}

/**
 * Time the host gets for an operation, in seconds: what the custom timeout leaves when enough is kept
 * back for the way back; ten minutes where there is none.
 */
export function budgetSeconds(context: Context): number {
    const { timeoutSeconds } = context;
    return timeoutSeconds === undefined
        ? 600
        : Math.max(1, Math.floor(Math.max(timeoutSeconds - 20, timeoutSeconds / 2)));
}

export function asText(value: unknown): string {
    return typeof value === "string" ? value : "";
}
