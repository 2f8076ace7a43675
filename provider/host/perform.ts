import { type Problem, UserError } from "../errors";
import { LOCK_DIRECTORY } from "../systemd/paths";
import type { Answer, Host } from "./host";
import { program } from "./program";
import { Report, type Reported } from "./report";
import type { Shell } from "./shell";

/** The operation that a program runs for. */
export interface Operation {
    readonly signal: AbortSignal;
    /** Shows a status message in the resource's row; the next one replaces it. */
    status(text: string): void;
}

/** What a program on a host reported, and its standard error. */
export type Performed = Reported & { stderr: string };

/** A program ended before it changed anything on the host. */
export class NotBegun extends UserError {}

/**
 * Runs one program on the host. Its `step` lines become status messages, with the seconds that the step has taken so far.
 * Throws {@link NotBegun} if the program exited before it changed anything.
 */
export async function perform(
    context: Operation,
    host: Host,
    body: (report: Report) => Shell,
    {
        answers = {},
        lastKey,
    }: {
        /** By key: what to send if the program reports the key, given the words after it. */
        answers?: Readonly<Record<string, (words: string) => Promise<Answer>>>;
        /** The last key that is awaited: the program then cleans up in the background. */
        lastKey?: string;
    } = {},
): Promise<Performed> {
    const report = new Report();
    const clock = stepClock(context);
    try {
        const { code, stdout, stderr } = await host.run(program(report, body(report)), {
            signal: context.signal,
            onLine: (text) => {
                const reportLine = report.line(text);
                if (reportLine?.key === "step") clock.step(reportLine.words);
            },
            isLast: lastKey === undefined ? undefined : (text) => report.line(text)?.key === lastKey,
            answer:
                Object.keys(answers).length === 0
                    ? undefined
                    : (text) => {
                          const reportLine = report.line(text);
                          return reportLine && answers[reportLine.key]?.(reportLine.words);
                      },
        });
        const reported = report.parse(stdout);
        const reason = reasonNotBegun(reported, { code, stderr });
        if (reason !== undefined) throw new NotBegun({ host: host.name, ...reason });
        return Object.assign(reported, { stderr });
    } finally {
        clock.stop();
    }
}

/** Why the program ended before it changed anything; undefined where it began. */
function reasonNotBegun(
    reported: Reported,
    { code, stderr }: { code: number | undefined; stderr: string },
): Problem | undefined {
    if (reported.has("busy"))
        return {
            what: "another operation has held the host's lock for 10 minutes",
            todo: `Wait for it, or run \`fuser -v ${LOCK_DIRECTORY}\` there to see which process holds it`,
        };
    if (reported.has("no-flock"))
        return {
            what: "the host has no program flock, which keeps two operations from changing it at once",
            todo: "Install it there: the package is util-linux",
        };
    const directory = reported.one("unwritable");
    if (directory !== undefined)
        return {
            what: `${directory} can't be written`,
            reported: reported.block("output"),
            todo: `Make room there (\`df -h ${directory}; df -i ${directory}\`); nothing was changed`,
        };
    if (code !== 0 && reported.isEmpty())
        return {
            what: `the host's shell ended with status ${code ?? "(killed)"} before the first command`,
            reported: stderr,
        };
    return undefined;
}

function stepClock(context: Pick<Operation, "status">): { step(text: string): void; stop(): void } {
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

/**
 * Time limit of an operation on the host, in seconds: the custom timeout less the time that a rollback may need, or ten
 * minutes without a custom timeout.
 */
export function budgetSeconds(context: { timeoutSeconds?: number }): number {
    const { timeoutSeconds } = context;
    return timeoutSeconds === undefined
        ? 600
        : Math.max(1, Math.floor(Math.max(timeoutSeconds - 20, timeoutSeconds / 2)));
}
