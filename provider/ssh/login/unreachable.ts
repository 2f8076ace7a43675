import { ConnectionError } from "../link/connection-error";
import type { Login } from "./login";

/** The error for a host that can't be reached; `reason` has a few words about what happened. */
export function unreachable(login: Login, reason: string, mayPass: boolean): ConnectionError {
    // A refusal or a reset is an answer of the host, which may be booting.
    return cantReach(/\b(refused|reset)\b/.test(reason) ? "refused" : "unreachable", login, reason, mayPass);
}

export function closedEarly(login: Login): ConnectionError {
    return cantReach("refused", login, "the connection was closed before the login", true);
}

function cantReach(code: "refused" | "unreachable", login: Login, reason: string, mayPass: boolean): ConnectionError {
    return new ConnectionError(
        code,
        {
            what: `${login.address}:${login.port} can't be reached: ${reason}`,
            todo: "Check address and port, and that sshd runs there",
        },
        mayPass,
    );
}
