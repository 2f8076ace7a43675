import { type Path, pathText } from "./schema/values";

/** The place of a problem: the resource and property that the user wrote, and the host. */
export interface Place {
    /** Resource as the user named it: "AttachedService hello". */
    resource?: string;
    /** Property path as the user writes it: `connection.hostKey`, `files["/etc/x"].mode`. */
    property?: string;
    /** Host as the user wrote it in `connection.host`. */
    host?: string;
}

/** What is wrong, and what can be done about it. No text holds the value of a secret. */
export interface Problem extends Place {
    /** What is wrong. {@link problemText} ends it with a full stop where it has none. */
    what: string;
    /** What the host or a command reported, verbatim. */
    reported?: string;
    /** What the user can do. {@link problemText} ends it with a full stop where it has none. */
    todo?: string;
}

/** What is wrong and what to do, without a place. */
export type Sentence = Pick<Problem, "what" | "todo">;

/** A problem of an input, at its path. */
export interface Failure extends Sentence {
    path: Path;
}

/** The one text form of a problem: where, what, what the host reported, what to do. */
export function problemText(problem: Problem): string {
    const where = [
        problem.resource,
        problem.property === undefined ? undefined : `property ${problem.property}`,
        problem.host === undefined ? undefined : `host ${problem.host}`,
    ].filter((part) => part !== undefined);
    const reported = problem.reported?.trim();
    const hasLines = reported?.includes("\n");
    return [
        where.length > 0 ? `${where.join(", ")}: ` : "",
        sentence(problem.what),
        problem.todo === undefined ? "" : ` ${sentence(problem.todo)}`,
        reported ? (hasLines ? `\nIt reported:\n${indent(reported)}` : ` It reported: ${reported}`) : "",
    ].join("");
}

/** `Property connection.port: got a string; give a whole number.` */
export function failureText({ path, what, todo }: Failure): string {
    const text = problemText({ property: path.length === 0 ? undefined : pathText(path), what, todo });
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function sentence(text: string): string {
    return /[.!?]$/.test(text) ? text : `${text}.`;
}

function indent(text: string): string {
    return text.replace(/^/gm, "    ");
}

/** A problem that the user can mend. Everything else that is thrown is a defect of the provider. */
export class UserError extends Error {
    override readonly name = "UserError";
    constructor(readonly problem: Problem) {
        super(problemText(problem));
    }

    /** The same problem with the places filled in that it didn't know itself. */
    at(place: Place): UserError {
        return new UserError({ ...place, ...defined(this.problem), what: this.problem.what });
    }
}

/** Throws one UserError for all failures, if there is one; `summary` introduces the list where there are several. */
export function throwFailures(failures: readonly Failure[], summary: string): void {
    const [first, ...others] = failures;
    if (first === undefined) return;
    const { path, what, todo } = first;
    if (others.length === 0)
        throw new UserError({ property: path.length === 0 ? undefined : pathText(path), what, todo });
    const lines = failures.map(({ path: place, ...problem }) => {
        const where = place.length === 0 ? "" : `${pathText(place)}: `;
        return `- ${where}${problemText(problem)}`;
    });
    throw new UserError({ what: [`${summary}:`, ...lines].join("\n") });
}

/**
 * The operation failed after the host was touched. `outputs` says what is there now (read back,
 * not assumed); the engine stores it beside `reasons`, and calls Update at the next `up`.
 */
export class PartialFailure extends Error {
    override readonly name = "PartialFailure";
    constructor(
        readonly id: string,
        readonly outputs: Record<string, unknown>,
        readonly reasons: string[],
        /** Only Read sets it: the inputs as found on the host. */
        readonly inputs?: Record<string, unknown>,
    ) {
        super(reasons.join("\n"));
    }
}

function defined<T extends object>(value: T): Partial<T> {
    return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<T>;
}

/** Errors thrown inside say where: what they know themselves stays. */
export async function located<T>(place: Place, run: () => Promise<T>): Promise<T> {
    try {
        return await run();
    } catch (error) {
        throw error instanceof UserError ? error.at(place) : error;
    }
}
