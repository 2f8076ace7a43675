import type { Path } from "./schema/values";

/** Where a problem is: what the user wrote, and on which host it showed. */
export interface Place {
    /** Resource as the user named it: "AttachedService hello". */
    resource?: string;
    /** Property path as the user writes it: `connection.hostKey`, `files["/etc/x"].mode`. */
    property?: string;
    /** Host as the user wrote it in `connection.host`. */
    host?: string;
}

export interface Problem extends Place {
    /** One sentence, no full stop: what is wrong. */
    what: string;
    /** What the host or a command answered, verbatim. */
    said?: string;
    /** One sentence, no full stop: what the user can do. */
    todo?: string;
}

/** The one text form of a problem: where, what, what the host said, what to do. */
export function problemText(problem: Problem): string {
    const where = [
        problem.resource,
        problem.property === undefined ? undefined : `property ${problem.property}`,
        problem.host === undefined ? undefined : `host ${problem.host}`,
    ].filter((part) => part !== undefined);
    const said = problem.said?.trim();
    const lines = said?.includes("\n");
    return [
        where.length > 0 ? `${where.join(", ")}: ` : "",
        `${problem.what}.`,
        problem.todo === undefined ? "" : ` ${problem.todo}.`,
        said ? (lines ? `\nIt said:\n${indent(said)}` : ` It said: ${said}`) : "",
    ].join("");
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

/** Whether nothing answers at the host's address; a wrong key or a refused login is somebody who answers. */
export function isUnreachable(error: unknown): boolean {
    return error instanceof UserError && "code" in error && error.code === "unreachable";
}

/** Errors thrown inside say where: what they know themselves stays. */
export async function located<T>(place: Place, run: () => Promise<T>): Promise<T> {
    try {
        return await run();
    } catch (error) {
        throw error instanceof UserError ? error.at(place) : error;
    }
}
export interface Failure {
    path: Path;
    /** One sentence, with what to do. Never holds the value of a secret. */
    reason: string;
}
