import { type Place, type Problem, UserError } from "../../errors";

/**
 * The kind of failure between this machine and the host:
 * - `settings`: the connection's inputs, or ~/.ssh/config, can't be used
 * - `unreachable`: the name doesn't resolve, nothing answers, or a jump host can't get there
 * - `refused`: the host answers, but nothing listens on the port, or the connection is closed before the login
 * - `hostKey`: the host shows a key that is unknown, isn't the known one, or is revoked
 * - `login`: no method to log in was accepted, or the login shell runs nothing
 * - `sudo`: logged in, but sudo is missing, needs a password, or refuses
 * - `forwarding`: sshd forbids connections from the host, and nothing on the host can make them instead
 * - `broken`: the connection ended during a request, which may or may not have been carried out
 */
export type ConnectionErrorCode =
    | "settings"
    | "unreachable"
    | "refused"
    | "hostKey"
    | "login"
    | "sudo"
    | "forwarding"
    | "broken";

/** A UserError about the connection; `code` is its kind. */
export class ConnectionError extends UserError {
    constructor(
        readonly code: ConnectionErrorCode,
        problem: Problem,
        /** Whether the same attempt may succeed a moment later (a port that refuses or doesn't answer). */
        readonly mayPass = false,
    ) {
        super(problem);
    }

    override at(place: Place): ConnectionError {
        return new ConnectionError(this.code, super.at(place).problem, this.mayPass);
    }
}
