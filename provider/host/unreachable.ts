import { UserError } from "../errors";

/**
 * Environment variable by which a user declares that unreachable hosts don't exist any more, with all that was on them.
 */
export const DELETE_UNREACHABLE = "PORTABLE_DELETE_UNREACHABLE";

/** Whether no SSH server answers at the host's address. One with a wrong key, or one that refuses the login, does answer. */
export function isUnreachable(error: unknown): error is UserError {
    return error instanceof UserError && "code" in error && (error.code === "unreachable" || error.code === "refused");
}

export function isUnreachableGone(environment: Readonly<Record<string, string | undefined>>): boolean {
    return environment[DELETE_UNREACHABLE] === "true";
}

/** The error of a delete, with what to do when the host won't come back. */
export function withWayOut(error: UserError): UserError {
    const hint = `If the host is gone for good, run it again with ${DELETE_UNREACHABLE}=true`;
    const { todo } = error.problem;
    return new UserError({ ...error.problem, todo: todo === undefined ? hint : `${todo}. ${hint}` });
}
