import type { Inputs } from "../program";
import type { Field, World } from "./field";

/** Values for `connection` in which each field of it, and of its jump host, differs. The jump host is the host itself. */
export function everyConnection(world: World): Field {
    const { connection, second, secondAddress, agentSocketPath, encryptedKey, fingerprint } = world;
    const withMore = (more: Inputs): Inputs => ({ ...connection, ...more });
    const { dialErrorLimit: _, ...jump } = connection;
    const through = (more: Inputs): Inputs => withMore({ proxy: { ...jump, ...more } });
    return {
        input: "connection",
        walk: "ring",
        values: [
            connection,
            withMore({ dialErrorLimit: 5 }),
            withMore({ perDialTimeout: 20 }),
            withMore({ port: 22 }),
            withMore({ user: "deploy" }),
            withMore({ user: "deploy", sudo: true }),
            withMore({ user: "deploy", sudoPassword: "unasked" }),
            withMore({ user: "root", password: "unasked" }),
            withMore({ privateKey: encryptedKey, privateKeyPassword: "truth" }),
            withMore({ agentSocketPath }),
            withMore({ hostKey: fingerprint }),
            withMore({ hostKey: undefined, insecureIgnoreHostKey: true }),
            withMore({ client: "openssh" }),
            withMore({ client: "built-in" }),
            through({}),
            through({ port: 22, user: "deploy", dialErrorLimit: 2, perDialTimeout: 20 }),
            through({ privateKey: encryptedKey, privateKeyPassword: "truth", agentSocketPath }),
            through({ password: "unasked", hostKey: undefined, insecureIgnoreHostKey: true }),
            withMore({ host: secondAddress }),
            second,
        ],
    };
}
