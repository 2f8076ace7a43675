import { type Place, type Problem, UserError } from "../errors";

/**
 * What went wrong between here and the host:
 * - `settings`: the connection as given, or ~/.ssh/config, can't be used
 * - `unreachable`: the name doesn't resolve, the port is refused or silent, or a jump host can't get there
 * - `hostKey`: the host shows a key that isn't known, isn't the known one, or is revoked
 * - `login`: no way to log in was accepted
 * - `sudo`: logged in, but sudo is missing, wants a password, or refuses
 * - `broken`: the connection ended in the middle; what was asked may or may not have been done
 */
export type ConnectionErrorCode = "settings" | "unreachable" | "hostKey" | "login" | "sudo" | "broken";

/** A UserError about the connection itself, told apart by `code`. */
export class ConnectionError extends UserError {
    constructor(
        readonly code: ConnectionErrorCode,
        problem: Problem,
        /** Whether the same try may succeed a moment later (a refused or silent port). */
        readonly mayPass = false,
    ) {
        super(problem);
    }

    override at(place: Place): ConnectionError {
        return new ConnectionError(this.code, super.at(place).problem, this.mayPass);
    }
}
