import { UserError } from "../errors";

/**
 * Environment variable by which a user declares that unreachable hosts, with everything on them, don't exist any more.
 */
export const DELETE_UNREACHABLE = "PORTABLE_DELETE_UNREACHABLE";

/** Whether no SSH server answers at the host's address. A server with a wrong key, or one that refuses the login, answers. */
export function isUnreachable(error: unknown): error is UserError {
    return error instanceof UserError && "code" in error && (error.code === "unreachable" || error.code === "refused");
}

export function isUnreachableGone(environment: Readonly<Record<string, string | undefined>>): boolean {
    return environment[DELETE_UNREACHABLE] === "true";
}

/** Adds to the error of a delete what to do if the host doesn't exist any more. */
export function withWayOut(error: UserError): UserError {
    const hint = `If the host is gone for good, run it again with ${DELETE_UNREACHABLE}=true`;
    const { todo } = error.problem;
    return new UserError({ ...error.problem, todo: todo === undefined ? hint : `${todo}. ${hint}` });
}
