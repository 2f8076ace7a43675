import { ConnectionError } from "../link/connection-error";
import type { UnusableKey } from "./key-file";

export function unusableKey({ reason, todo }: UnusableKey, reported?: string): ConnectionError {
    return new ConnectionError("settings", {
        property: "connection.privateKey",
        what: `the private key ${reason}`,
        reported,
        todo,
    });
}
