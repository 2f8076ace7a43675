import { ConnectionError } from "../link/connection-error";
import type { Login } from "./login";

/** What dialing a port that nothing listens at ends with: the host itself does answer. */
export const REFUSED = "connection refused";

/** Whether the error says that the port was refused, and not that the host was silent. */
export function isRefusal(error: ConnectionError): boolean {
    return error.problem.what.includes(REFUSED);
}

/** `reason` says in a few words what happened. */
export function unreachable(login: Login, reason: string, mayPass: boolean): ConnectionError {
    return new ConnectionError(
        "unreachable",
        {
            what: `${login.address}:${login.port} can't be reached: ${reason}`,
            todo: "Check address and port, and that sshd runs there",
        },
        mayPass,
    );
}

export function closedEarly(login: Login): ConnectionError {
    return unreachable(login, "the connection was closed before the login", true);
}
