import { ConnectionError } from "../link/connection-error";
import type { Login } from "./login";

/** `reason` says in a few words what happened. */
export function unreachable(login: Login, reason: string, mayPass: boolean): ConnectionError {
    // The host itself answers with a refusal and a reset, and so does one that boots.
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
