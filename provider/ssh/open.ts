import type { Duplex } from "node:stream";
import { ConnectionError } from "./connection-error";
import type { Link } from "./dial";
import { type Login, loginText } from "./login";

/** A connection that sshd makes on the host (RFC 4254, 7.2; direct-streamlocal of OpenSSH's PROTOCOL). */
export function openFrom(link: Link, login: Login, address: { port: number } | { socket: string }): Promise<Duplex> {
    return new Promise((resolve, reject) => {
        const done = (error: (Error & { reason?: unknown }) | undefined, stream: Duplex) => {
            if (error !== undefined) return reject(refused(login, address, error));
            // Whoever uses it sees its end; an error after that is of no use
            stream.on("error", () => {});
            resolve(stream);
        };
        if ("socket" in address) link.client.openssh_forwardOutStreamLocal(address.socket, done);
        else link.client.forwardOut("127.0.0.1", 0, "127.0.0.1", address.port, done);
    });
}

function refused(login: Login, address: { port: number } | { socket: string }, error: Error & { reason?: unknown }) {
    const where = "socket" in address ? address.socket : `127.0.0.1:${address.port}`;
    // RFC 4254, 5.1: 1 is administratively prohibited
    if (String(error.reason) === "1" || /prohibited/i.test(error.message))
        return new ConnectionError("broken", {
            what: `sshd doesn't let ${loginText(login)} connect to ${where}`,
            said: error.message,
            todo: "Set AllowTcpForwarding (AllowStreamLocalForwarding for a socket) in its sshd_config, or use a health command",
        });
    return new Error(`${where} takes no connection`);
}
