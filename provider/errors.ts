import { type Path, pathText } from "./schema/values";

/** Where a problem is: resource, property and host. */
export interface Place {
    /** Type and name of the resource: "AttachedService hello". */
    resource?: string;
    /** Property path: `connection.hostKey`, `files["/etc/x"].mode`. */
    property?: string;
    /** The value of `connection.host`. */
    host?: string;
}

/** What is wrong, and what can be done about it. No text holds the value of a secret. */
export interface Problem extends Place {
    /** What is wrong. {@link problemText} adds a full stop if it has none. */
    what: string;
    /** What the host or a command reported, verbatim. */
    reported?: string;
    /** What the user can do. {@link problemText} adds a full stop if it has none. */
    todo?: string;
}

/** What is wrong and what to do, without a place. */
export type Sentence = Pick<Problem, "what" | "todo">;

/** A problem of an input, at its path. */
export interface Failure extends Sentence {
    path: Path;
}

/** A problem as text: where it is, what is wrong, what the host reported, what to do. */
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

/** A problem that the user can fix. Other exceptions are defects of the provider. */
export class UserError extends Error {
    override readonly name = "UserError";
    constructor(readonly problem: Problem) {
        super(problemText(problem));
    }

    /** The same problem with unset parts of its place filled in. */
    at(place: Place): UserError {
        return new UserError({ ...place, ...defined(this.problem), what: this.problem.what });
    }
}

/** Throws one UserError for all failures, if there are any; `summary` introduces the list if there are several. */
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
 * The operation failed after the host was changed. `outputs` has what the host has now (read back, not assumed); the engine
 * stores it with `reasons`, and calls Update in the next `up`.
 */
export class PartialFailure extends Error {
    override readonly name = "PartialFailure";
    constructor(
        readonly id: string,
        readonly outputs: Record<string, unknown>,
        readonly reasons: string[],
        /** Inputs as found on the host; set by Read only. */
        readonly inputs?: Record<string, unknown>,
    ) {
        super(reasons.join("\n"));
    }
}

function defined<T extends object>(value: T): Partial<T> {
    return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<T>;
}

/** Runs the function, and fills in unset parts of the place of a UserError that it throws. */
export async function located<T>(place: Place, run: () => Promise<T>): Promise<T> {
    try {
        return await run();
    } catch (error) {
        throw error instanceof UserError ? error.at(place) : error;
    }
}
