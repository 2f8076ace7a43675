import { ConnectionError } from "../link/connection-error";
import type { Login } from "./login";

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
